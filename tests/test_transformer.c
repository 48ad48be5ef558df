/*
 * Transformers: parameters and FLOPs against the formulas and the counts that were published, and
 * what is refused.
 */
#include <math.h>

#include "check.h"
#include "models.h"

static const dpl_flops_convention NON_CAUSAL = {.causal = false};

static const dpl_transformer LLAMA3_8B = {.layers = 32,
                                          .hidden = 4096,
                                          .heads = 32,
                                          .kv_heads = 8,
                                          .head_dim = 128,
                                          .ffn = 14336,
                                          .gated_mlp = true,
                                          .vocab = 128256,
                                          .seq_len = 8192};

static const dpl_transformer MIXTRAL = {.layers = 32,
                                        .hidden = 4096,
                                        .heads = 32,
                                        .kv_heads = 8,
                                        .head_dim = 128,
                                        .gated_mlp = true,
                                        .vocab = 32000,
                                        .seq_len = 4096,
                                        .moe = {.experts = 8, .top_k = 2, .expert_ffn = 14336}};

static const dpl_transformer DEEPSEEK_V3 = {.layers = 61,
                                            .hidden = 7168,
                                            .heads = 128,
                                            .kv_heads = 128,
                                            .ffn = 18432,
                                            .gated_mlp = true,
                                            .vocab = 129280,
                                            .seq_len = 4096,
                                            .mtp_layers = 1,
                                            .moe = {.experts = 256,
                                                    .top_k = 8,
                                                    .expert_ffn = 2048,
                                                    .shared_experts = 1,
                                                    .first_dense_layers = 3,
                                                    .router_bias = true},
                                            .mla = {.q_lora_rank = 1536,
                                                    .kv_lora_rank = 512,
                                                    .qk_nope_head_dim = 128,
                                                    .qk_rope_head_dim = 64,
                                                    .v_head_dim = 128}};

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

/* SC21 eq. 2 leaves out the last norm, 2h. */
static void test_parameters_of_gpt(void)
{
    dpl_transformer m = GPT3;
    double h = m.hidden;
    double L = m.layers;
    double vocab_and_positions = (double)m.vocab + m.learned_positions;
    double equation = 12 * L * h * h * (1 + 13 / (12 * h) + vocab_and_positions / (12 * L * h));
    dpl_parameters counts = dpl_transformer_parameters(&m);
    CHECK(is_near(counts.total, equation + 2 * h));
    CHECK(counts.active == counts.total);
    CHECK(counts.embedding == vocab_and_positions * h);
    CHECK(counts.head == 0 && counts.mtp == 0);
    CHECK(is_near(counts.matmul, 12 * L * h * h + h * m.vocab));
}

/* A tied head is counted once, and multiplied with all the same. */
static void test_tied_embeddings(void)
{
    dpl_transformer m = GPT3;
    m.tied_embeddings = false;
    dpl_parameters untied = dpl_transformer_parameters(&m);
    dpl_parameters tied = dpl_transformer_parameters(&GPT3);
    double head = (double)m.vocab * m.hidden;
    CHECK(untied.head == head);
    CHECK(untied.total - tied.total == head && untied.active - tied.active == head);
    CHECK(untied.matmul == tied.matmul);
}

/* Korthikanti eq. 7 and 8, and SC21 eq. 3, each for a token: B = 1, divided by s. */
static void test_flops_of_gpt(void)
{
    dpl_transformer m = GPT3;
    double h = m.hidden;
    double L = m.layers;
    double s = m.seq_len;
    double V = m.vocab;
    dpl_flops_convention convention = NON_CAUSAL;
    CHECK(is_near(dpl_transformer_flops_per_token(&m, m.seq_len, &convention),
                  72 * L * h * h * (1 + s / (6 * h) + V / (12 * h * L))));
    convention.recompute = DPL_RECOMPUTE_SELECTIVE;
    CHECK(is_near(dpl_transformer_flops_per_token(&m, m.seq_len, &convention),
                  72 * L * h * h * (1 + s / (3 * h) + V / (12 * h * L))));
    convention.recompute = DPL_RECOMPUTE_FULL;
    CHECK(is_near(dpl_transformer_flops_per_token(&m, m.seq_len, &convention),
                  96 * L * h * h * (1 + s / (6 * h) + V / (16 * L * h))));
}

/* The whole of a sequence counts, or the half of it that a token sees. */
static void test_causal(void)
{
    dpl_flops_convention causal = {.causal = true};
    for (int32_t seq_len = 1; seq_len < 100000; seq_len *= 7) {
        double whole = dpl_transformer_flops_per_token(&LLAMA3_8B, seq_len, &NON_CAUSAL);
        double half = dpl_transformer_flops_per_token(&LLAMA3_8B, seq_len, &causal);
        CHECK(whole - half == 3.0 * 32 * 2 * 32 * 128 * seq_len);
    }
}

