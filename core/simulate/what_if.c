/* A timeline with some costs of some stages changed. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

static const char *const names[] = {"F", "B", "I", "W", "FB", "p2p"};

/* What is asked for: factors by kind and stage, 1 where there is none, and of p2p. */
typedef struct factors {
    const dpl_timeline *base;
    double *of; /* kind * num_stages + stage; below 0 where it was not given */
    double p2p;
} factors;

static size_t num_factors(const dpl_schedule *s)
{
    return (size_t)DPL_KIND_COUNT * (size_t)s->num_stages;
}

static double *factor_at(const factors *f, dpl_kind kind, int32_t stage)
{
    return &f->of[(size_t)kind * (size_t)f->base->schedule->num_stages + (size_t)stage];
}

/* By how much of itself a cost grows. */
static double growth(const factors *f, dpl_kind kind, int32_t stage)
{
    double factor = *factor_at(f, kind, stage);
    return factor < 0 ? 0 : factor - 1;
}

static double cost_of(const factors *f, dpl_kind kind, int32_t stage)
{
    size_t stages = (size_t)f->base->schedule->num_stages;
    return f->base->durations[(size_t)kind * stages + (size_t)stage];
}

/* ---- Reading the changes ---- */

static dpl_code check_change(const factors *f, const dpl_change *change, dpl_error *error)
{
    int32_t stages = f->base->schedule->num_stages;
    if ((int)change->kind < 0 || change->kind > DPL_KIND_COUNT) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no kind of action %d", (int)change->kind);
    }
    const char *name = names[change->kind];
    if (!isfinite(change->factor) || change->factor < 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the factor of %s must be a finite number >= 0 (got %g)", name,
                        change->factor);
    }
    if (change->kind == DPL_KIND_COUNT && change->stage != -1) {
        return dpl_fail(error, DPL_ARGUMENT, "p2p is the same for all stages: give one factor");
    }
    if (change->stage < -1 || change->stage >= stages) {
        return dpl_fail(error, DPL_ARGUMENT, "%s: stage must be from 0 to %ld (got %ld)", name,
                        (long)stages - 1, (long)change->stage);
    }
    return DPL_OK;
}

static dpl_code set_factor(double *at, const dpl_change *change, int32_t stage, dpl_error *error)
{
    if (*at >= 0) {
        return dpl_fail(error, DPL_ARGUMENT, "%s of stage %ld is changed twice: give one factor",
                        names[change->kind], (long)stage);
    }
    *at = change->factor;
    return DPL_OK;
}

static dpl_code read_change(factors *f, const dpl_change *change, dpl_error *error)
{
    dpl_code code = check_change(f, change, error);
    if (code != DPL_OK) {
        return code;
    }
    if (change->kind == DPL_KIND_COUNT) {
        return set_factor(&f->p2p, change, -1, error);
    }
    int32_t first = change->stage < 0 ? 0 : change->stage;
    int32_t last = change->stage < 0 ? f->base->schedule->num_stages - 1 : change->stage;
    for (int32_t stage = first; stage <= last && code == DPL_OK; stage++) {
        code = set_factor(factor_at(f, change->kind, stage), change, stage, error);
    }
    return code;
}

static dpl_code check_together(const factors *f, dpl_error *error)
{
    for (int32_t stage = 0; stage < f->base->schedule->num_stages; stage++) {
        bool halves = *factor_at(f, DPL_I, stage) >= 0 || *factor_at(f, DPL_W, stage) >= 0;
        if (*factor_at(f, DPL_B, stage) >= 0 && halves) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "B of stage %ld is changed beside I or W, which it is the sum of: "
                            "change either",
                            (long)stage);
        }
    }
    return DPL_OK;
}

static dpl_code read_changes(factors *f, const dpl_change *changes, size_t count, dpl_error *error)
{
    for (size_t i = 0; i < num_factors(f->base->schedule); i++) {
        f->of[i] = -1;
    }
    f->p2p = -1;
    dpl_code code = DPL_OK;
    for (size_t i = 0; i < count && code == DPL_OK; i++) {
        code = read_change(f, &changes[i], error);
    }
    return code == DPL_OK ? check_together(f, error) : code;
}

/* ---- Applying them ---- */

/* What a full backward on the stage gains. */
static double backward_gain(const factors *f, int32_t stage)
{
    return cost_of(f, DPL_B, stage) * growth(f, DPL_B, stage) +
           cost_of(f, DPL_I, stage) * growth(f, DPL_I, stage) +
           cost_of(f, DPL_W, stage) * growth(f, DPL_W, stage);
}

static double changed(double value, double gain)
{
    return dpl_later(value + gain, 0); /* what rounding alone makes negative is 0 */
}

static void change_stage(const factors *f, int32_t stage, double *durations)
{
    size_t stages = (size_t)f->base->schedule->num_stages;
    double *column = durations + stage;
    double whole = growth(f, DPL_B, stage);
    column[DPL_F * stages] *= 1 + growth(f, DPL_F, stage);
    column[DPL_I * stages] *= 1 + growth(f, DPL_I, stage) + whole;
    column[DPL_W * stages] *= 1 + growth(f, DPL_W, stage) + whole;
    column[DPL_B * stages] = changed(column[DPL_B * stages], backward_gain(f, stage));
}

static void change_pair(const factors *f, const dpl_pair_stages *pair, double *duration)
{
    double gain = *duration * growth(f, DPL_FB, pair->forward);
    if (f->base->pairs_follow) {
        gain += cost_of(f, DPL_F, pair->forward) * growth(f, DPL_F, pair->forward) +
                backward_gain(f, pair->backward);
    }
    *duration = changed(*duration, gain);
}

static void apply(const factors *f, dpl_timeline *t)
{
    const dpl_schedule *s = t->schedule;
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        change_stage(f, stage, t->durations);
    }
    for (size_t i = 0; i < s->num_pairs; i++) {
        change_pair(f, &s->pairs[i], &t->durations[DPL_FB * (size_t)s->num_stages + i]);
    }
    if (f->p2p >= 0) {
        t->p2p *= f->p2p;
        t->on_link *= f->p2p;
    }
}

static dpl_code run_changed(const factors *f, const dpl_hooks *hooks, dpl_timeline **out,
                            dpl_error *error)
{
    dpl_code code = dpl_timeline_create_like(f->base, hooks, out, error);
    if (code != DPL_OK) {
        return code;
    }
    apply(f, *out);
    code = dpl_comm_run_again(*out, error);
    if (code != DPL_OK) {
        dpl_timeline_destroy(*out);
        *out = NULL;
    }
    return code;
}

dpl_code dpl_what_if(const dpl_timeline *timeline, const dpl_change *changes, size_t count,
                     const dpl_hooks *hooks, dpl_timeline **out, dpl_error *error)
{
    dpl_hooks own = dpl_hooks_or_default(hooks);
    size_t entries = num_factors(timeline->schedule);
    factors f = {.base = timeline, .of = dpl_allocate(&own, entries, sizeof *f.of)};
    *out = NULL;
    if (f.of == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    dpl_code code = read_changes(&f, changes, count, error);
    if (code == DPL_OK) {
        code = run_changed(&f, hooks, out, error);
    }
    dpl_release(&own, f.of, entries, sizeof *f.of);
    return code;
}
