/* Whether a model can be laid out so, and if not, which rule fails and what would do. */
#include <stddef.h>

#include "base/error.h"
#include "model/bounds.h"
#include "model/layer.h"
#include "model/plan.h"

int64_t dpl_plan_gpus(const dpl_parallelism *l)
{
    return (int64_t)l->tensor * l->context * l->data * l->pipeline;
}

int32_t dpl_plan_chunks(const dpl_parallelism *l)
{
    return (int32_t)(l->global_batch / ((int64_t)l->data * l->micro_batch));
}

/* ---- Ranges ---- */

#define MOST_GPUS 100000000.0

static dpl_code check_numbers(const dpl_parallelism *l, dpl_error *error)
{
    const dpl_bounded numbers[] = {
        {"tensor_parallel", l->tensor, 1, 1e6},
        {"pipeline_parallel", l->pipeline, 1, 1e6},
        {"data_parallel", l->data, 1, 1e8},
        {"context_parallel", l->context, 1, 1e6},
        {"expert_parallel", l->expert, 1, 1e6},
        {"micro_batch", l->micro_batch, 1, INT32_MAX},
        {"global_batch", l->global_batch, 1, INT32_MAX},
        {"seq_len", l->seq_len, 0, INT32_MAX},
        {"tensor_comm", l->tensor_comm, DPL_TENSOR_ALL_REDUCE, DPL_TENSOR_SEQUENCE_PARALLEL},
        {"tensor_overlap", l->tensor_overlap, DPL_OVERLAP_NONE, DPL_OVERLAP_PIPE},
        {"recompute", l->recompute, DPL_RECOMPUTE_NONE, DPL_RECOMPUTE_FULL},
        {"zero", l->zero, 0, 3},
        {"precision", l->precision, DPL_BF16, DPL_FP8},
        {"tensor_link", l->tensor_link, DPL_LINK_AUTO, DPL_LINK_INTER},
        {"pipeline_link", l->pipeline_link, DPL_LINK_AUTO, DPL_LINK_INTER},
        {"data_link", l->data_link, DPL_LINK_AUTO, DPL_LINK_INTER},
        {"expert_nodes", l->expert_nodes, 0, INT32_MAX},
        {"parameter_bytes", l->parameter_bytes, 0, DPL_MOST_STATE_BYTES},
        {"gradient_bytes", l->gradient_bytes, 0, DPL_MOST_STATE_BYTES},
        {"optimizer_bytes", l->optimizer_bytes, 0, DPL_MOST_STATE_BYTES},
        {"reserve_bytes", l->reserve_bytes, 0, 1e18},
        {"GPUs", (double)l->tensor * l->context * l->data * l->pipeline, 1, MOST_GPUS},
    };
    return dpl_check_bounds(numbers, sizeof numbers / sizeof numbers[0], error);
}

/* ---- What must divide ---- */

/* DPL_SIZE unless `degree` divides the whole, with the nearest numbers that do. */
static dpl_code must_divide(const char *degree_name, int32_t degree, const char *whole_name,
                            int64_t whole, const char *why, dpl_error *error)
{
    if (whole % degree == 0) {
        return DPL_OK;
    }
    int32_t most = whole > INT32_MAX ? INT32_MAX : (int32_t)whole;
    if (degree > whole) {
        return dpl_fail(error, DPL_SIZE, "%s = %ld is more than %s = %ld, which it must divide%s",
                        degree_name, (long)degree, whole_name, (long)whole, why);
    }
    return dpl_fail(error, DPL_SIZE,
                    "%s = %ld does not divide %s = %ld%s: the nearest that do are %ld and %ld",
                    degree_name, (long)degree, whole_name, (long)whole, why,
                    (long)dpl_nearest_divisor(most, degree, false),
                    (long)dpl_nearest_divisor(most, degree, true));
}