/* As the models' checkpoints have them, to the last one. */
static void test_published_counts(void)
{
    CHECK(dpl_transformer_parameters(&LLAMA3_8B).total == 8030261248);
    CHECK(dpl_transformer_parameters(&MIXTRAL).total == 46702792704);
    const dpl_transformer gpt2 = {.layers = 12,
                                  .hidden = 768,
                                  .heads = 12,
                                  .kv_heads = 12,
                                  .head_dim = 64,
                                  .ffn = 3072,
                                  .vocab = 50257,
                                  .tied_embeddings = true,
                                  .learned_positions = 1024,
                                  .seq_len = 1024,
                                  .norm_bias = true,
                                  .linear_bias = true};
    CHECK(dpl_transformer_parameters(&gpt2).total == 124439808);
}

/* Every part of a layer by hand. */
static void test_latent_attention(void)
{
    const dpl_latent_attention *a = &DEEPSEEK_V3.mla;
    double h = DEEPSEEK_V3.hidden;
    double query = 128.0 * (128 + 64);
    double attention = h * a->q_lora_rank + a->q_lora_rank + a->q_lora_rank * query +
                       h * (a->kv_lora_rank + 64) + a->kv_lora_rank +
                       a->kv_lora_rank * 128.0 * (128 + 128) + 128.0 * 128 * h;
    dpl_layer_parameters first = dpl_transformer_layer_parameters(&DEEPSEEK_V3, 0);
    CHECK(first.expert == 0);
    CHECK(first.other == attention + 2 * h + 3 * h * 18432);
    dpl_layer_parameters mixture = dpl_transformer_layer_parameters(&DEEPSEEK_V3, 3);
    CHECK(mixture.expert == 256 * 3 * h * 2048);
    CHECK(mixture.other == attention + 2 * h + 3 * h * 2048 + 256 * h + 256);
    dpl_transformer m = DEEPSEEK_V3; /* queries at once, as in DeepSeek-V2-Lite */
    m.mla.q_lora_rank = 0;
    double direct = attention - h * a->q_lora_rank - a->q_lora_rank - a->q_lora_rank * query;
    CHECK(dpl_transformer_layer_parameters(&m, 0).other ==
          direct + h * query + 2 * h + 3 * h * 18432);
}

/* Layers one by one, embedding, head and last norm are the whole. */
static void test_layers_add_up(void)
{
    const dpl_transformer *const models[] = {&GPT3, &LLAMA3_8B, &MIXTRAL, &DEEPSEEK_V3};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        const dpl_transformer *m = models[i];
        dpl_parameters counts = dpl_transformer_parameters(m);
        double total = counts.embedding + counts.head + (m->norm_bias ? 2.0 : 1.0) * m->hidden;
        for (int32_t index = 0; index < m->layers; index++) {
            dpl_layer_parameters one = dpl_transformer_layer_parameters(m, index);
            CHECK((one.expert > 0) == dpl_transformer_is_mixture(m, index));
            total += one.expert + one.other;
        }
        CHECK(total == counts.total);
    }
}

static void test_multi_token_prediction(void)
{
    double h = DEEPSEEK_V3.hidden;
    dpl_layer_parameters last = dpl_transformer_layer_parameters(&DEEPSEEK_V3, 60);
    dpl_layer_parameters mtp = dpl_transformer_layer_parameters(&DEEPSEEK_V3, 61);
    CHECK(mtp.expert == last.expert && mtp.other == last.other + 2 * h * h + 3 * h);
    CHECK(dpl_transformer_parameters(&DEEPSEEK_V3).mtp == mtp.expert + mtp.other);
    dpl_flops_convention without = NON_CAUSAL;
    dpl_flops_convention with = {.mtp = true};
    double used = mtp.other - 256 - 2 * h - 3 * h - 1536 - 512 + 8 * 3 * h * 2048;
    double core = 128.0 * (128 + 64 + 128) * 4096;
    CHECK(dpl_transformer_flops_per_token(&DEEPSEEK_V3, 4096, &with) -
              dpl_transformer_flops_per_token(&DEEPSEEK_V3, 4096, &without) ==
          6 * (used + h * 129280) + 6 * core);
    /* Its forward too is run again, but no head's. */
    without.recompute = with.recompute = DPL_RECOMPUTE_FULL;
    CHECK(dpl_transformer_flops_per_token(&DEEPSEEK_V3, 4096, &with) -
              dpl_transformer_flops_per_token(&DEEPSEEK_V3, 4096, &without) ==
          8 * used + 6 * h * 129280 + 8 * core);
}

/* Biases of queries, keys and values, and norms of heads. */
static void test_biases(void)
{
    double before = dpl_transformer_layer_parameters(&LLAMA3_8B, 0).other;
    dpl_transformer m = LLAMA3_8B;
    m.qkv_bias = true;
    CHECK(dpl_transformer_layer_parameters(&m, 0).other == before + 128 * (32 + 2 * 8));
    m.qk_norm = true;
    CHECK(dpl_transformer_layer_parameters(&m, 0).other == before + 128 * (32 + 2 * 8) + 2 * 128);
    m.qkv_bias = m.qk_norm = false;
    m.linear_bias = true;
    double biases = 128.0 * (32 + 2 * 8) + 4096 + 2 * 14336 + 4096;
    CHECK(dpl_transformer_layer_parameters(&m, 0).other == before + biases);
    CHECK(dpl_transformer_parameters(&m).matmul == dpl_transformer_parameters(&LLAMA3_8B).matmul);
}

