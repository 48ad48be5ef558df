/* The axes of a space of layouts: their lists, and what a value is a value of. */
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "search/layouts.h"

/* ---- What an axis sets ---- */

typedef struct member {
    const char *name;
    size_t offset;
    int32_t least, most;
    bool is_flag;
} member;

#define MOST INT32_MAX
#define DEGREE(name)                                                                               \
    {                                                                                              \
#name, offsetof(dpl_parallelism, name), 1, MOST, false                                     \
    }
#define CHOICE(name, most)                                                                         \
    {                                                                                              \
#name, offsetof(dpl_parallelism, name), 0, most, false                                     \
    }
#define FLAG(name)                                                                                 \
    {                                                                                              \
#name, offsetof(dpl_parallelism, name), 0, 1, true                                         \
    }

static const member members[DPL_AXIS_COUNT] = {
    [DPL_AXIS_GPUS] = {"gpus", 0, 1, MOST, false},
    [DPL_AXIS_STRATEGY] = {"strategy", 0, 0, MOST, false},
    [DPL_AXIS_TENSOR] = DEGREE(tensor),
    [DPL_AXIS_PIPELINE] = DEGREE(pipeline),
    [DPL_AXIS_CONTEXT] = DEGREE(context),
    [DPL_AXIS_EXPERT] = DEGREE(expert),
    [DPL_AXIS_MICRO_BATCH] = DEGREE(micro_batch),
    [DPL_AXIS_TENSOR_COMM] = CHOICE(tensor_comm, DPL_TENSOR_SEQUENCE_PARALLEL),
    [DPL_AXIS_RECOMPUTE] = CHOICE(recompute, DPL_RECOMPUTE_FULL),
    [DPL_AXIS_REGATHER] = FLAG(regather),
    [DPL_AXIS_PRECISION] = CHOICE(precision, DPL_FP8),
    [DPL_AXIS_FUSED_ACTIVATION] = FLAG(fused_activation),
    [DPL_AXIS_TRAIN_MTP] = FLAG(train_mtp),
    [DPL_AXIS_TENSOR_LINK] = CHOICE(tensor_link, DPL_LINK_INTER),
    [DPL_AXIS_TENSOR_OVERLAP] = CHOICE(tensor_overlap, DPL_OVERLAP_PIPE),
    [DPL_AXIS_OFFLOAD_WEIGHTS] = FLAG(offload_weights),
    [DPL_AXIS_OFFLOAD_ACTIVATIONS] = FLAG(offload_activations),
    [DPL_AXIS_PIPELINE_LINK] = CHOICE(pipeline_link, DPL_LINK_INTER),
    [DPL_AXIS_DATA_LINK] = CHOICE(data_link, DPL_LINK_INTER),
    [DPL_AXIS_OFFLOAD_OPTIMIZER] = FLAG(offload_optimizer),
    [DPL_AXIS_ZERO] = CHOICE(zero, 3),
    [DPL_AXIS_DATA_OVERLAP] = FLAG(data_overlap),
};

static void set_member(dpl_parallelism *layout, const member *m, int32_t value)
{
    char *place = (char *)layout + m->offset;
    if (m->is_flag) {
        *(bool *)(void *)place = value != 0;
    } else {
        *(int32_t *)(void *)place = value;
    }
}

static int32_t get_member(const dpl_parallelism *layout, const member *m)
{
    const char *place = (const char *)layout + m->offset;
    return m->is_flag ? *(const bool *)(const void *)place : *(const int32_t *)(const void *)place;
}

/* Stages of a route on a rank, and routes, as far as the strategy's rule does not look at sizes. */
static void set_variant(dpl_walk *walk, int32_t index)
{
    const dpl_variant *variant = &walk->space->variants[index];
    const dpl_strategy_info *info = dpl_strategy_find(variant->strategy, &walk->hooks);
    int32_t stages =
        variant->stages_per_rank > 0 ? variant->stages_per_rank : info->stages_per_rank;
    walk->variant = variant;
    walk->routes = info->num_routes;
    walk->route_stages = stages > info->num_routes ? stages / info->num_routes : 1;
}

