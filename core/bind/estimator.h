/*
 * What the classes of dpl.benchmark share: one struct for the objects of all four, its options, and
 * the fields of results. MB and GB are 10^6 and 10^9 bytes, times are in seconds.
 */
#ifndef DPL_BIND_ESTIMATOR_H
#define DPL_BIND_ESTIMATOR_H

#include "bind/bind.h"

#define BYTES_PER_MB 1e6
#define BYTES_PER_GB 1e9

/* Each class has options for the part that it needs. */
typedef struct estimator {
    dpl_workload work;
    dpl_shape shape;
    int weak_batch; /* 0: the batch stays; 1: it grows with the ranks */
    double gpu_memory_gb;
    dpl_name_list strategies;
} estimator;

extern const dpl_class dpl_memory_estimator;
extern const dpl_class dpl_throughput_estimator;
extern const dpl_class dpl_scalability_analyzer;
extern const dpl_class dpl_configuration_search;

/* ---- Options ---- */

/* In the order of dpl_recipe. */
extern const char *const dpl_estimator_recipes[];

#define COUNT(name, member, least, preset, unit, meaning)                                          \
    {                                                                                              \
        name, DPL_OPTION_INTEGER, offsetof(estimator, member), least, DPL_MOST_COUNT, preset,      \
            unit, meaning, NULL                                                                    \
    }
#define NUMBER(name, member, least, most, preset, unit, meaning)                                   \
    {                                                                                              \
        name, DPL_OPTION_NUMBER, offsetof(estimator, member), least, most, preset, unit, meaning,  \
            NULL                                                                                   \
    }
#define BOOLEAN(name, member, preset, meaning)                                                     \
    {                                                                                              \
        name, DPL_OPTION_BOOLEAN, offsetof(estimator, member), 0, 1, preset, "", meaning, NULL     \
    }
#define CHOICE(name, member, meaning, choices)                                                     \
    {                                                                                              \
        name, DPL_OPTION_CHOICE, offsetof(estimator, member), 0, 0, 0, "", meaning, choices        \
    }

#define SHAPE_OPTIONS                                                                              \
    COUNT("num_ranks", shape.num_ranks, 1, DPL_REQUIRED, "", "ranks of the pipeline"),             \
        COUNT("num_chunks", shape.num_chunks, 1, DPL_REQUIRED, "",                                 \
              "micro-batches of a step, over all routes; divides batch_size")

#define WHOLE_OPTIONS(params_preset)                                                               \
    NUMBER("model_params", work.model.params, 1, DPL_MOST_PARAMS, params_preset, "parameters",     \
           "parameters of the model"),                                                             \
        NUMBER("num_layers", work.model.layers, DPL_LEAST_LAYERS, DPL_MOST_LAYERS, DPL_UNSET,      \
               "layers", "layers of the model; default model_params / (12 hidden_dim^2)")

#define SHARE_OPTIONS                                                                              \
    NUMBER("model_params_per_rank", work.model.params_per_rank, 1, DPL_MOST_PARAMS, DPL_UNSET,     \
           "parameters", "parameters of a rank's share, instead of model_params"),                 \
        NUMBER("layers_per_rank", work.model.layers_per_rank, DPL_LEAST_LAYERS, DPL_MOST_LAYERS,   \
               DPL_UNSET, "layers", "layers of a rank's share, instead of num_layers")

#define SIZE_OPTIONS                                                                               \
    COUNT("hidden_dim", work.model.hidden_dim, 1, DPL_REQUIRED, "", "hidden size h"),              \
        COUNT("seq_len", work.model.seq_len, 1, DPL_REQUIRED, "tokens", "sequence length s"),      \
        COUNT("batch_size", work.model.batch_size, 1, DPL_REQUIRED, "samples",                     \
              "samples of a step of the pipeline")

#define LAYOUT_OPTIONS                                                                             \
    COUNT("num_heads", work.model.num_heads, 1, DPL_UNSET, "",                                     \
          "attention heads a; activation_recipe 'standard' needs them"),                           \
        COUNT("tensor_parallel", work.model.tensor_parallel, 1, 1, "GPUs", "GPUs of a rank, t"),   \
        BOOLEAN("sequence_parallel", work.model.sequence_parallel, 1,                              \
                "norms and dropouts are shared out to the t GPUs too"),                            \
        CHOICE("activation_recipe", work.model.recipe,                                             \
               "flash: 34 s b h bytes a layer; standard: and 5 a s^2 b; full: 2 s b h, the rest "  \
               "recomputed by the backward",                                                       \
               dpl_estimator_recipes)

