/* Walking a space of layouts: its configurations one after the other, by index. */
#include "base/error.h"
#include "base/memory.h"
#include "search/layouts.h"

/* ---- Checks ---- */

static dpl_code check_variants(const dpl_walk *walk, dpl_error *error)
{
    const dpl_layout_space *space = walk->space;
    const dpl_shape none = {0};
    if (space->num_variants == 0 || space->num_variants > INT32_MAX) {
        return dpl_fail(error, DPL_ARGUMENT, "at least one strategy must be given");
    }
    for (size_t i = 0; i < space->num_variants; i++) {
        const dpl_variant *v = &space->variants[i];
        if (dpl_strategy_find(v->strategy, &walk->hooks) == NULL) {
            return dpl_strategy_check(v->strategy, &none, &walk->hooks, error);
        }
        if (v->stages_per_rank < 0) {
            return dpl_fail(error, DPL_ARGUMENT, "stages_per_rank must be at least 0 (got %ld)",
                            (long)v->stages_per_rank);
        }
    }
    return DPL_OK;
}

/* The plan as far as every configuration shares it: one without degrees. */
static dpl_code check_plan(const dpl_walk *walk, dpl_error *error)
{
    dpl_plan plan = walk->plan;
    dpl_parallelism *l = &plan.layout;
    l->tensor = l->pipeline = l->data = l->context = l->expert = l->micro_batch = 1;
    l->offload_activations = l->offload_optimizer = l->offload_weights = false;
    l->precision = DPL_BF16;
    return dpl_plan_check(&plan, 0, error);
}

static dpl_code check_numbers(const dpl_layout_space *space, dpl_error *error)
{
    if (!(space->memory_bytes >= 0) || space->most_chunks < 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the memory of a GPU and the most micro-batches must be at least 0");
    }
    if (space->convention.peak == DPL_FP8 && space->plan.machine.peak_tflops_fp8 == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the machine has no 8-bit peak to measure against: take the 16-bit one");
    }
    return DPL_OK;
}

static dpl_code check_size(const dpl_walk *walk, dpl_error *error)
{
    double size = 1;
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        size *= (double)walk->axes[axis].count;
    }
    if (size > 9e18) {
        return dpl_fail(error, DPL_SIZE,
                        "the space has %.3g tuples of values, more than can be numbered: list "
                        "fewer values",
                        size);
    }
    return DPL_OK;
}

dpl_code dpl_walk_begin(const dpl_layout_space *space, const dpl_hooks *hooks, dpl_walk *walk,
                        dpl_error *error)
{
    *walk = (dpl_walk){.space = space, .hooks = dpl_hooks_or_default(hooks), .plan = space->plan};
    dpl_code code = check_variants(walk, error);
    code = code == DPL_OK ? check_numbers(space, error) : code;
    code = code == DPL_OK ? check_plan(walk, error) : code;
    code = code == DPL_OK ? dpl_walk_fill_axes(walk, error) : code;
    code = code == DPL_OK ? check_size(walk, error) : code;
    if (code != DPL_OK) {
        dpl_walk_end(walk);
        return code;
    }
    bool empty = false;
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        empty |= walk->axes[axis].count == 0;
    }
    if (empty) {
        dpl_walk_end(walk);
        return dpl_fail(error, DPL_SIZE, "no value of an axis divides what it must");
    }
    dpl_walk_first(walk, 0, DPL_AXIS_COUNT);
    return DPL_OK;
}

void dpl_walk_end(dpl_walk *walk)
{
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        dpl_release(&walk->hooks, walk->owned[axis], walk->axes[axis].count, sizeof(int32_t));
        walk->owned[axis] = NULL;
    }
}

/* ---- From one to the next ---- */

void dpl_walk_first(dpl_walk *walk, int begin, int end)
{
    for (int axis = begin; axis < end; axis++) {
        dpl_walk_set(walk, axis, 0);
    }
}

bool dpl_walk_next(dpl_walk *walk, int begin, int end)
{
    for (int axis = end - 1; axis >= begin; axis--) {
        if (walk->digits[axis] + 1 < walk->axes[axis].count && dpl_walk_matters(walk, axis)) {
            dpl_walk_set(walk, axis, walk->digits[axis] + 1);
            dpl_walk_first(walk, axis + 1, end);
            return true;
        }
    }
    return false;
}

/* ---- What follows from the degrees ---- */

static bool is_listed(const dpl_axis_values *list, int32_t value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->values[i] == value) {
            return true;
        }
    }
    return list->count == 0;
}

static bool set_data(dpl_walk *walk)
{
    dpl_parallelism *l = &walk->plan.layout;
    int64_t others = (int64_t)l->tensor * l->pipeline * l->context;
    l->data = 1;
    if (others > walk->gpus || walk->gpus % others != 0) {
        return false;
    }
    l->data = (int32_t)(walk->gpus / others);
    return is_listed(&walk->space->data, l->data);
}

static bool set_batch(dpl_walk *walk)
{
    dpl_parallelism *l = &walk->plan.layout;
    int32_t batch = walk->space->plan.layout.global_batch;
    l->global_batch = walk->space->batch_is_most ? batch / l->data * l->data : batch;
    return l->global_batch > 0 && l->global_batch % l->data == 0 &&
           l->global_batch / l->data % l->micro_batch == 0;
}

static bool has_chunks(const dpl_walk *walk)
{
    int32_t most = walk->space->most_chunks;
    return most == 0 || dpl_plan_chunks(&walk->plan.layout) <= most;
}