void dpl_walk_set(dpl_walk *walk, int axis, size_t digit)
{
    int32_t value = walk->axes[axis].values[digit];
    walk->digits[axis] = digit;
    if (axis == DPL_AXIS_GPUS) {
        walk->gpus = value;
    } else if (axis == DPL_AXIS_STRATEGY) {
        set_variant(walk, value);
    } else {
        set_member(&walk->plan.layout, &members[axis], value);
    }
}

/* ---- Whether it makes a difference ---- */

/* Whether anything is shared between copies of the model, or of its experts. */
static bool has_copies(const dpl_walk *walk)
{
    const dpl_parallelism *l = &walk->plan.layout;
    bool of_experts = walk->plan.model.moe.experts > 0 && l->tensor > l->expert;
    return l->data > 1 || l->context > 1 || walk->routes > 1 || of_experts;
}

bool dpl_walk_matters(const dpl_walk *walk, int axis)
{
    const dpl_parallelism *l = &walk->plan.layout;
    switch (axis) {
    case DPL_AXIS_REGATHER:
        return l->tensor_comm == DPL_TENSOR_SEQUENCE_PARALLEL && l->recompute != DPL_RECOMPUTE_FULL;
    case DPL_AXIS_OFFLOAD_ACTIVATIONS:
        return l->recompute != DPL_RECOMPUTE_FULL;
    case DPL_AXIS_TENSOR_LINK:
    case DPL_AXIS_TENSOR_OVERLAP:
        return l->tensor > 1;
    case DPL_AXIS_PIPELINE_LINK:
        return l->pipeline > 1;
    case DPL_AXIS_DATA_LINK:
    case DPL_AXIS_ZERO:
    case DPL_AXIS_DATA_OVERLAP:
        return has_copies(walk);
    default:
        return true;
    }
}

/* ---- Lists that are given ---- */

static dpl_code check_list(const dpl_axis_values *list, const member *m, dpl_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        int32_t value = list->values[i];
        if (value < m->least || value > m->most) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "value %zu of axis %s must be from %ld to %ld (got %ld)", i + 1,
                            m->name, (long)m->least, (long)m->most, (long)value);
        }
        for (size_t other = 0; other < i; other++) {
            if (list->values[other] == value) {
                return dpl_fail(error, DPL_ARGUMENT, "axis %s lists %ld twice", m->name,
                                (long)value);
            }
        }
    }
    return DPL_OK;
}

static dpl_code check_lists(const dpl_walk *walk, dpl_error *error)
{
    const dpl_layout_space *space = walk->space;
    const member data = {"data", 0, 1, MOST, false};
    dpl_code code = check_list(&space->data, &data, error);
    for (int axis = 0; axis < DPL_AXIS_COUNT && code == DPL_OK; axis++) {
        code = check_list(&space->axes[axis], &members[axis], error);
    }
    if (code == DPL_OK && space->axes[DPL_AXIS_GPUS].count == 0) {
        code = dpl_fail(error, DPL_ARGUMENT, "the number of GPUs must be given");
    }
    return code;
}

/* ---- Lists that are not ---- */