#define STATE_OPTIONS                                                                              \
    NUMBER("parameter_bytes", work.model.parameter_bytes, 0, DPL_MOST_STATE_BYTES,                 \
           DPL_PARAMETER_BYTES, "bytes", "bytes of a parameter; bf16"),                            \
        NUMBER("gradient_bytes", work.model.gradient_bytes, 0, DPL_MOST_STATE_BYTES,               \
               DPL_GRADIENT_BYTES, "bytes", "bytes of its gradient; fp32"),                        \
        NUMBER("optimizer_bytes", work.model.optimizer_bytes, 0, DPL_MOST_STATE_BYTES,             \
               DPL_OPTIMIZER_BYTES, "bytes",                                                       \
               "bytes of its optimizer state; Adam's fp32 master copy and moments"),               \
        COUNT("optimizer_shards", work.model.optimizer_shards, 1, 1, "",                           \
              "data-parallel ranks that share the optimizer state")

#define WEIGHT_MEMORY_OPTION DPL_WEIGHT_MEMORY_OPTION(estimator, work.model.weight_memory)

#define HARDWARE_OPTIONS                                                                           \
    BOOLEAN("causal", work.model.causal, 1, "attention's FLOPs count half the matrix"),            \
        NUMBER("active_params", work.model.active_params, 1, DPL_MOST_PARAMS, DPL_UNSET,           \
               "parameters", "of those given, the ones that a token uses; default: all"),          \
        NUMBER("peak_tflops", work.hardware.peak_tflops, 1e-3, DPL_MOST_TFLOPS, DPL_PEAK_TFLOPS,   \
               "TFLOP/s", "dense peak of a GPU; default H100 or H800 SXM, BF16"),                  \
        NUMBER("efficiency", work.hardware.efficiency, 1e-3, 1, DPL_EFFICIENCY,                    \
               "share of the peak", "what a forward or backward reaches; an assumption"),          \
        NUMBER("overlap", work.hardware.overlap, 0, DPL_MOST_OVERLAP, 0, "share of F + B",         \
               "what an overlapped pair saves; DeepSeek-V3 measured 0.24"),                        \
        NUMBER("p2p", work.hardware.p2p, 0, DPL_MOST_SECONDS, 0, "seconds",                        \
               "latency of a transfer between ranks"),                                             \
        NUMBER("link_gb_s", work.hardware.link_gb_s, 1e-3, DPL_MOST_LINK, DPL_UNSET, "GB/s",       \
               "what a link carries, one direction; default: transfers take p2p alone"),           \
        NUMBER("optimizer_time", work.hardware.optimizer_time, 0, DPL_MOST_SECONDS, 0, "seconds",  \
               "what ends a step")

#define TIME(name, meaning)                                                                        \
    {                                                                                              \
#name, DPL_OPTION_COST, offsetof(estimator, work.measured.name), 0, DPL_MOST_SECONDS,      \
            DPL_UNSET, "seconds", meaning, NULL                                                    \
    }
#define MEASURED_OPTIONS                                                                           \
    TIME(F, "measured forward of a rank's share; default: from FLOPs"),                            \
        TIME(B, "measured full backward; with F: default I + W, or 2 F"),                          \
        TIME(I, "measured input gradient; with F: default B - W"),                                 \
        TIME(W, "measured weight gradient; with F: default B - I, or B / 2"),                      \
        TIME(FB, "measured overlapped pair; with F: default F + B")

/* [-0, +0, v] The check of classes that take a shape and a workload. */
void dpl_estimator_check_workload(lua_State *L, void *self);

/* [-0, +0, v] Raises where num_chunks does not divide batch_size. */
void dpl_estimator_check_micro_batch(lua_State *L, const estimator *self);

/* ---- Results ---- */

/* [-0, +0, m] The fields that every table of rates has. */
void dpl_estimator_set_rate(lua_State *L, const dpl_rate *rate);

/* Parameters, gradients and optimizer state. */
double dpl_estimator_state_bytes(const dpl_memory *memory);

/*
 * [-0, +1, v] The schedule of the strategy that argument 2 names, or argument 2 itself, which must
 * have the shape; pushes its userdata. `order` is what a strategy's order is made for.
 */
dpl_schedule *dpl_estimator_push_schedule(lua_State *L, const dpl_shape *shape,
                                          dpl_order_costs order);

/*
 * [-0, +1, m] A new table with the name of the strategy that made the schedule at the index; one
 * made from data has none.
 */
void dpl_estimator_push_result(lua_State *L, int schedule);

/* [-0, +2, m] Room for a comparison of all strategies. */
dpl_estimates dpl_estimator_new_estimates(lua_State *L);

/* [-0, +1, m] The list { { strategy = , reason = } } of those that do not allow the shape. */
void dpl_estimator_push_refusals(lua_State *L, const dpl_estimates *all);

#endif
