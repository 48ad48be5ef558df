/*
 * A transformer laid out on a cluster: what each stage costs, what each GPU holds, how long a step
 * takes. Part of dpl.h, which includes it.
 *
 * A layout cuts the model over tensor x context x data x pipeline GPUs; `expert` of the first three
 * share out the experts. GPUs are numbered with tensor innermost, then context, data and pipeline,
 * as Megatron-LM's default order does, so that a node of G GPUs holds whole tensor groups first.
 * Whatever follows from dimensions is exact; how much of a peak or of a link is reached comes from
 * the machine's efficiencies, which are data: measured for some machines, assumed for others.
 *
 * What overlaps what:
 * - Tensor parallelism's collectives stand alone in F and in I (tensor_overlap hides a part behind
 *   the layer's products). In a fused B those for the input gradient hide behind the products for
 *   the weight gradient, as Megatron-LM does, as far as these last.
 * - Attention's exchange of keys and values between the GPUs of a context group hides behind the
 *   attention core (ring attention), as far as that lasts.
 * - The experts' all-to-alls stand alone in F, I and B; in an overlapped pair of a forward and a
 *   backward they hide behind its computation, but for the share that the machine says.
 * - Pipeline transfers occupy nobody (DPL_COMM_LATENCY).
 * - The gradients' reduction starts on a rank when its last action has ended. With data_overlap a
 *   stage's gradients travel layer by layer behind its last backward and whatever the rank does
 *   then, one stage after another; parameters that ZeRO 1 gathers arrive likewise behind the first
 *   forwards of the next step.
 * - The optimizer starts when every rank's gradients are reduced (clipping needs their norm).
 *
 * Units: seconds, bytes; 10^9 bytes a second; TFLOP/s is 10^12 a second.
 *
 * Simple use, how long a step of Llama 3 8B takes on 16 H100s, 32 samples a step:
 *
 *     dpl_error error;
 *     dpl_plan plan = {.machine = DPL_MACHINE_DEFAULTS, .layout = DPL_PARALLELISM_DEFAULTS};
 *     dpl_shape shape = {0};
 *     dpl_schedule *schedule = NULL;
 *     dpl_timeline *timeline = NULL;
 *     dpl_stage stages[4];
 *     dpl_rank_memory memory[4];
 *     double room[4 * DPL_STAGE_COST_ROOM], bytes, p2p;
 *     dpl_costs costs;
 *     dpl_step_convention convention = {.flops = {.causal = true}, .peak = DPL_BF16};
 *     dpl_step_time step;
 *
 *     plan.model = (dpl_transformer){.layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 8,
 *                                    .head_dim = 128, .ffn = 14336, .gated_mlp = true,
 *                                    .vocab = 128256, .seq_len = 8192};
 *     plan.machine.peak_tflops = 989.4;
 *     plan.machine.memory_bytes = 80e9;
 *     plan.machine.memory_gb_s = 3350;
 *     plan.machine.intra_gb_s = 450;
 *     plan.machine.inter_gb_s = 50;
 *     plan.layout.pipeline = 4;
 *     plan.layout.data = 4;
 *     plan.layout.global_batch = 32;
 *     if (dpl_plan_schedule(&plan, "1f1b", &shape, NULL, &schedule, &error) == DPL_OK &&
 *         dpl_plan_stages(&plan, schedule, stages, &bytes, &p2p, &error) == DPL_OK &&
 *         dpl_timeline_create(schedule, NULL, &timeline, &error) == DPL_OK) {
 *         dpl_plan_memory(&plan, schedule, stages, memory);
 *         dpl_stage_costs(schedule, stages, p2p, room, &costs);
 *         if (dpl_simulate(timeline, &costs, NULL, &error) == DPL_OK &&
 *             dpl_plan_step(&plan, stages, memory, &convention, timeline, &step, &error) == DPL_OK)
 *             printf("%.3f s, MFU %.3f, %.1f GB\n", step.step_time, step.mfu,
 *                    step.worst_bytes / 1e9);
 *     }
 *     dpl_timeline_destroy(timeline);
 *     dpl_schedule_destroy(schedule);
 *
 * Sources: "Korthikanti" arXiv 2205.05198; "SC21" arXiv 2104.04473; "ZeRO" arXiv 1910.02054;
 * "DeepSeek-V3" arXiv 2412.19437; "FlashAttention" arXiv 2205.14135.
 */
