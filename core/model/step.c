/* A step: the pipeline, what follows it, and what that is worth. */
#include <math.h>

#include "base/error.h"
#include "model/layer.h"
#include "model/plan.h"
#include "schedule/schedule.h"

/* ---- What follows the pipeline ---- */

dpl_share dpl_plan_share(const dpl_plan *plan, const dpl_schedule *s, const dpl_stage *stages,
                         int32_t rank)
{
    dpl_share sum = {0};
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        const dpl_stage *stage = &stages[i];
        if (dpl_schedule_stage_rank(s, i) != rank) {
            continue;
        }
        sum.dense += stage->params;
        sum.expert += stage->expert_params;
        sum.layers += stage->layers;
        sum.forward += stage->forward;
        sum.backward += stage->backward;
        sum.has_tied |= stage->has_embedding || stage->has_head;
    }
    sum.has_tied &= plan->model.tied_embeddings && plan->layout.pipeline > 1;
    return sum;
}

/* What is left of a transfer that goes layer by layer behind work of as many layers. */
static double left_over(const dpl_plan *plan, double transfer, double work, double layers)
{
    if (!plan->layout.data_overlap || layers < 1) {
        return transfer;
    }
    return fmax(transfer / layers, transfer - work * (layers - 1) / layers);
}

/* Where embedding and head are one matrix on two ranks, its gradient is summed over both. */
static double tied_seconds(const dpl_plan *plan, const dpl_share *own)
{
    const dpl_parallelism *l = &plan->layout;
    double table = (double)plan->model.vocab * plan->model.hidden / l->tensor;
    double stride = (double)l->tensor * l->context * l->data;
    dpl_group group = dpl_group_of(plan, 2, stride, l->pipeline_link);
    return own->has_tied ? 2 * dpl_gather_seconds(plan, group, table * l->gradient_bytes) : 0;
}

dpl_ending dpl_plan_share_ending(const dpl_plan *plan, double routes, const dpl_share *own)
{
    dpl_tail tail = dpl_plan_tail(plan, routes, own->dense, own->expert);
    double chunks = dpl_plan_chunks(&plan->layout);
    double reduced = plan->layout.zero >= 2 ? chunks : 1;
    double gathered = plan->layout.zero >= 3 ? 2 * chunks : 1;
    double gradients =
        reduced * left_over(plan, tail.gradients / reduced, own->backward, own->layers);
    double parameters =
        gathered * left_over(plan, tail.parameters / gathered, own->forward, own->layers);
    dpl_ending end = {.data_seconds = tail.gradients + tail.parameters,
                      .before = gradients + tied_seconds(plan, own),
                      .after = tail.optimizer,
                      .optimizer = tail.optimizer};
    if (plan->layout.zero >= 3) {
        end.before += parameters;
    } else {
        end.after += parameters;
    }
    return end;
}

dpl_ending dpl_plan_ending(const dpl_plan *plan, const dpl_schedule *schedule,
                           const dpl_stage *stages, int32_t rank)
{
    dpl_share own = dpl_plan_share(plan, schedule, stages, rank);
    return dpl_plan_share_ending(plan, (double)dpl_schedule_num_routes(schedule), &own);
}

double dpl_plan_rank_end(const dpl_timeline *timeline, int32_t rank)
{
    size_t length = 0;
    dpl_schedule_order(dpl_timeline_schedule(timeline), rank, &length);
    return length > 0 ? dpl_timeline_end(timeline, rank, length - 1) : 0;
}

/* A step's end, of which one more rank's ending is known. */
typedef struct step_end {
    double reduced, after;
} step_end;

static void add_ending(step_end *all, const dpl_ending *end, double rank_end, dpl_step_time *step)
{
    all->reduced = fmax(all->reduced, rank_end + end->before);
    all->after = fmax(all->after, end->after);
    step->optimizer = fmax(step->optimizer, end->optimizer);
    step->data_seconds = fmax(step->data_seconds, end->data_seconds);
}

static void finish(const step_end *all, dpl_step_time *step)
{
    step->step_time = all->reduced + all->after;
    step->data_exposed = step->step_time - step->pipeline - step->optimizer;
}

void dpl_plan_end_step(const dpl_plan *plan, double routes, const dpl_share *shares,
                       const double *ends, int32_t ranks, dpl_step_time *step)
{
    step_end all = {0};
    for (int32_t rank = 0; rank < ranks; rank++) {
        dpl_ending end = dpl_plan_share_ending(plan, routes, &shares[rank]);
        add_ending(&all, &end, ends[rank], step);
    }
    finish(&all, step);
}

