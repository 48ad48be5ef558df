/* Plans: a model, hardware and a layout read from a table, and what comes of them. */
#include "bind/plan.h"

#include "bind/bind.h"
#include "bind/transformer.h"

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* ---- The layout ---- */

static const char *const comms[] = {"all_reduce", "scatter_gather", "sequence_parallel", NULL};
static const char *const overlaps[] = {"none", "ring", "pipe", NULL};
static const char *const recomputes[] = {"none", "selective", "full", NULL};
static const char *const precisions[] = {"bf16", "fp8", NULL};
static const char *const links[] = {"auto", "intra", "inter", NULL};

/* What the options fill. */
typedef struct layout_options {
    dpl_plan_request request;
    dpl_integer_list layers_of;
} layout_options;

#define LAYOUT(member) offsetof(layout_options, request.plan.layout.member)
#define DEGREE(name, member, meaning)                                                              \
    {                                                                                              \
        name, DPL_OPTION_INTEGER, LAYOUT(member), 1, DPL_MOST_COUNT, 1, "", meaning, NULL          \
    }
#define CHOICE(name, member, preset, meaning, choices)                                             \
    {                                                                                              \
        name, DPL_OPTION_CHOICE, LAYOUT(member), 0, 0, preset, "", meaning, choices                \
    }
#define FLAG(name, member, preset, meaning)                                                        \
    {                                                                                              \
        name, DPL_OPTION_BOOLEAN, LAYOUT(member), 0, 1, preset, "", meaning, NULL                  \
    }
#define BYTES(name, member, most, preset, meaning)                                                 \
    {                                                                                              \
        name, DPL_OPTION_NUMBER, LAYOUT(member), 0, most, preset, "bytes", meaning, NULL           \
    }

static const dpl_option layout_fields[] = {
    {"strategy", DPL_OPTION_STRATEGY, offsetof(layout_options, request.strategy), 0, 0, DPL_UNSET,
     "", "of the pipeline; default 1f1b", NULL},
    {"stages_per_rank", DPL_OPTION_INTEGER, offsetof(layout_options, request.shape.stages_per_rank),
     1, DPL_MOST_COUNT, DPL_UNSET, "", "where the strategy has the option", NULL},
    {"pipeline_pairs", DPL_OPTION_INTEGER, offsetof(layout_options, request.shape.pipeline_pairs),
     1, DPL_MOST_COUNT, DPL_UNSET, "", "likewise", NULL},
    {"waves", DPL_OPTION_INTEGER, offsetof(layout_options, request.shape.waves), 1, DPL_MOST_COUNT,
     DPL_UNSET, "", "likewise", NULL},
    DEGREE("tensor_parallel", tensor, "GPUs that cut each layer"),
    DEGREE("pipeline_parallel", pipeline, "ranks of the pipeline"),
    DEGREE("data_parallel", data, "copies of the pipeline"),
    DEGREE("context_parallel", context, "GPUs that cut the sequence"),
    DEGREE("expert_parallel", expert, "GPUs that share out the experts"),
    DEGREE("micro_batch", micro_batch, "samples of a micro-batch"),
    {"global_batch", DPL_OPTION_INTEGER, LAYOUT(global_batch), 1, DPL_MOST_COUNT, DPL_REQUIRED, "",
     "samples of a step, of all copies", NULL},
    {"seq_len", DPL_OPTION_INTEGER, LAYOUT(seq_len), 1, DPL_MOST_COUNT, DPL_UNSET, "tokens",
     "of a sample; default the model's", NULL},
    CHOICE("tensor_comm", tensor_comm, DPL_TENSOR_SEQUENCE_PARALLEL,
           "how GPUs that cut a layer exchange", comms),
    FLAG("regather", regather, true, "sequence parallelism gathers inputs again for B"),
    CHOICE("tensor_overlap", tensor_overlap, DPL_OVERLAP_NONE, "how that hides behind products",
           overlaps),
    FLAG("data_overlap", data_overlap, true, "gradients are reduced behind the last backwards"),
    CHOICE("recompute", recompute, DPL_RECOMPUTE_NONE, "what the backward works out again",
           recomputes),
    {"zero", DPL_OPTION_INTEGER, LAYOUT(zero), 0, 3, 1, "", "stage of ZeRO", NULL},
    CHOICE("precision", precision, DPL_BF16, "of matrix products", precisions),
    FLAG("flash", flash, true, "attention never stores its matrix"),
    FLAG("dropout", dropout, false, "masks are kept"),
    FLAG("fused_activation", fused_activation, false, "the activation's output is not kept"),
    FLAG("train_mtp", train_mtp, false, "layers of multi-token prediction are trained"),
    FLAG("offload_weights", offload_weights, false, "to the host's memory"),
    FLAG("offload_activations", offload_activations, false, "likewise"),
    FLAG("offload_optimizer", offload_optimizer, false, "likewise"),
    CHOICE("tensor_link", tensor_link, DPL_LINK_AUTO, "the link of the tensor groups", links),
    CHOICE("pipeline_link", pipeline_link, DPL_LINK_AUTO, "of the pipeline", links),
    CHOICE("data_link", data_link, DPL_LINK_AUTO, "of the copies", links),
    {"expert_nodes", DPL_OPTION_INTEGER, LAYOUT(expert_nodes), 0, DPL_MOST_COUNT, 0, "",
     "nodes that a token's experts are on at most; 0 for any", NULL},
    {"layers_of", DPL_OPTION_INTEGERS, offsetof(layout_options, layers_of), 0, DPL_MOST_COUNT,
     DPL_UNSET, "", "layers of each piece of the model; default even", NULL},
    BYTES("parameter_bytes", parameter_bytes, DPL_MOST_STATE_BYTES, DPL_PARAMETER_BYTES,
          "of a parameter"),
    BYTES("gradient_bytes", gradient_bytes, DPL_MOST_STATE_BYTES, DPL_GRADIENT_BYTES,
          "of its gradient"),
    BYTES("optimizer_bytes", optimizer_bytes, DPL_MOST_STATE_BYTES, DPL_OPTIMIZER_BYTES,
          "of its optimizer state"),
    BYTES("reserve_bytes", reserve_bytes, 1e18, DPL_RESERVE_BYTES,
          "that no tensor holds: context, libraries, fragments"),
    {"causal", DPL_OPTION_BOOLEAN, offsetof(layout_options, request.convention.flops.causal), 0, 1,
     DPL_REQUIRED, "", "FLOPs count half of the attention's matrix", NULL},
    {"mtp", DPL_OPTION_BOOLEAN, offsetof(layout_options, request.convention.flops.mtp), 0, 1, 0, "",
     "FLOPs count multi-token prediction", NULL},
    {"peak", DPL_OPTION_CHOICE, offsetof(layout_options, request.convention.peak), 0, 0,
     DPL_REQUIRED, "", "that MFU is a share of", precisions},
};