static dpl_code check_tensor(const dpl_plan *plan, dpl_error *error)
{
    const dpl_transformer *m = &plan->model;
    int32_t t = plan->layout.tensor;
    bool kv_fits = m->mla.kv_lora_rank > 0 || m->kv_heads % t == 0 || t % m->kv_heads == 0;
    const struct {
        const char *name;
        int32_t value;
    } cut[] = {{"heads", m->heads},
               {"hidden", m->hidden},
               {"ffn", m->ffn},
               {"shared experts' width", m->moe.shared_experts * m->moe.expert_ffn}};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        dpl_code code = must_divide("tensor_parallel", t, cut[i].name, cut[i].value, "", error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return kv_fits ? DPL_OK
                   : must_divide("tensor_parallel", t, "kv_heads", m->kv_heads,
                                 " (nor is it a multiple of them)", error);
}

static dpl_code check_sequence(const dpl_plan *plan, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    int32_t s = dpl_plan_seq_len(plan);
    dpl_code code = must_divide("context_parallel", l->context, "seq_len", s, "", error);
    if (code != DPL_OK || l->tensor_comm != DPL_TENSOR_SEQUENCE_PARALLEL) {
        return code;
    }
    return must_divide("tensor_parallel", l->tensor, "seq_len / context_parallel", s / l->context,
                       ", which sequence parallelism cuts", error);
}

static dpl_code check_experts(const dpl_plan *plan, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    if (l->expert == 1) {
        return DPL_OK;
    }
    if (plan->model.moe.experts == 0) {
        return dpl_fail(error, DPL_SIZE,
                        "expert_parallel = %ld, but the model has no experts: it must be 1",
                        (long)l->expert);
    }
    dpl_code code =
        must_divide("expert_parallel", l->expert, "experts", plan->model.moe.experts, "", error);
    if (code != DPL_OK) {
        return code;
    }
    return must_divide(
        "expert_parallel", l->expert, "tensor_parallel x context_parallel x data_parallel",
        (int64_t)l->tensor * l->context * l->data, ", the GPUs that share out experts", error);
}

static dpl_code check_batch(const dpl_parallelism *l, dpl_error *error)
{
    int64_t step = (int64_t)l->data * l->micro_batch;
    if (l->global_batch % step == 0) {
        return DPL_OK;
    }
    int64_t below = l->global_batch / step * step;
    if (below == 0) {
        return dpl_fail(error, DPL_SIZE,
                        "global_batch = %ld must be a multiple of data_parallel x micro_batch = "
                        "%ld x %ld: the least is %ld",
                        (long)l->global_batch, (long)l->data, (long)l->micro_batch, (long)step);
    }
    return dpl_fail(error, DPL_SIZE,
                    "global_batch = %ld must be a multiple of data_parallel x micro_batch = %ld x "
                    "%ld: the nearest are %ld and %ld",
                    (long)l->global_batch, (long)l->data, (long)l->micro_batch, (long)below,
                    (long)(below + step));
}

/* ---- Layers ---- */

static dpl_code check_given_layers(const dpl_plan *plan, int32_t pieces, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    int64_t sum = 0;
    if (pieces > 0 && l->num_pieces != (size_t)pieces) {
        return dpl_fail(error, DPL_SIZE,
                        "layers_of lists %zu pieces of the model, and the strategy's route has %ld "
                        "stages",
                        l->num_pieces, (long)pieces);
    }
    for (size_t i = 0; i < l->num_pieces; i++) {
        if (l->layers_of[i] < 0) {
            return dpl_fail(error, DPL_SIZE, "layers_of: piece %zu has %ld layers", i,
                            (long)l->layers_of[i]);
        }
        sum += l->layers_of[i];
    }
    if (sum != plan->model.layers) {
        return dpl_fail(error, DPL_SIZE, "layers_of adds up to %ld layers; the model has %ld",
                        (long)sum, (long)plan->model.layers);
    }
    return DPL_OK;
}

/* The last piece has as many layers as it gets, of which multi-token prediction's are some. */
static dpl_code check_predictions(const dpl_plan *plan, int32_t pieces, dpl_error *error)
{
    if (dpl_plan_piece_layers(plan, pieces, pieces - 1) >= 0) {
        return DPL_OK;
    }
    return dpl_fail(error, DPL_SIZE,
                    "%ld layers of multi-token prediction are more than an even division gives the "
                    "last of %ld stages: give layers_of",
                    (long)plan->model.mtp_layers, (long)pieces);
}

static dpl_code check_layers(const dpl_plan *plan, int32_t pieces, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    if (l->layers_of != NULL) {
        return check_given_layers(plan, pieces, error);
    }
    int32_t least = pieces > 0 ? pieces : l->pipeline;
    if (least <= plan->model.layers) {
        return check_predictions(plan, least, error);
    }
    return dpl_fail(error, DPL_SIZE,
                    "%ld stages for %ld layers: a stage has at least one, so that the pipeline has "
                    "at most %ld ranks of as many stages each (or give layers_of)",
                    (long)least, (long)plan->model.layers,
                    (long)(plan->model.layers / (least / l->pipeline)));
}

/* ---- What needs what ---- */

static dpl_code check_needs(const dpl_plan *plan, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    bool offloads = l->offload_weights || l->offload_activations || l->offload_optimizer;
    if (l->precision == DPL_FP8 && plan->machine.peak_tflops_fp8 == 0) {
        return dpl_fail(error, DPL_ARGUMENT, "precision 'fp8': the machine has no 8-bit products");
    }
    if (l->train_mtp && plan->model.mtp_layers == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "train_mtp: the model has no layers of multi-token prediction");
    }
    if (offloads && plan->machine.host_gb_s == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "to offload, the machine's host_gb_s must be given: what a GPU's link to "
                        "the host's memory carries, 10^9 bytes a second");
    }
    return DPL_OK;
}

/* Groups that are told to stay inside a node must fit into one together. */
static dpl_code check_links(const dpl_plan *plan, dpl_error *error)
{
    const dpl_parallelism *l = &plan->layout;
    int64_t inside = 1;
    inside *= l->tensor_link == DPL_LINK_INTRA ? l->tensor : 1;
    inside *= l->pipeline_link == DPL_LINK_INTRA ? l->pipeline : 1;
    inside *= l->data_link == DPL_LINK_INTRA ? (int64_t)l->data * l->context : 1;
    if (inside <= plan->machine.gpus_per_node) {
        return DPL_OK;
    }
    return dpl_fail(error, DPL_SIZE,
                    "groups that are to stay inside a node make %ld GPUs together, and a node has "
                    "%ld",
                    (long)inside, (long)plan->machine.gpus_per_node);
}

dpl_code dpl_plan_check(const dpl_plan *plan, int32_t num_pieces, dpl_error *error)
{
    dpl_code code = dpl_transformer_check(&plan->model, error);
    code = code == DPL_OK ? dpl_machine_check(&plan->machine, error) : code;
    code = code == DPL_OK ? check_numbers(&plan->layout, error) : code;
    code = code == DPL_OK ? check_tensor(plan, error) : code;
    code = code == DPL_OK ? check_sequence(plan, error) : code;
    code = code == DPL_OK ? check_experts(plan, error) : code;
    code = code == DPL_OK ? check_batch(&plan->layout, error) : code;
    code = code == DPL_OK ? check_layers(plan, num_pieces, error) : code;
    code = code == DPL_OK ? check_needs(plan, error) : code;
    return code == DPL_OK ? check_links(plan, error) : code;
}
