/* Bytes: of a layer's activations, and of everything that a GPU of a rank holds. */
#include <stddef.h>

#include "base/error.h"
#include "dpl.h"
#include "schedule/schedule.h"

/* ---- Activations of one layer ---- */

/* Korthikanti, table 2: what a layer keeps for each of s b h, attention matrices aside. */
static double bytes_per_element(const dpl_model *m)
{
    double t = m->tensor_parallel;
    return m->sequence_parallel ? 34 / t : 10 + 24 / t;
}

/* The same table: softmax, its dropout's mask and output, 5 bytes of each of a s^2 b. */
static double attention_bytes_per_element(const dpl_model *m)
{
    return 5.0 * m->num_heads * m->seq_len / m->hidden_dim / m->tensor_parallel;
}

static double elements(const dpl_model *m, int32_t micro_batch)
{
    return (double)m->seq_len * micro_batch * m->hidden_dim;
}

double dpl_model_layer_bytes(const dpl_model *model, int32_t micro_batch)
{
    double sbh = elements(model, micro_batch);
    switch (model->recipe) {
    case DPL_RECIPE_FULL:
        return 2 * sbh;
    case DPL_RECIPE_STANDARD:
        return sbh * (bytes_per_element(model) + attention_bytes_per_element(model));
    default:
        return sbh * bytes_per_element(model);
    }
}

double dpl_model_chunk_bytes(const dpl_model *model, int32_t num_ranks, int32_t micro_batch)
{
    return dpl_model_share_layers(model, num_ranks) * dpl_model_layer_bytes(model, micro_batch);
}

/* ---- Ranks ---- */

/* The backward recomputes a layer at a time, or a whole stage that is less than a layer. */
static double recompute_bytes(const dpl_model *m, double stage_layers, int32_t micro_batch)
{
    if (m->recipe != DPL_RECIPE_FULL) {
        return 0;
    }
    return (stage_layers < 1 ? stage_layers : 1) * elements(m, micro_batch) * bytes_per_element(m);
}

/* The stages of each rank, as shares of the model: `params` gets how many, `recompute_bytes` the
 * largest. */
static void count_shares(const dpl_schedule *s, dpl_memory *rows)
{
    for (size_t route = 0; route < dpl_schedule_num_routes(s); route++) {
        int32_t first = dpl_schedule_route_first_stage(s, route);
        int32_t length = dpl_schedule_route_length(s, route);
        double share = (double)dpl_schedule_num_ranks(s) / length;
        for (int32_t stage = first; stage < first + length; stage++) {
            dpl_memory *row = &rows[dpl_schedule_stage_rank(s, stage)];
            row->params += share;
            if (share > row->recompute_bytes) {
                row->recompute_bytes = share;
            }
        }
    }
}

/* From shares, see count_shares, to bytes. */
static void fill(const dpl_model *m, const dpl_schedule *s, int32_t micro_batch, dpl_memory *row)
{
    int32_t ranks = dpl_schedule_num_ranks(s);
    double layers = dpl_model_share_layers(m, ranks);
    dpl_peak peak = dpl_peak_of_rank(s, row->rank, m->weight_memory);
    row->peak_activations = peak.activations;
    row->peak_share = peak.share;
    row->params *= dpl_model_share_params(m, ranks) / m->tensor_parallel;
    row->parameter_bytes = row->params * m->parameter_bytes;
    row->gradient_bytes = row->params * m->gradient_bytes;
    row->optimizer_bytes = row->params * m->optimizer_bytes;
    if (m->optimizer_shards > 0) {
        row->optimizer_bytes /= m->optimizer_shards;
    }
    row->recompute_bytes = recompute_bytes(m, layers * row->recompute_bytes, micro_batch);
    row->activation_bytes =
        peak.share * dpl_model_chunk_bytes(m, ranks, micro_batch) + row->recompute_bytes;
    row->total_bytes =
        row->parameter_bytes + row->gradient_bytes + row->optimizer_bytes + row->activation_bytes;
}

dpl_code dpl_memory_of_ranks(const dpl_model *model, const dpl_schedule *schedule, dpl_memory *rows,
                             dpl_error *error)
{
    int32_t micro_batch = 0;
    dpl_code code = dpl_schedule_can_run(schedule, error);
    if (code == DPL_OK) {
        code = dpl_model_check(model, error);
    }
    if (code == DPL_OK) {
        code = dpl_model_micro_batch(model, dpl_schedule_num_chunks(schedule), &micro_batch, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        rows[rank] = (dpl_memory){.rank = rank};
    }
    count_shares(schedule, rows);
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        fill(model, schedule, micro_batch, &rows[rank]);
    }
    return DPL_OK;
}

const dpl_memory *dpl_memory_worst(const dpl_memory *rows, size_t count)
{
    const dpl_memory *worst = rows;
    for (size_t i = 1; i < count; i++) {
        if (rows[i].total_bytes > worst->total_bytes) {
            worst = &rows[i];
        }
    }
    return worst;
}

const dpl_memory *dpl_memory_worst_activations(const dpl_memory *rows, size_t count)
{
    const dpl_memory *worst = rows;
    for (size_t i = 1; i < count; i++) {
        if (rows[i].activation_bytes > worst->activation_bytes) {
            worst = &rows[i];
        }
    }
    return worst;
}