/* Layouts' options, then the two that are tables. */
static const char *const others[] = {"model", "hardware"};
#define NUM_NAMES (COUNT_OF(layout_fields) + COUNT_OF(others))

static void list_names(const char *names[NUM_NAMES + 1])
{
    for (size_t i = 0; i < COUNT_OF(layout_fields); i++) {
        names[i] = layout_fields[i].name;
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        names[COUNT_OF(layout_fields) + i] = others[i];
    }
    names[NUM_NAMES] = NULL;
}

/* [-0, +1, e] What option `name`, a table or the name of a preset, stands for: pushed as a table.
 */
static void push_preset(lua_State *L, int index, const char *owner, const char *name)
{
    int type = lua_getfield(L, index, name);
    if (type == LUA_TNIL) {
        dpl_bind_error(L, "%s: option '%s' is missing: a name of dpl.%s.list(), or a table", owner,
                       name, name);
    }
    if (type == LUA_TTABLE) {
        return;
    }
    lua_getglobal(L, "require");
    lua_pushfstring(L, "dpl.%s", name);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "get");
    lua_replace(L, -2);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
}

/* [-0, +0, e] The convention is asked for: nobody's is everybody's. */
static void check_convention(lua_State *L, int index, const char *owner, const char *name,
                             const char *values)
{
    if (lua_getfield(L, index, name) == LUA_TNIL) {
        dpl_bind_error(L,
                       "%s: option '%s' is missing: MFU hangs on it, and no convention is "
                       "everybody's (%s)",
                       owner, name, values);
    }
    lua_pop(L, 1);
}

/* [-0, +0, e] */
static void check_conventions(lua_State *L, int index, const char *owner,
                              const dpl_transformer *model)
{
    check_convention(L, index, owner, "causal",
                     "true: half of the attention counts, as in Megatron-LM today; false: all of "
                     "it, as in SC21 and Korthikanti");
    check_convention(L, index, owner, "peak",
                     "'bf16': the 16-bit peak, as DeepSeek and torchtitan take with FP8 too; "
                     "'fp8': the 8-bit one");
    if (model->mtp_layers > 0) {
        check_convention(L, index, owner, "mtp",
                         "true: multi-token prediction counts, as in Megatron-LM; false: it does "
                         "not, as in DeepSeek's figures");
    }
}