#ifndef DPL_PLAN_H
#define DPL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "../dpl.h"
#include "transformer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The machine ---- */

/* The share of its best that a matrix product reaches whose smallest dimension is `size`. */
typedef struct dpl_efficiency {
    double size;
    double share;
} dpl_efficiency;

#define DPL_EFFICIENCY_ROWS 16

/*
 * An accelerator in a cluster: what the data sheet says, then the shares of it that are reached.
 *
 * by_size: rows by size, rising; between two the share goes straight along log2(size), below the
 * first it falls with the size, above the last it stays. A product of m x k by k x n reaches
 * `matmul` x that share of the peak; those of experts, grouped, `grouped` of that besides, and the
 * batched ones of attention that stores its matrix `batched`. attention_forward and _backward: of
 * the 16-bit peak, for a flash attention's operations on half of the matrix, the backward's
 * five products counted. memory: of memory_gb_s, for what only reads and writes. intra, inter,
 * all_to_all: of the links. pair_hidden: of the lesser of computation and all-to-alls in an
 * overlapped pair, the share that hides behind the greater. slowdown: what a run takes over what
 * its kernels add up to, as a factor on every action; 1 but where that was measured.
 */
typedef struct dpl_machine {
    double peak_tflops;     /* dense, 16 bit */
    double peak_tflops_fp8; /* 0: the machine has none */
    double memory_bytes;
    double memory_gb_s;
    int32_t gpus_per_node;
    double intra_gb_s; /* of a GPU to those of its node, one direction */
    double inter_gb_s; /* of a GPU to other nodes, one direction */
    double host_gb_s;  /* to the host's memory, one direction; 0: not known, nothing is offloaded */
    double price_per_hour; /* of a GPU; 0: not given */
    double matmul;
    double matmul_fp8; /* of peak_tflops_fp8 */
    double grouped;
    double batched;
    double attention_forward;
    double attention_backward;
    double memory;
    double intra;
    double inter;
    double all_to_all;
    double intra_latency; /* seconds, of a message or a step of a collective */
    double inter_latency;
    double pair_hidden;
    double slowdown;
    dpl_efficiency by_size[DPL_EFFICIENCY_ROWS];
    int32_t num_sizes;
} dpl_machine;

/*
 * Shares of no machine in particular, for one that nobody measured: 0.7 of a peak is what large
 * products reach on an A100, 0.75 of a memory's bandwidth what copies do, links as NCCL's
 * collectives on NVLink and InfiniBand, hidden what DeepSeek's profile of a pair shows. By size:
 * products measured on an A100 PCIe (SimuMax@4dcaae5, configs/system), mean by smallest dimension,
 * over that of 4096 and more (512: 0.61, 1024: 0.67, 2048: 0.69, 4096: 0.73 of the peak); 128 and
 * 256, which it has not, as measured on a B200. The data sheet's figures are still to be given.
 */
#define DPL_MACHINE_DEFAULTS                                                                       \
    {                                                                                              \
        .gpus_per_node = 8, .matmul = 0.7, .matmul_fp8 = 0.45, .grouped = 0.85, .batched = 0.6,    \
        .attention_forward = 0.4, .attention_backward = 0.4, .memory = 0.75, .intra = 0.77,        \
        .inter = 0.8, .all_to_all = 0.6, .intra_latency = 1e-5, .inter_latency = 2e-5,             \
        .pair_hidden = 0.963, .slowdown = 1, .num_sizes = 6, .by_size = {                          \
            {128, 0.45},                                                                           \
            {256, 0.55},                                                                           \
            {512, 0.83},                                                                           \
            {1024, 0.91},                                                                          \
            {2048, 0.95},                                                                          \
            {4096, 1}                                                                              \
        }                                                                                          \
    }