/* The largest dimensions that there are give numbers, if not whole ones. */
static void test_large(void)
{
    dpl_transformer m = DEEPSEEK_V3;
    m.layers = m.hidden = m.heads = m.kv_heads = m.vocab = m.ffn = m.seq_len = INT32_MAX;
    m.moe = (dpl_experts){INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, 1, true};
    m.mla = (dpl_latent_attention){INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
    CHECK(dpl_transformer_check(&m, NULL) == DPL_OK);
    dpl_parameters counts = dpl_transformer_parameters(&m);
    CHECK(isfinite(counts.total) && counts.total >= counts.active);
    CHECK(isfinite(dpl_transformer_flops_per_token(&m, INT32_MAX, &NON_CAUSAL)));
}

static void refuses(const dpl_transformer *model, const char *text)
{
    dpl_error error = {0};
    CHECK(dpl_transformer_check(model, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, text);
    CHECK(dpl_transformer_check(model, NULL) == DPL_ARGUMENT);
}

/* Each dimension below its least, in a model of which all else is right. */
static void test_bounds(void)
{
    dpl_transformer m = DEEPSEEK_V3;
    const struct {
        int32_t *member;
        int32_t least;
        const char *name;
    } list[] = {
        {&m.layers, 1, "layers must be from 1"},
        {&m.hidden, 1, "hidden"},
        {&m.heads, 1, "heads"},
        {&m.kv_heads, 1, "kv_heads"},
        {&m.head_dim, 0, "head_dim"},
        {&m.ffn, 0, "ffn"},
        {&m.vocab, 1, "vocab"},
        {&m.learned_positions, 0, "learned_positions"},
        {&m.seq_len, 1, "seq_len"},
        {&m.mtp_layers, 0, "mtp_layers must be from 0"},
        {&m.moe.experts, 0, "moe.experts"},
        {&m.moe.top_k, 1, "moe.top_k"},
        {&m.moe.expert_ffn, 1, "moe.expert_ffn"},
        {&m.moe.shared_experts, 0, "moe.shared_experts"},
        {&m.moe.first_dense_layers, 0, "moe.first_dense_layers"},
        {&m.mla.kv_lora_rank, 0, "mla.kv_lora_rank"},
        {&m.mla.q_lora_rank, 0, "mla.q_lora_rank"},
        {&m.mla.qk_nope_head_dim, 1, "mla.qk_nope_head_dim"},
        {&m.mla.qk_rope_head_dim, 0, "mla.qk_rope_head_dim"},
        {&m.mla.v_head_dim, 1, "mla.v_head_dim"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        int32_t right = *list[i].member;
        *list[i].member = list[i].least - 1;
        refuses(&m, list[i].name);
        *list[i].member = right;
    }
    CHECK(dpl_transformer_check(&m, NULL) == DPL_OK);
}

/* What does not fit together. */
static void test_rules(void)
{
    dpl_transformer m = LLAMA3_8B;
    m.kv_heads = 5;
    refuses(&m, "kv_heads must divide heads, 32");
    m = LLAMA3_8B;
    m.head_dim = 0;
    refuses(&m, "head_dim must be from 1");
    m = LLAMA3_8B;
    m.ffn = 0;
    refuses(&m, "of which there are 32");
    m = LLAMA3_8B;
    m.moe.top_k = 2;
    refuses(&m, "moe.top_k is 2, but moe.experts is 0");
    m = LLAMA3_8B;
    m.mla.v_head_dim = 128;
    refuses(&m, "mla.v_head_dim is 128, but mla.kv_lora_rank is 0");
    m = MIXTRAL;
    m.moe.top_k = 9;
    refuses(&m, "moe.top_k must be at most moe.experts, 8 (got 9)");
    m = MIXTRAL;
    m.moe.first_dense_layers = 33;
    refuses(&m, "moe.first_dense_layers must be at most layers, 32 (got 33)");
    m.moe.first_dense_layers = 32;
    refuses(&m, "ffn must be from 1");
    m = DEEPSEEK_V3;
    m.qkv_bias = true;
    refuses(&m, "latent attention (mla) has no qkv_bias");
    m.qkv_bias = false;
    m.qk_norm = true;
    refuses(&m, "latent attention (mla) has no qk_norm");
}

int main(void)
{
    static const test tests[] = {
        TEST(test_parameters_of_gpt),
        TEST(test_tied_embeddings),
        TEST(test_flops_of_gpt),
        TEST(test_causal),
        TEST(test_published_counts),
        TEST(test_latent_attention),
        TEST(test_layers_add_up),
        TEST(test_multi_token_prediction),
        TEST(test_biases),
        TEST(test_large),
        TEST(test_bounds),
        TEST(test_rules),
    };
    return RUN_TESTS(tests);
}
