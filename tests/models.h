/* Models that several tests in C work with. */
#ifndef DPL_TESTS_MODELS_H
#define DPL_TESTS_MODELS_H

#include "dpl.h"

/* GPT-3 175B as Megatron-LM trained it: SC21 table 2, Korthikanti table 3. */
static const dpl_transformer GPT3 = {.layers = 96,
                                     .hidden = 12288,
                                     .heads = 96,
                                     .kv_heads = 96,
                                     .head_dim = 128,
                                     .ffn = 49152,
                                     .vocab = 51200,
                                     .tied_embeddings = true,
                                     .learned_positions = 2048,
                                     .seq_len = 2048,
                                     .norm_bias = true,
                                     .linear_bias = true};

#endif