void dpl_bind_plan(lua_State *L, int index, const char *owner, dpl_plan_request *request,
                   int anchor)
{
    const char *names[NUM_NAMES + 1];
    layout_options read = {0};
    int top = lua_gettop(L);
    index = lua_absindex(L, index);
    anchor = lua_absindex(L, anchor);
    luaL_checkstack(L, 10, "too many nested calls");
    luaL_checktype(L, index, LUA_TTABLE);
    list_names(names);
    dpl_bind_check_names(L, index, owner, names);
    push_preset(L, index, owner, "model");
    dpl_bind_transformer(L, -1, &read.request.plan.model);
    push_preset(L, index, owner, "hardware");
    dpl_bind_machine(L, -1, owner, &read.request.plan.machine);
    check_conventions(L, index, owner, &read.request.plan.model);
    dpl_bind_push_known(L, index, layout_fields, COUNT_OF(layout_fields));
    dpl_bind_read_options(L, -1, owner, layout_fields, COUNT_OF(layout_fields), &read, anchor);
    *request = read.request;
    request->strategy = request->strategy != NULL ? request->strategy : "1f1b";
    request->plan.layout.layers_of = read.layers_of.values;
    request->plan.layout.num_pieces = read.layers_of.count;
    request->shape.num_ranks = request->plan.layout.pipeline;
    lua_settop(L, top);
}

/* ---- What comes of it ---- */

/* [-0, +0, m] */
static void set_seconds(lua_State *L, const char *name, const dpl_seconds *s)
{
    lua_createtable(L, 0, 7);
    dpl_bind_set_number(L, "products", s->products);
    dpl_bind_set_number(L, "core", s->core);
    dpl_bind_set_number(L, "bytes", s->bytes);
    dpl_bind_set_number(L, "tensor", s->tensor);
    dpl_bind_set_number(L, "expert", s->expert);
    dpl_bind_set_number(L, "context", s->context);
    dpl_bind_set_number(L, "host", s->host);
    lua_setfield(L, -2, name);
}

/* [-0, +1, m] */
static void push_stage(lua_State *L, const dpl_stage *s)
{
    lua_createtable(L, 0, 18);
    dpl_bind_set_integer(L, "piece", s->piece);
    dpl_bind_set_integer(L, "first_layer", s->first_layer);
    dpl_bind_set_integer(L, "layers", s->layers);
    dpl_bind_set_boolean(L, "has_embedding", s->has_embedding);
    dpl_bind_set_boolean(L, "has_head", s->has_head);
    dpl_bind_set_number(L, "forward", s->forward);
    dpl_bind_set_number(L, "input", s->input);
    dpl_bind_set_number(L, "weight", s->weight);
    dpl_bind_set_number(L, "backward", s->backward);
    dpl_bind_set_number(L, "pair", s->pair);
    dpl_bind_set_number(L, "kept_bytes", s->kept_bytes);
    dpl_bind_set_number(L, "weight_bytes", s->weight_bytes);
    dpl_bind_set_number(L, "transient_bytes", s->transient_bytes);
    dpl_bind_set_number(L, "parameters", s->params);
    dpl_bind_set_number(L, "expert_parameters", s->expert_params);
    dpl_bind_set_number(L, "tensor_bytes", s->sent.tensor);
    dpl_bind_set_number(L, "expert_bytes", s->sent.expert);
    dpl_bind_set_number(L, "context_bytes", s->sent.context);
    set_seconds(L, "in_forward", &s->in_forward);
    set_seconds(L, "in_input", &s->in_input);
    set_seconds(L, "in_weight", &s->in_weight);
}

