/* A step: the pipeline, what follows it, and what that is worth. */
#include <math.h>

#include "base/error.h"
#include "model/layer.h"
#include "model/plan.h"
#include "schedule/schedule.h"

/* ---- What follows the pipeline ---- */

static void end_step(const dpl_plan *plan, const dpl_stage *stages, const dpl_timeline *timeline,
                     dpl_step_time *step)
{
    const dpl_schedule *schedule = dpl_timeline_schedule(timeline);
    double reduced = 0;
    double after = 0;
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        dpl_ending end = dpl_plan_ending(plan, stages, timeline, rank);
        reduced = fmax(reduced, end.done);
        after = fmax(after, end.after);
        step->optimizer = fmax(step->optimizer, end.optimizer);
        step->data_seconds = fmax(step->data_seconds, end.data_seconds);
        step->data_bytes = fmax(step->data_bytes, end.data_bytes);
    }
    step->step_time = reduced + after;
    step->data_exposed = reduced - step->pipeline + (after - step->optimizer);
}

/* ---- Rates ---- */

static bool all_finite(const dpl_step_time *s)
{
    return isfinite(s->tokens_per_second) && isfinite(s->tflops_per_gpu) && isfinite(s->hfu) &&
           isfinite(s->price);
}

/* What HFU counts as done again: selectively, a stored attention's core; what makes a latent
 * attention's heads again is not counted, nor is a flash attention's own repetition. */
static int repeated(const dpl_parallelism *l)
{
    bool nothing = l->recompute == DPL_RECOMPUTE_SELECTIVE && l->flash;
    return nothing ? DPL_RECOMPUTE_NONE : l->recompute;
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
    flops.recompute = repeated(&plan->layout);
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