static bool divides_gpus(const dpl_walk *walk, int32_t value)
{
    const dpl_axis_values *gpus = &walk->space->axes[DPL_AXIS_GPUS];
    for (size_t i = 0; i < gpus->count; i++) {
        if (gpus->values[i] % value == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a micro-batch divides the batch of one of so many copies. */
static bool divides_batch(const dpl_walk *walk, int32_t value)
{
    int32_t batch = walk->plan.layout.global_batch;
    for (int32_t data = 1; data <= batch / value; data++) {
        bool whole = walk->space->batch_is_most || batch % data == 0;
        if (whole && batch / data % value == 0 && divides_gpus(walk, data)) {
            return true;
        }
    }
    return false;
}

static bool is_value(const dpl_walk *walk, int axis, int32_t value)
{
    const dpl_transformer *m = &walk->plan.model;
    switch (axis) {
    case DPL_AXIS_TENSOR:
        return m->heads % value == 0 && m->hidden % value == 0 && divides_gpus(walk, value);
    case DPL_AXIS_PIPELINE:
        return divides_gpus(walk, value);
    case DPL_AXIS_CONTEXT:
        return dpl_plan_seq_len(&walk->plan) % value == 0 && divides_gpus(walk, value);
    case DPL_AXIS_EXPERT:
        return m->moe.experts > 0 ? m->moe.experts % value == 0 : value == 1;
    default:
        return divides_batch(walk, value);
    }
}

static int32_t most_value(const dpl_walk *walk, int axis)
{
    const dpl_transformer *m = &walk->plan.model;
    switch (axis) {
    case DPL_AXIS_TENSOR:
        return m->heads;
    case DPL_AXIS_PIPELINE:
        return m->layers;
    case DPL_AXIS_CONTEXT:
        return dpl_plan_seq_len(&walk->plan);
    case DPL_AXIS_EXPERT:
        return m->moe.experts > 0 ? m->moe.experts : 1;
    default:
        return walk->plan.layout.global_batch;
    }
}

/* A list of the walk's own, of `count` values. */
static dpl_code own_list(dpl_walk *walk, int axis, size_t count, dpl_error *error)
{
    walk->owned[axis] = dpl_allocate(&walk->hooks, count, sizeof(int32_t));
    if (walk->owned[axis] == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory for %zu values of an axis", count);
    }
    walk->axes[axis] = (dpl_axis_values){walk->owned[axis], count};
    return DPL_OK;
}

/* Every value that divides: counted first, then listed. */
static dpl_code fill_divisors(dpl_walk *walk, int axis, dpl_error *error)
{
    int32_t most = most_value(walk, axis);
    size_t count = 0;
    for (int32_t value = 1; value <= most; value++) {
        count += is_value(walk, axis, value);
        if (dpl_cancelled_at(&walk->hooks, (size_t)value)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    dpl_code code = own_list(walk, axis, count, error);
    size_t next = 0;
    for (int32_t value = 1; value <= most && code == DPL_OK; value++) {
        if (is_value(walk, axis, value)) {
            walk->owned[axis][next++] = value;
        }
    }
    return code;
}

static dpl_code fill_variants(dpl_walk *walk, dpl_error *error)
{
    dpl_code code = own_list(walk, DPL_AXIS_STRATEGY, walk->space->num_variants, error);
    for (size_t i = 0; code == DPL_OK && i < walk->space->num_variants; i++) {
        walk->owned[DPL_AXIS_STRATEGY][i] = (int32_t)i;
    }
    return code;
}

static dpl_code fill_single(dpl_walk *walk, int axis, dpl_error *error)
{
    dpl_code code = own_list(walk, axis, 1, error);
    if (code == DPL_OK) {
        walk->owned[axis][0] = get_member(&walk->plan.layout, &members[axis]);
    }
    return code;
}

static dpl_code fill_axis(dpl_walk *walk, int axis, dpl_error *error)
{
    if (axis == DPL_AXIS_STRATEGY) {
        return fill_variants(walk, error);
    }
    if (walk->space->axes[axis].count > 0) {
        walk->axes[axis] = walk->space->axes[axis];
        return DPL_OK;
    }
    bool is_degree = axis >= DPL_AXIS_TENSOR && axis <= DPL_AXIS_MICRO_BATCH;
    return is_degree ? fill_divisors(walk, axis, error) : fill_single(walk, axis, error);
}

dpl_code dpl_walk_fill_axes(dpl_walk *walk, dpl_error *error)
{
    dpl_code code = check_lists(walk, error);
    for (int axis = 0; axis < DPL_AXIS_COUNT && code == DPL_OK; axis++) {
        code = fill_axis(walk, axis, error);
    }
    return code;
}