static void end_step(const dpl_plan *plan, const dpl_stage *stages, const dpl_timeline *timeline,
                     dpl_step_time *step)
{
    const dpl_schedule *schedule = dpl_timeline_schedule(timeline);
    step_end all = {0};
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        dpl_ending end = dpl_plan_ending(plan, schedule, stages, rank);
        add_ending(&all, &end, dpl_plan_rank_end(timeline, rank), step);
    }
    finish(&all, step);
}

/* ---- Rates ---- */

static bool all_finite(const dpl_step_time *s)
{
    return isfinite(s->tokens_per_second) && isfinite(s->tflops_per_gpu) && isfinite(s->hfu) &&
           isfinite(s->price);
}

static void fill_rates(const dpl_plan *plan, const dpl_step_convention *convention,
                       dpl_step_time *s)
{
    const dpl_machine *m = &plan->machine;
    double gpus = (double)dpl_plan_gpus(&plan->layout);
    dpl_flops_convention flops = convention->flops;
    int32_t seq_len = dpl_plan_seq_len(plan);
    flops.recompute = DPL_RECOMPUTE_NONE;
    s->flops_per_token = dpl_transformer_flops_per_token(&plan->model, seq_len, &flops);
    flops.recompute = plan->layout.recompute;
    double hardware = dpl_transformer_flops_per_token(&plan->model, seq_len, &flops);
    s->peak_tflops = convention->peak == DPL_FP8 ? m->peak_tflops_fp8 : m->peak_tflops;
    s->samples_per_second = plan->layout.global_batch / s->step_time;
    s->tokens_per_second = s->samples_per_second * seq_len;
    s->tflops_per_gpu = s->tokens_per_second / gpus * s->flops_per_token / 1e12;
    s->mfu = s->tflops_per_gpu / s->peak_tflops;
    s->hfu = s->mfu * hardware / s->flops_per_token;
    s->gpu_hours = gpus * s->step_time / 3600;
    s->price = s->gpu_hours * m->price_per_hour;
}

dpl_code dpl_step_rates(const dpl_plan *plan, const dpl_step_convention *convention,
                        double step_time, dpl_step_time *step, dpl_error *error)
{
    if (!(step_time > 0 && isfinite(step_time))) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "a step must take a finite time over 0 seconds (got %g): no rate follows",
                        step_time);
    }
    if (convention->peak == DPL_FP8 && plan->machine.peak_tflops_fp8 == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the machine has no 8-bit peak to measure against: take the 16-bit one");
    }
    step->step_time = step_time;
    fill_rates(plan, convention, step);
    if (!all_finite(step)) {
        return dpl_fail(error, DPL_RANGE, "a step of %g seconds gives rates beyond any number",
                        step_time);
    }
    if (step->mfu > 1 + 1e-9) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "a step of %.6g seconds would do %.4g times what the peak of %.6g TFLOP/s "
                        "can: check the time, the GPUs and the precision of the peak",
                        step_time, step->mfu, step->peak_tflops);
    }
    return DPL_OK;
}

void dpl_plan_worst(const dpl_rank_memory *memory, int32_t ranks, dpl_step_time *step)
{
    step->worst_rank = 0;
    for (int32_t rank = 1; rank < ranks; rank++) {
        if (memory[rank].total_bytes > memory[step->worst_rank].total_bytes) {
            step->worst_rank = rank;
        }
    }
    step->worst_bytes = memory[step->worst_rank].total_bytes;
}

dpl_code dpl_plan_step(const dpl_plan *plan, const dpl_stage *stages, const dpl_rank_memory *memory,
                       const dpl_step_convention *convention, const dpl_timeline *timeline,
                       dpl_step_time *step, dpl_error *error)
{
    const dpl_summary *summary = dpl_timeline_summary(timeline);
    *step = (dpl_step_time){0};
    step->pipeline = summary->makespan;
    step->bubble_ratio = summary->bubble_ratio;
    dpl_plan_worst(memory, dpl_schedule_num_ranks(dpl_timeline_schedule(timeline)), step);
    end_step(plan, stages, timeline, step);
    return dpl_step_rates(plan, convention, step->step_time, step, error);
}
