/* From a model and a machine to seconds, and from the seconds of a step to rates. */
#include <math.h>

#include "base/error.h"
#include "dpl.h"

#define FLOPS_PER_TFLOP 1e12
#define BYTES_PER_GB 1e9

/*
 * FLOPs of one forward of a rank's share, on a token. matrices: 2 for each active parameter.
 * attention: the two products of queries, keys and values with s tokens, 4 h s a layer (Korthikanti
 * appendix A); of a causal one half is never needed.
 */
typedef struct forward_flops {
    double matrices;
    double attention;
} forward_flops;

static double active_share(const dpl_model *m)
{
    return m->active_params > 0 ? m->active_params / dpl_model_share_params(m, 1) : 1;
}

static forward_flops share_flops(const dpl_model *m, int32_t num_ranks)
{
    double attention = (m->causal ? 2.0 : 4.0) * m->hidden_dim * m->seq_len;
    return (forward_flops){2 * dpl_model_share_params(m, num_ranks) * active_share(m),
                           attention * dpl_model_share_layers(m, num_ranks)};
}

double dpl_model_flops_per_token(const dpl_model *model, int32_t num_ranks)
{
    forward_flops forward = share_flops(model, num_ranks);
    return 3 * (forward.matrices + forward.attention) * num_ranks;
}

/* Seconds that a FLOP on every token of a micro-batch takes a rank. */
static double seconds_per_flop(const dpl_workload *work, int32_t micro_batch)
{
    const dpl_hardware *h = &work->hardware;
    double tokens = (double)micro_batch * work->model.seq_len;
    double rate = h->peak_tflops * FLOPS_PER_TFLOP * h->efficiency * work->model.tensor_parallel;
    return tokens / rate;
}

static void derive_costs(const dpl_workload *work, int32_t num_ranks, int32_t micro_batch,
                         dpl_costs *costs)
{
    forward_flops f = share_flops(&work->model, num_ranks);
    double seconds = seconds_per_flop(work, micro_batch);
    double forward = (f.matrices + f.attention) * seconds;
    double weight = f.matrices * seconds;
    double input = (f.matrices + 2 * f.attention) * seconds;
    if (work->model.recipe == DPL_RECIPE_FULL) {
        input += forward;
    }
    costs->F = (dpl_cost)DPL_COST(forward);
    costs->B = (dpl_cost)DPL_COST(input + weight);
    costs->I = (dpl_cost)DPL_COST(input);
    costs->W = (dpl_cost)DPL_COST(weight);
    costs->FB = (dpl_cost)DPL_COST((forward + input + weight) * (1 - work->hardware.overlap));
}

/* Latency, and the 16-bit activations of a micro-batch over the link, a t-th part a GPU. */
static double transfer_time(const dpl_workload *work, int32_t micro_batch)
{
    const dpl_model *m = &work->model;
    const dpl_hardware *h = &work->hardware;
    double bytes = 2.0 * m->seq_len * micro_batch * m->hidden_dim / m->tensor_parallel;
    if (h->link_gb_s == 0) {
        return h->p2p;
    }
    return h->p2p + bytes / (h->link_gb_s * BYTES_PER_GB);
}

dpl_code dpl_workload_costs(const dpl_workload *work, const dpl_shape *shape, dpl_costs *costs,
                            dpl_error *error)
{
    int32_t micro_batch = 0;
    *costs = (dpl_costs){0};
    dpl_code code = dpl_workload_check(work, error);
    if (code == DPL_OK) {
        code = dpl_model_micro_batch(&work->model, shape->num_chunks, &micro_batch, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (work->measured.F.count > 0) {
        *costs = work->measured;
    } else {
        derive_costs(work, shape->num_ranks, micro_batch, costs);
    }
    costs->p2p = transfer_time(work, micro_batch);
    return DPL_OK;
}

static bool all_finite(const dpl_rate *r)
{
    return isfinite(r->samples_per_second) && isfinite(r->tokens_per_second) &&
           isfinite(r->tflops_per_gpu) && isfinite(r->mfu);
}

static dpl_code too_fast(const dpl_workload *work, const dpl_rate *rate, dpl_error *error)
{
    bool all_active = work->model.active_params == 0;
    return dpl_fail(error, DPL_ARGUMENT,
                    "a step of %.6g seconds would do %.4g times what the peak of %.6g TFLOP/s can: "
                    "check the times, and give peak_tflops in the precision trained in%s",
                    rate->step_time, rate->mfu, work->hardware.peak_tflops,
                    all_active ? "; of a mixture of experts give active_params, those that a "
                                 "token uses"
                               : "");
}

dpl_code dpl_rate_of_step(const dpl_workload *work, int32_t num_ranks, double step_time,
                          dpl_rate *rate, dpl_error *error)
{
    const dpl_model *m = &work->model;
    double gpus = (double)num_ranks * m->tensor_parallel;
    *rate = (dpl_rate){0};
    if (!(step_time > 0 && isfinite(step_time))) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "a step must take a finite time over 0 seconds (got %g): no rate follows",
                        step_time);
    }
    rate->step_time = step_time;
    rate->samples_per_second = m->batch_size / step_time;
    rate->tokens_per_second = rate->samples_per_second * m->seq_len;
    rate->flops_per_token = dpl_model_flops_per_token(m, num_ranks);
    rate->tflops_per_gpu = rate->tokens_per_second * rate->flops_per_token / gpus / FLOPS_PER_TFLOP;
    rate->mfu = rate->tflops_per_gpu / work->hardware.peak_tflops;
    if (!all_finite(rate)) {
        return dpl_fail(error, DPL_RANGE, "a step of %g seconds gives rates beyond any number",
                        step_time);
    }
    if (rate->mfu > 1 + 1e-9) {
        return too_fast(work, rate, error);
    }
    return DPL_OK;
}