static bool has_layers(const dpl_walk *walk)
{
    int64_t pieces = (int64_t)walk->plan.layout.pipeline * walk->route_stages;
    int32_t layers = walk->plan.model.layers;
    if (walk->plan.layout.pipeline == 1 && walk->route_stages > 1) {
        return false;
    }
    return pieces <= layers && (!walk->space->even_layers || layers % pieces == 0);
}

static bool has_experts(const dpl_walk *walk)
{
    const dpl_parallelism *l = &walk->plan.layout;
    int64_t group = (int64_t)l->tensor * l->context * l->data;
    int32_t experts = walk->plan.model.moe.experts;
    return l->expert == 1 || (experts > 0 && experts % l->expert == 0 && group % l->expert == 0);
}

static bool has_nodes(const dpl_walk *walk)
{
    return !walk->space->whole_nodes ||
           walk->plan.machine.gpus_per_node % walk->plan.layout.tensor == 0;
}

bool dpl_walk_tuple(dpl_walk *walk, dpl_layout_rule *rule)
{
    if (!set_data(walk)) {
        *rule = DPL_RULE_GPUS;
    } else if (!set_batch(walk)) {
        *rule = DPL_RULE_BATCH;
    } else if (!has_chunks(walk)) {
        *rule = DPL_RULE_CHUNKS;
    } else if (!has_layers(walk)) {
        *rule = DPL_RULE_LAYERS;
    } else if (!has_experts(walk)) {
        *rule = DPL_RULE_EXPERTS;
    } else if (!has_nodes(walk)) {
        *rule = DPL_RULE_NODES;
    } else {
        return true;
    }
    return false;
}

uint64_t dpl_walk_count(dpl_walk *walk)
{
    uint64_t heads = 0;
    uint64_t tails = 0;
    dpl_walk_first(walk, DPL_PARTS_BEGIN, DPL_AXIS_COUNT);
    do {
        tails++;
    } while (dpl_walk_next(walk, DPL_TAIL_BEGIN, DPL_AXIS_COUNT));
    dpl_walk_first(walk, DPL_TAIL_BEGIN, DPL_AXIS_COUNT);
    do {
        heads++;
    } while (dpl_walk_next(walk, DPL_PARTS_BEGIN, DPL_TAIL_BEGIN));
    return heads * tails;
}

/* ---- Indices ---- */

uint64_t dpl_walk_index(const dpl_walk *walk)
{
    uint64_t index = 0;
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        index = index * walk->axes[axis].count + walk->digits[axis];
    }
    return index;
}

bool dpl_walk_seek(dpl_walk *walk, uint64_t index)
{
    dpl_layout_rule rule;
    for (int axis = DPL_AXIS_COUNT - 1; axis >= 0; axis--) {
        dpl_walk_set(walk, axis, (size_t)(index % walk->axes[axis].count));
        index /= walk->axes[axis].count;
    }
    if (index > 0 || !dpl_walk_tuple(walk, &rule)) {
        return false;
    }
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        if (walk->digits[axis] > 0 && !dpl_walk_matters(walk, axis)) {
            return false;
        }
    }
    return true;
}

void dpl_walk_row(const dpl_walk *walk, dpl_layout_row *row)
{
    *row = (dpl_layout_row){.index = dpl_walk_index(walk),
                            .strategy = walk->variant->strategy,
                            .stages_per_rank = walk->variant->stages_per_rank,
                            .chunks = dpl_plan_chunks(&walk->plan.layout),
                            .gpus = walk->gpus,
                            .layout = walk->plan.layout};
}

/* ---- What anyone may ask ---- */

dpl_code dpl_layouts_size(const dpl_layout_space *space, const dpl_hooks *hooks, uint64_t *size,
                          dpl_error *error)
{
    dpl_walk walk;
    *size = 0;
    dpl_code code = dpl_walk_begin(space, hooks, &walk, error);
    if (code != DPL_OK) {
        return code;
    }
    *size = 1;
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        *size *= walk.axes[axis].count;
    }
    dpl_walk_end(&walk);
    return DPL_OK;
}

dpl_code dpl_layouts_at(const dpl_layout_space *space, uint64_t index, const dpl_hooks *hooks,
                        dpl_layout_row *row, dpl_error *error)
{
    dpl_walk walk;
    dpl_code code = dpl_walk_begin(space, hooks, &walk, error);
    if (code != DPL_OK) {
        return code;
    }
    if (dpl_walk_seek(&walk, index)) {
        dpl_walk_row(&walk, row);
    } else {
        code = dpl_fail(error, DPL_NOT_FOUND, "index %llu is no configuration of the space",
                        (unsigned long long)index);
    }
    dpl_walk_end(&walk);
    return code;
}

dpl_code dpl_layouts_count(const dpl_layout_space *space, const dpl_hooks *hooks,
                           uint64_t *configurations, uint64_t *tuples, dpl_error *error)
{
    dpl_walk walk;
    dpl_layout_rule rule;
    size_t seen = 0;
    *configurations = *tuples = 0;
    dpl_code code = dpl_walk_begin(space, hooks, &walk, error);
    if (code != DPL_OK) {
        return code;
    }
    do {
        if (dpl_walk_tuple(&walk, &rule)) {
            *configurations += dpl_walk_count(&walk);
            *tuples += 1;
        }
        if (dpl_cancelled_at(&walk.hooks, seen++ * 256)) {
            code = dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    } while (code == DPL_OK && dpl_walk_next(&walk, DPL_TUPLE_BEGIN, DPL_PARTS_BEGIN));
    dpl_walk_end(&walk);
    return code;
}