/* DPL_ARGUMENT where a figure is outside its rule, naming it. */
DPL_API dpl_code dpl_machine_check(const dpl_machine *machine, dpl_error *error);

/* ---- The layout ---- */

/* How tensor parallelism's GPUs exchange: all-reduces; the same with pipeline transfers cut in t
 * parts and gathered again (SC21 4.1); or sequence parallelism (Korthikanti 4.2.2). */
typedef enum dpl_tensor_comm {
    DPL_TENSOR_ALL_REDUCE,
    DPL_TENSOR_SCATTER_GATHER,
    DPL_TENSOR_SEQUENCE_PARALLEL
} dpl_tensor_comm;

/* What of it hides behind the layer's products: nothing; all but the first of t parts; all but the
 * first of four. */
typedef enum dpl_tensor_overlap {
    DPL_OVERLAP_NONE,
    DPL_OVERLAP_RING,
    DPL_OVERLAP_PIPE
} dpl_tensor_overlap;

/* The link that a group's messages take: by the group's place (see above), or as told. */
typedef enum dpl_link_class { DPL_LINK_AUTO, DPL_LINK_INTRA, DPL_LINK_INTER } dpl_link_class;

typedef enum dpl_precision { DPL_BF16, DPL_FP8 } dpl_precision;

/*
 * Where zero is allowed and means a default, it is said. layers_of: how many layers each piece of
 * the model gets, in order, num_pieces of them as many as the strategy's route has stages; NULL for
 * an even division, where pieces that get one layer less are taken from the ends, the last first.
 * The embedding is on the first piece, the head on the last, and with it the layers of multi-token
 * prediction, which count as layers of that piece when layers are divided evenly.
 */
typedef struct dpl_parallelism {
    int32_t tensor, pipeline, data, context, expert;
    int32_t micro_batch;  /* samples */
    int32_t global_batch; /* samples of a step, of all data-parallel copies */
    int32_t seq_len;      /* 0: the model's */
    int tensor_comm;      /* a dpl_tensor_comm */
    bool regather;        /* sequence parallelism keeps its shard and gathers again in B */
    int tensor_overlap;   /* a dpl_tensor_overlap */
    bool data_overlap;
    int recompute; /* a dpl_recompute; selective: a stored attention's matrix, or a latent
                      attention's heads from their low ranks (DeepSeek-V3 3.2.3) */
    int zero;      /* 0 to 3; 1 is the distributed optimizer */
    int precision; /* of matrix products: a dpl_precision */
    bool flash;    /* attention never stores its matrix */
    bool dropout;
    bool fused_activation; /* the activation's output is not kept but worked out again */
    bool train_mtp;        /* layers of multi-token prediction are there */
    bool offload_weights, offload_activations, offload_optimizer;
    int tensor_link, pipeline_link, data_link; /* dpl_link_class */
    int32_t expert_nodes; /* a token's experts are on at most so many nodes; 0: on any */
    const int32_t *layers_of;
    size_t num_pieces;
    double parameter_bytes; /* of a parameter, its gradient and its optimizer's state */
    double gradient_bytes;
    double optimizer_bytes;
    double reserve_bytes; /* context, libraries, fragments: what no tensor holds */
} dpl_parallelism;

/* Measured outside of PyTorch's tensors on H100, pipeline 4, expert 8: 5.8 GiB (pith-train,
 * tools/memory_estimator). */
#define DPL_RESERVE_BYTES (5.8 * 1073741824)

