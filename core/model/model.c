/* A model: whether its numbers fit together, a rank's share of it, its micro-batches. */
#include <stddef.h>

#include "base/error.h"
#include "dpl.h"
#include "model/bounds.h"

/* ---- Checks ---- */

dpl_code dpl_check_bounds(const dpl_bounded *numbers, size_t count, dpl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const dpl_bounded *n = &numbers[i];
        if (!(n->value >= n->least && n->value <= n->most)) {
            return dpl_fail(error, DPL_ARGUMENT, "%s must be from %.12g to %.12g (got %g)", n->name,
                            n->least, n->most, n->value);
        }
    }
    return DPL_OK;
}

static dpl_code check_numbers(const dpl_model *m, dpl_error *error)
{
    const dpl_bounded numbers[] = {
        {"params", m->params, 0, DPL_MOST_PARAMS},
        {"params_per_rank", m->params_per_rank, 0, DPL_MOST_PARAMS},
        {"active_params", m->active_params, 0, DPL_MOST_PARAMS},
        {"layers", m->layers, 0, DPL_MOST_LAYERS},
        {"layers_per_rank", m->layers_per_rank, 0, DPL_MOST_LAYERS},
        {"hidden_dim", m->hidden_dim, 1, INT32_MAX},
        {"seq_len", m->seq_len, 1, INT32_MAX},
        {"batch_size", m->batch_size, 1, INT32_MAX},
        {"num_heads", m->num_heads, 0, INT32_MAX},
        {"tensor_parallel", m->tensor_parallel, 1, INT32_MAX},
        {"recipe", m->recipe, DPL_RECIPE_FLASH, DPL_RECIPE_FULL},
        {"parameter_bytes", m->parameter_bytes, 0, DPL_MOST_STATE_BYTES},
        {"gradient_bytes", m->gradient_bytes, 0, DPL_MOST_STATE_BYTES},
        {"optimizer_bytes", m->optimizer_bytes, 0, DPL_MOST_STATE_BYTES},
        {"optimizer_shards", m->optimizer_shards, 0, INT32_MAX},
        {"weight_memory", m->weight_memory, 0, 1},
    };
    return dpl_check_bounds(numbers, sizeof numbers / sizeof numbers[0], error);
}

/* What tensor parallelism cuts in t parts must have them. */
static dpl_code check_tensor_parallel(const dpl_model *m, dpl_error *error)
{
    const struct {
        const char *name;
        int32_t value;
    } cut[] = {{"hidden_dim", m->hidden_dim},
               {"num_heads", m->num_heads},
               {"seq_len", m->sequence_parallel ? m->seq_len : 0}};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        if (cut[i].value % m->tensor_parallel != 0) {
            return dpl_fail(
                error, DPL_ARGUMENT,
                "%s = %ld must be a multiple of tensor_parallel = %ld, which cuts it in "
                "as many parts",
                cut[i].name, (long)cut[i].value, (long)m->tensor_parallel);
        }
    }
    return DPL_OK;
}

static dpl_code check_params(const dpl_model *m, dpl_error *error)
{
    double given = dpl_model_share_params(m, 1);
    if ((m->params > 0) == (m->params_per_rank > 0)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "give the parameters of the model or those of a rank's share of it, one of "
                        "the two (model_params, model_params_per_rank)");
    }
    if (m->active_params > given) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "active parameters, %.12g, are some of the parameters given, %.12g: they "
                        "cannot be more (both of the model, or both of a rank's share)",
                        m->active_params, given);
    }
    if (m->active_params > 0 && m->layers == 0 && m->layers_per_rank == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "with active_params give the layers too (num_layers, layers_per_rank): "
                        "those of a mixture of experts do not follow from its parameters");
    }
    return DPL_OK;
}

dpl_code dpl_model_check(const dpl_model *model, dpl_error *error)
{
    dpl_code code = check_numbers(model, error);
    if (code == DPL_OK) {
        code = check_params(model, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (model->layers > 0 && model->layers_per_rank > 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "give the layers of the model or those of a rank's share of it, not both "
                        "(num_layers, layers_per_rank)");
    }
    if (model->recipe == DPL_RECIPE_STANDARD && model->num_heads == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "activation_recipe 'standard' needs num_heads: its attention matrices take "
                        "5 a s^2 b bytes a layer, a being the heads");
    }
    return check_tensor_parallel(model, error);
}