/* [-0, +1, m] */
static void push_memory(lua_State *L, const dpl_rank_memory *m)
{
    lua_createtable(L, 0, 12);
    dpl_bind_set_integer(L, "rank", m->rank);
    dpl_bind_set_number(L, "parameters", m->params);
    dpl_bind_set_number(L, "parameter_bytes", m->parameter_bytes);
    dpl_bind_set_number(L, "gradient_bytes", m->gradient_bytes);
    dpl_bind_set_number(L, "optimizer_bytes", m->optimizer_bytes);
    dpl_bind_set_number(L, "activation_bytes", m->activation_bytes);
    dpl_bind_set_number(L, "transient_bytes", m->transient_bytes);
    dpl_bind_set_number(L, "buffer_bytes", m->buffer_bytes);
    dpl_bind_set_number(L, "reserve_bytes", m->reserve_bytes);
    dpl_bind_set_number(L, "total_bytes", m->total_bytes);
    dpl_bind_set_integer(L, "peak_action", (lua_Integer)m->position);
    dpl_bind_set_integer(L, "peak_chunks", m->chunks);
}

/* [-0, +0, m] A step's time and what it is worth. */
static void set_rates(lua_State *L, const dpl_step_time *s)
{
    dpl_bind_set_number(L, "step_time", s->step_time);
    dpl_bind_set_number(L, "samples_per_second", s->samples_per_second);
    dpl_bind_set_number(L, "tokens_per_second", s->tokens_per_second);
    dpl_bind_set_number(L, "tflops_per_gpu", s->tflops_per_gpu);
    dpl_bind_set_number(L, "mfu", s->mfu);
    dpl_bind_set_number(L, "hfu", s->hfu);
    dpl_bind_set_number(L, "gpu_hours", s->gpu_hours);
    if (s->price > 0) {
        dpl_bind_set_number(L, "price", s->price);
    }
}

void dpl_bind_set_step(lua_State *L, const dpl_step_time *s)
{
    set_rates(L, s);
    dpl_bind_set_number(L, "pipeline", s->pipeline);
    dpl_bind_set_number(L, "data_exposed", s->data_exposed);
    dpl_bind_set_number(L, "optimizer", s->optimizer);
    dpl_bind_set_number(L, "bubble_ratio", s->bubble_ratio);
    dpl_bind_set_integer(L, "worst_rank", s->worst_rank);
    dpl_bind_set_number(L, "worst_bytes", s->worst_bytes);
}

/* [-0, +0, m] What the rates are worked out with. */
static void set_basis(lua_State *L, const dpl_step_time *s)
{
    dpl_bind_set_number(L, "flops_per_token", s->flops_per_token);
    dpl_bind_set_number(L, "peak_tflops", s->peak_tflops);
}

/* [-0, +0, m] A list of `count` entries of the table that `push` makes of each. */
static void set_stages(lua_State *L, const dpl_schedule *schedule, const dpl_stage *stages)
{
    int32_t count = dpl_schedule_num_stages(schedule);
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        push_stage(L, &stages[i]);
        dpl_bind_set_integer(L, "rank", dpl_schedule_stage_rank(schedule, i));
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "stages");
}

static void set_memory(lua_State *L, const dpl_rank_memory *rows, int32_t count)
{
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        push_memory(L, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "memory");
}

/* What an estimate works with, in userdata on the stack. */
typedef struct work {
    const dpl_schedule *schedule;
    dpl_stage *stages;
    dpl_rank_memory *memory;
    double *room;
    double message_bytes, p2p;
    int schedule_index;
} work;

/* [-0, +4, m] */
static void begin_work(lua_State *L, const dpl_schedule *schedule, work *w)
{
    size_t stages = (size_t)dpl_schedule_num_stages(schedule);
    size_t ranks = (size_t)dpl_schedule_num_ranks(schedule);
    w->schedule = schedule;
    w->schedule_index = lua_gettop(L);
    w->stages = lua_newuserdatauv(L, stages * sizeof *w->stages, 0);
    w->memory = lua_newuserdatauv(L, ranks * sizeof *w->memory, 0);
    w->room = lua_newuserdatauv(L, DPL_STAGE_COST_ROOM * stages * sizeof *w->room, 0);
}

/*
 * [-0, +1|+3, v] The schedule of a plan: the strategy's, and where its order depends on costs made
 * once more with the costs that the stages of the first have. False: nil, message, code pushed.
 */
static bool push_schedule(lua_State *L, const dpl_plan_request *request, work *w)
{
    dpl_error error;
    const dpl_strategy_info *info = dpl_strategy_find(request->strategy, dpl_bind_hooks(L));
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    if (dpl_plan_schedule(&request->plan, request->strategy, &request->shape, dpl_bind_hooks(L),
                          &box->schedule, &error) != DPL_OK) {
        lua_pop(L, 1);
        dpl_bind_fail(L, &error);
        return false;
    }
    dpl_bind_keep_schedule(L, box, info != NULL ? info->name : request->strategy);
    begin_work(L, box->schedule, w);
    return true;
}