#define DPL_PARALLELISM_DEFAULTS                                                                   \
    {                                                                                              \
        .tensor = 1, .pipeline = 1, .data = 1, .context = 1, .expert = 1, .micro_batch = 1,        \
        .global_batch = 1, .tensor_comm = DPL_TENSOR_SEQUENCE_PARALLEL, .regather = true,          \
        .zero = 1, .flash = true, .data_overlap = true, .parameter_bytes = DPL_PARAMETER_BYTES,    \
        .gradient_bytes = DPL_GRADIENT_BYTES, .optimizer_bytes = DPL_OPTIMIZER_BYTES,              \
        .reserve_bytes = DPL_RESERVE_BYTES                                                         \
    }

/* A model, a machine, and how the one is laid out on the other. */
typedef struct dpl_plan {
    dpl_transformer model;
    dpl_machine machine;
    dpl_parallelism layout;
} dpl_plan;

/*
 * DPL_ARGUMENT, or DPL_SIZE for what does not divide, naming the rule that fails, the values, and
 * the nearest that would do: num_pieces is the stages of the strategy's route, 0 where it is not
 * known yet.
 */
DPL_API dpl_code dpl_plan_check(const dpl_plan *plan, int32_t num_pieces, dpl_error *error);

/* GPUs of the layout, and micro-batches of a step on one pipeline: of a plan that was checked. */
DPL_API int64_t dpl_plan_gpus(const dpl_parallelism *layout);
DPL_API int32_t dpl_plan_chunks(const dpl_parallelism *layout);

/* ---- What a stage costs ---- */

/*
 * Seconds by what they are spent on: products of matrices, the attention core, what only moves
 * bytes; then collectives as they would stand alone: of tensor parallelism, the experts'
 * all-to-alls, of context parallelism; host: what is brought from or to the host's memory.
 */
typedef struct dpl_seconds {
    double products, core, bytes;
    double tensor, expert, context, host;
} dpl_seconds;

/* Bytes that one GPU sends in collectives, each as a ring moves it. */
typedef struct dpl_sent {
    double tensor, expert, context;
} dpl_sent;

/*
 * A stage (by number, of all routes) on one GPU, for one micro-batch. forward, input, weight,
 * backward: lengths of F, I, W and of a fused B, which is no more than I + W; pair: of an
 * overlapped pair of its F with the B of the other stage of its rank, 0 where its rank has not two.
 * kept_bytes: activations from F to B; of those weight_bytes stay until W where I and W are apart.
 * transient_bytes: the most that one action needs besides. sent: forward and backward together. The
 * parameters are those of one GPU;
 * expert ones apart, since they are shared by other GPUs.
 */
typedef struct dpl_stage {
    int32_t piece; /* of the model, 0 the first */
    int32_t first_layer, layers;
    bool has_embedding, has_head;
    dpl_seconds in_forward, in_input, in_weight;
    dpl_sent sent;
    double forward, input, weight, backward, pair;
    double kept_bytes, weight_bytes, transient_bytes;
    double params, expert_params;
} dpl_stage;

/*
 * Fills stages[0 .. dpl_schedule_num_stages - 1], the caller's, and *message_bytes and *p2p: what
 * one GPU sends to the next stage for a micro-batch, and how long that takes.
 */
DPL_API dpl_code dpl_plan_stages(const dpl_plan *plan, const dpl_schedule *schedule,
                                 dpl_stage *stages, double *message_bytes, double *p2p,
                                 dpl_error *error);

/*
 * A strategy's schedule for the plan, of shape->num_ranks = pipeline ranks; shape->num_chunks is
 * not looked at. Where the strategy's order depends on costs it is made for those that the plan's
 * stages have. The caller's to destroy.
 */
DPL_API dpl_code dpl_plan_schedule(const dpl_plan *plan, const char *strategy,
                                   const dpl_shape *shape, const dpl_hooks *hooks,
                                   dpl_schedule **schedule, dpl_error *error);

/* Doubles of room that dpl_stage_costs needs for each stage. */
#define DPL_STAGE_COST_ROOM 5