static dpl_code check_hardware(const dpl_hardware *h, dpl_error *error)
{
    const dpl_bounded numbers[] = {
        {"peak_tflops", h->peak_tflops, 1e-3, DPL_MOST_TFLOPS},
        {"efficiency", h->efficiency, 1e-3, 1},
        {"overlap", h->overlap, 0, DPL_MOST_OVERLAP},
        {"p2p", h->p2p, 0, DPL_MOST_SECONDS},
        {"link_gb_s", h->link_gb_s, 0, DPL_MOST_LINK},
        {"optimizer_time", h->optimizer_time, 0, DPL_MOST_SECONDS},
    };
    return dpl_check_bounds(numbers, sizeof numbers / sizeof numbers[0], error);
}

static dpl_code check_measured(const dpl_workload *work, dpl_error *error)
{
    const dpl_costs *c = &work->measured;
    bool others = c->B.count > 0 || c->I.count > 0 || c->W.count > 0 || c->FB.count > 0;
    if (c->F.count == 0 && others) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "measured times need F, in seconds: B, I, W and FB alone do not replace "
                        "those that follow from FLOPs");
    }
    if (c->F.count > 0 && work->hardware.overlap > 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "overlap = %g does not go with measured times: give FB, in seconds",
                        work->hardware.overlap);
    }
    return DPL_OK;
}

dpl_code dpl_workload_check(const dpl_workload *work, dpl_error *error)
{
    const dpl_hardware *h = &work->hardware;
    dpl_code code = dpl_model_check(&work->model, error);
    if (code == DPL_OK) {
        code = check_hardware(h, error);
    }
    if (code == DPL_OK) {
        code = check_measured(work, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (h->efficiency > 1 - h->overlap) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "efficiency / (1 - overlap) = %g / %g is more than 1: an overlapped pair "
                        "would run faster than the peak",
                        h->efficiency, 1 - h->overlap);
    }
    return DPL_OK;
}

/* ---- Shares ---- */

double dpl_model_share_params(const dpl_model *model, int32_t num_ranks)
{
    return model->params_per_rank > 0 ? model->params_per_rank : model->params / num_ranks;
}

double dpl_model_share_layers(const dpl_model *model, int32_t num_ranks)
{
    double h = model->hidden_dim;
    if (model->layers_per_rank > 0) {
        return model->layers_per_rank;
    }
    if (model->layers > 0) {
        return model->layers / num_ranks;
    }
    return dpl_model_share_params(model, num_ranks) / (12 * h * h);
}

/* Whether a number is a nearer answer than `best` on the side of `chunks` that `up` says. */
static bool is_nearer(int32_t number, int32_t best, int32_t chunks, bool up)
{
    return up ? number >= chunks && number < best : number <= chunks && number > best;
}

/*
 * The nearest divisor of `whole` above or below `number`, which is from 1 to `batch`. Divisors come
 * in pairs, one of which is at most the root: some 46,000 numbers to try.
 */
int32_t dpl_nearest_divisor(int32_t whole, int32_t number, bool up)
{
    int32_t best = up ? whole : 1;
    for (int32_t d = 1; d <= whole / d; d++) {
        if (whole % d == 0 && is_nearer(d, best, number, up)) {
            best = d;
        }
        if (whole % d == 0 && is_nearer(whole / d, best, number, up)) {
            best = whole / d;
        }
    }
    return best;
}

dpl_code dpl_model_micro_batch(const dpl_model *model, int32_t num_chunks, int32_t *micro_batch,
                               dpl_error *error)
{
    int32_t batch = model->batch_size;
    *micro_batch = 0;
    if (num_chunks < 1) {
        return dpl_fail(error, DPL_ARGUMENT, "num_chunks must be at least 1 (got %ld)",
                        (long)num_chunks);
    }
    if (num_chunks > batch) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "num_chunks = %ld is more than batch_size = %ld: a micro-batch is at least "
                        "one sample",
                        (long)num_chunks, (long)batch);
    }
    if (batch % num_chunks != 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "num_chunks = %ld does not divide batch_size = %ld, and a micro-batch is "
                        "batch_size / num_chunks whole samples: the nearest that do are %ld and "
                        "%ld",
                        (long)num_chunks, (long)batch,
                        (long)dpl_nearest_divisor(batch, num_chunks, false),
                        (long)dpl_nearest_divisor(batch, num_chunks, true));
    }
    *micro_batch = batch / num_chunks;
    return DPL_OK;
}