/* [-0, +0, m] */
static void set_objects(lua_State *L, const work *w, int timeline)
{
    lua_pushvalue(L, w->schedule_index);
    lua_setfield(L, -2, "schedule");
    lua_pushvalue(L, timeline);
    lua_setfield(L, -2, "timeline");
    dpl_bind_set_number(L, "message_bytes", w->message_bytes);
    dpl_bind_set_number(L, "p2p", w->p2p);
}

/* [-0, +1, m] */
static void push_estimate(lua_State *L, const dpl_plan_request *request, const work *w,
                          const dpl_step_time *step, int timeline)
{
    lua_createtable(L, 0, 32);
    dpl_bind_set_step(L, step);
    set_basis(L, step);
    dpl_bind_set_number(L, "data_seconds", step->data_seconds);
    dpl_bind_set_number(L, "data_bytes", step->data_bytes);
    set_stages(L, w->schedule, w->stages);
    set_memory(L, w->memory, dpl_schedule_num_ranks(w->schedule));
    set_objects(L, w, timeline);
    dpl_bind_set_text(L, "strategy", request->strategy);
    dpl_bind_set_integer(L, "gpus", (lua_Integer)dpl_plan_gpus(&request->plan.layout));
    dpl_bind_set_integer(L, "num_chunks", dpl_plan_chunks(&request->plan.layout));
    dpl_bind_set_boolean(L, "fits", step->worst_bytes <= request->plan.machine.memory_bytes);
}

/* [-1, +1|+3, v] estimate(options) */
static int estimate(lua_State *L)
{
    dpl_error error;
    dpl_plan_request request;
    dpl_step_time step;
    dpl_costs costs;
    work w;
    lua_settop(L, 1);
    lua_newtable(L);
    dpl_bind_plan(L, 1, "dpl.plan", &request, 2);
    if (!push_schedule(L, &request, &w)) {
        return 3;
    }
    if (dpl_plan_stages(&request.plan, w.schedule, w.stages, &w.message_bytes, &w.p2p, &error) !=
        DPL_OK) {
        return dpl_bind_fail(L, &error);
    }
    dpl_plan_memory(&request.plan, w.schedule, w.stages, w.memory);
    dpl_stage_costs(w.schedule, w.stages, w.p2p, w.room, &costs);
    dpl_bind_simulate(L, w.schedule_index, &costs, NULL);
    int timeline = lua_gettop(L);
    if (dpl_plan_step(&request.plan, w.stages, w.memory, &request.convention,
                      dpl_bind_check_timeline(L, timeline), &step, &error) != DPL_OK) {
        return dpl_bind_fail(L, &error);
    }
    push_estimate(L, &request, &w, &step, timeline);
    return 1;
}

/* [-2, +1|+3, e] rates(options, step_time) */
static int rates(lua_State *L)
{
    dpl_error error;
    dpl_plan_request request;
    dpl_step_time step = {0};
    double step_time = dpl_bind_number(L, 2, "dpl.plan.rates: step_time", 0, DPL_MOST_NUMBER);
    lua_settop(L, 1);
    lua_newtable(L);
    dpl_bind_plan(L, 1, "dpl.plan.rates", &request, 2);
    if (dpl_plan_check(&request.plan, 0, &error) != DPL_OK ||
        dpl_step_rates(&request.plan, &request.convention, step_time, &step, &error) != DPL_OK) {
        return dpl_bind_fail(L, &error);
    }
    lua_createtable(L, 0, 12);
    set_rates(L, &step);
    set_basis(L, &step);
    return 1;
}

/* ---- The module ---- */

static const luaL_Reg functions[] = {{"estimate", estimate},
                                     {"rates", rates},
                                     {"memory_over", dpl_bind_plan_memory_over},
                                     {NULL, NULL}};

int dpl_bind_open_planning(lua_State *L)
{
    const char *names[NUM_NAMES + 1];
    luaL_newlib(L, functions);
    list_names(names);
    lua_createtable(L, NUM_NAMES, 0);
    for (size_t i = 0; i < NUM_NAMES; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "names");
    dpl_bind_push_options(L, layout_fields, COUNT_OF(layout_fields));
    lua_setfield(L, -2, "options");
    dpl_bind_push_efficiency(L);
    lua_setfield(L, -2, "efficiency");
    return 1;
}
