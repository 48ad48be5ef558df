/*
 * Plans as a program in C sees them: what is refused that Lua's options would have refused before,
 * and memory that cannot be had.
 */
#include <math.h>

#include "supply.h"

static dpl_plan small_plan(void)
{
    dpl_plan plan = {.machine = DPL_MACHINE_DEFAULTS, .layout = DPL_PARALLELISM_DEFAULTS};
    plan.model = (dpl_transformer){.layers = 8,
                                   .hidden = 256,
                                   .heads = 4,
                                   .kv_heads = 4,
                                   .head_dim = 64,
                                   .ffn = 1024,
                                   .vocab = 512,
                                   .seq_len = 64};
    plan.machine.peak_tflops = 1;
    plan.machine.memory_bytes = 1e12;
    plan.machine.memory_gb_s = 1;
    plan.machine.intra_gb_s = 1;
    plan.machine.inter_gb_s = 1;
    plan.layout.pipeline = 4;
    plan.layout.global_batch = 16;
    return plan;
}

static void refuses(const dpl_plan *plan, const char *text)
{
    dpl_error error = {.message = ""};
    CHECK(dpl_plan_check(plan, 0, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, text);
    CHECK(dpl_plan_check(plan, 0, NULL) == DPL_ARGUMENT);
}

/* Each figure of a machine has bounds, and is not a NaN. */
static void test_machine_bounds(void)
{
    dpl_plan plan = small_plan();
    dpl_machine *m = &plan.machine;
    const struct {
        double *member;
        double wrong;
        const char *text;
    } cases[] = {{&m->peak_tflops, 0, "peak_tflops"},
                 {&m->peak_tflops_fp8, -1, "peak_tflops_fp8"},
                 {&m->memory_bytes, NAN, "memory_bytes"},
                 {&m->memory_gb_s, 0, "memory_gb_s"},
                 {&m->intra_gb_s, 0, "intra_gb_s"},
                 {&m->inter_gb_s, INFINITY, "inter_gb_s"},
                 {&m->host_gb_s, -1, "host_gb_s"},
                 {&m->price_per_hour, -1, "price_per_hour"},
                 {&m->matmul, 1.01, "matmul must be from 0.001 to 1"},
                 {&m->matmul_fp8, 0, "matmul_fp8"},
                 {&m->grouped, 3, "grouped"},
                 {&m->batched, NAN, "batched"},
                 {&m->attention_forward, 2, "attention_forward"},
                 {&m->attention_backward, 0, "attention_backward"},
                 {&m->memory, 2, "memory"},
                 {&m->intra, 2, "intra"},
                 {&m->inter, 0, "inter"},
                 {&m->all_to_all, -1, "all_to_all"},
                 {&m->intra_latency, -1, "intra_latency"},
                 {&m->inter_latency, NAN, "inter_latency"},
                 {&m->pair_hidden, 1.5, "pair_hidden"},
                 {&m->slowdown, 0, "slowdown"}};
    CHECK(dpl_plan_check(&plan, 0, NULL) == DPL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double right = *cases[i].member;
        *cases[i].member = cases[i].wrong;
        refuses(&plan, cases[i].text);
        *cases[i].member = right;
    }
    m->gpus_per_node = 0;
    refuses(&plan, "gpus_per_node");
    m->gpus_per_node = 8;
    m->num_sizes = DPL_EFFICIENCY_ROWS + 1;
    refuses(&plan, "by_size has at most 16 rows (got 17)");
    m->num_sizes = -1;
    refuses(&plan, "by_size");
}

/* Each choice of a layout is one of its enumeration, each count at least 1. */
static void test_layout_bounds(void)
{
    dpl_plan plan = small_plan();
    dpl_parallelism *l = &plan.layout;
    const struct {
        int32_t *member;
        int32_t wrong;
        const char *text;
    } counts[] = {
        {&l->tensor, 0, "tensor_parallel"},     {&l->pipeline, 0, "pipeline_parallel"},
        {&l->data, -1, "data_parallel"},        {&l->context, 0, "context_parallel"},
        {&l->expert, 0, "expert_parallel"},     {&l->micro_batch, 0, "micro_batch"},
        {&l->global_batch, 0, "global_batch"},  {&l->seq_len, -1, "seq_len"},
        {&l->expert_nodes, -1, "expert_nodes"}, {&l->zero, 4, "zero"},
        {&l->tensor_comm, 3, "tensor_comm"},    {&l->tensor_overlap, -1, "tensor_overlap"},
        {&l->recompute, 3, "recompute"},        {&l->precision, 2, "precision"},
        {&l->tensor_link, 3, "tensor_link"},    {&l->pipeline_link, -1, "pipeline_link"},
        {&l->data_link, 3, "data_link"}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int32_t right = *counts[i].member;
        *counts[i].member = counts[i].wrong;
        refuses(&plan, counts[i].text);
        *counts[i].member = right;
    }
    l->gradient_bytes = NAN;
    refuses(&plan, "gradient_bytes");
    l->gradient_bytes = 4;
    l->reserve_bytes = -1;
    refuses(&plan, "reserve_bytes");
    l->reserve_bytes = 0;
    l->data = 1000000;
    l->pipeline = 1000000;
    refuses(&plan, "GPUs must be from 1 to 100000000");
}

static void test_a_schedule_of_other_ranks(void)
{
    dpl_plan plan = small_plan();
    dpl_error error = {.message = ""};
    dpl_shape shape = {.num_ranks = 2, .num_chunks = 4};
    dpl_schedule *schedule = NULL;
    dpl_stage stages[2];
    double bytes = 1;
    double p2p = 1;
    CHECK(dpl_schedule_create("1f1b", &shape, NULL, &schedule, &error) == DPL_OK);
    CHECK(dpl_plan_stages(&plan, schedule, stages, &bytes, &p2p, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "the schedule has 2 ranks and the layout a pipeline of 4");
    CHECK(bytes == 0 && p2p == 0);
    dpl_schedule_destroy(schedule);
}

/* zb_1p is made twice: for no costs, and for those that its stages have. */
static dpl_code make(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                     dpl_error *error)
{
    dpl_plan plan = small_plan();
    dpl_schedule *schedule = NULL;
    dpl_code code = dpl_plan_schedule(&plan, strategy, shape, hooks, &schedule, error);
    CHECK((code == DPL_OK) == (schedule != NULL));
    dpl_schedule_destroy(schedule);
    return code;
}

static void test_every_allocation_may_fail(void)
{
    const job jobs[] = {{make, "1f1b", {0}}, {make, "zb_1p", {0}}, {make, "zbv_greedy", {0}}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        fail_each_allocation(&jobs[i]);
    }
}

static void test_no_strategy_of_that_name(void)
{
    dpl_plan plan = small_plan();
    dpl_shape shape = {0};
    dpl_error error = {.message = ""};
    dpl_schedule *schedule = NULL;
    CHECK(dpl_plan_schedule(&plan, "1fb1", &shape, NULL, &schedule, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "1f1b");
    CHECK(schedule == NULL);
}

int main(void)
{
    static const test tests[] = {
        TEST(test_machine_bounds),
        TEST(test_layout_bounds),
        TEST(test_a_schedule_of_other_ranks),
        TEST(test_every_allocation_may_fail),
        TEST(test_no_strategy_of_that_name),
    };
    return RUN_TESTS(tests);
}