/*
 * Costs for dpl_simulate (DPL_COSTS_OF_STAGE) from stages. `room`, DPL_STAGE_COST_ROOM doubles a
 * stage, is the caller's, and the costs point into it. A schedule that has I and W gets B = I + W,
 * another the fused B.
 */
DPL_API void dpl_stage_costs(const dpl_schedule *schedule, const dpl_stage *stages, double p2p,
                             double *room, dpl_costs *costs);

/* ---- Memory ---- */

/*
 * What one GPU of a rank holds when it holds most, in bytes. buffer_bytes: messages of the pipeline
 * and the experts, and the layers that ZeRO 2 and 3 have whole while they work. activation_bytes
 * are those kept at the peak, transient_bytes what the action at the peak needs besides; position
 * is that action's in the rank's order, and chunks how many micro-batches (counting a stage's each)
 * are then in flight.
 */
typedef struct dpl_rank_memory {
    int32_t rank;
    int32_t chunks;
    double params; /* on the GPU before sharding by ZeRO, all of the rank's stages */
    double parameter_bytes, gradient_bytes, optimizer_bytes;
    double activation_bytes, transient_bytes;
    double buffer_bytes;
    double reserve_bytes;
    double total_bytes;
    size_t position;
} dpl_rank_memory;

/* Fills rows[0 .. num_ranks - 1] from stages that dpl_plan_stages filled. */
DPL_API void dpl_plan_memory(const dpl_plan *plan, const dpl_schedule *schedule,
                             const dpl_stage *stages, dpl_rank_memory *rows);

/*
 * Activations and transients over a rank's order: held[i] while action i runs, for as many as the
 * order is long; the caller's.
 */
DPL_API void dpl_plan_memory_over(const dpl_schedule *schedule, const dpl_stage *stages,
                                  int32_t rank, double *held);

/* ---- A step ---- */

/*
 * A step, in seconds: the pipeline from first start to last end; what the reduction of gradients
 * and the gathering of parameters add to it (the whole of which is data_seconds of the rank with
 * most); the optimizer. mfu and hfu: of peak_tflops, by the convention
 * given; hfu counts recomputed layers and stored attention cores as well.
 */
typedef struct dpl_step_time {
    double pipeline, data_exposed, optimizer, step_time;
    double data_seconds;
    double data_bytes; /* that a GPU of that rank sends for it */
    double bubble_ratio;
    double samples_per_second, tokens_per_second; /* of the whole cluster */
    double flops_per_token;
    double tflops_per_gpu;
    double peak_tflops;
    double mfu, hfu;
    double gpu_hours;   /* of a step */
    double price;       /* of a step; 0 where the machine has none */
    int32_t worst_rank; /* that holds most bytes */
    double worst_bytes;
} dpl_step_time;

/* mfu is measured against: DPL_BF16, the 16-bit peak, as DeepSeek and torchtitan do with FP8 too.
 */
typedef struct dpl_step_convention {
    dpl_flops_convention
        flops; /* its recompute is not looked at: mfu counts none, hfu the layout's */
    int peak;  /* a dpl_precision */
} dpl_step_convention;

/*
 * A step of a timeline that was simulated with the stages' costs: adds what follows the pipeline.
 * memory: as filled by dpl_plan_memory, num_ranks rows.
 */
DPL_API dpl_code dpl_plan_step(const dpl_plan *plan, const dpl_stage *stages,
                               const dpl_rank_memory *memory, const dpl_step_convention *convention,
                               const dpl_timeline *timeline, dpl_step_time *step, dpl_error *error);

/* The arithmetic alone, for a step_time that was measured. */
DPL_API dpl_code dpl_step_rates(const dpl_plan *plan, const dpl_step_convention *convention,
                                double step_time, dpl_step_time *step, dpl_error *error);

#ifdef __cplusplus
}
#endif

/* Needs what is above, and is part of dpl.h by way of this. */
#include "layouts.h"

#endif
