/* Naming the actions of an editor: from text to an action, from an action to its node. */
#include "schedule/edit.h"

#include "base/error.h"

dpl_code dpl_editor_check_rank(const dpl_editor *e, int32_t rank, dpl_error *error)
{
    if (rank < 0 || rank >= e->shape->num_ranks) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no rank %ld: the ranks are 0 to %ld",
                        (long)rank, (long)e->shape->num_ranks - 1);
    }
    return DPL_OK;
}

/* ---- Numbers ---- */

/* Half a pair, or a whole action of another kind. */
typedef struct half {
    int32_t kind;
    int32_t stage;
    int32_t chunk;
} half;

/* How many halves. */
static int halves_of(const dpl_action *a, half out[2])
{
    if (a->kind != DPL_FB) {
        out[0] = (half){a->kind, a->stage, a->chunk};
        return 1;
    }
    out[0] = (half){DPL_F, a->stage, a->chunk};
    out[1] = (half){DPL_B, a->backward_stage, a->backward_chunk};
    return 2;
}

static dpl_code check_numbers(const dpl_editor *e, int32_t rank, half h, dpl_error *error)
{
    const dpl_schedule *s = e->shape;
    long r = (long)rank;
    long stage = (long)h.stage;
    long chunk = (long)h.chunk;
    char letter = dpl_kind_letter((dpl_kind)h.kind);
    if (h.stage < 0 || h.stage >= s->num_stages) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has no %ld%c%ld: the stages are 0 to %ld", r, stage, letter,
                           chunk, (long)s->num_stages - 1);
    }
    if (s->stage_rank[h.stage] != rank) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has no %ld%c%ld: stage %ld is on rank %ld", r, stage, letter,
                           chunk, stage, (long)s->stage_rank[h.stage]);
    }
    if (!dpl_schedule_has(s, h.stage, h.chunk)) {
        const dpl_route_stages *route = &s->routes[s->stage_route[h.stage]];
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has no %ld%c%ld: the chunks of stage %ld are %ld to %ld", r,
                           stage, letter, chunk, stage, (long)route->first_chunk,
                           (long)route->first_chunk + route->num_chunks - 1);
    }
    return DPL_OK;
}

/* ---- Text ---- */

/* The half's stage where it was left out: the only one of the rank to which its chunk comes. */
static dpl_code complete(const dpl_editor *e, int32_t rank, half *h, dpl_error *error)
{
    int32_t found[2] = {-1, -1};
    int count = 0;
    long r = (long)rank;
    long chunk = (long)h->chunk;
    char letter = dpl_kind_letter((dpl_kind)h->kind);
    for (size_t i = e->begin[rank]; i < e->begin[rank + 1] && count < 2 && h->stage < 0; i++) {
        if (dpl_schedule_has(e->shape, e->stages[i], h->chunk)) {
            found[count++] = e->stages[i];
        }
    }
    if (count == 2) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "chunk %ld comes by rank %ld more than once: write %ld%c%ld or %ld%c%ld "
                           "for %c%ld",
                           chunk, r, (long)found[0], letter, chunk, (long)found[1], letter, chunk,
                           letter, chunk);
    }
    h->stage = count == 1 ? found[0] : h->stage;
    if (h->stage >= 0) {
        return check_numbers(e, rank, *h, error);
    }
    if (h->chunk >= e->shape->num_chunks) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has no %c%ld: the chunks are 0 to %ld", r, letter, chunk,
                           (long)e->shape->num_chunks - 1);
    }
    return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                       "rank %ld has no %c%ld: chunk %ld does not come by it", r, letter, chunk,
                       chunk);
}

dpl_code dpl_editor_parse(const dpl_editor *editor, int32_t rank, const char *text, size_t length,
                          dpl_action *action, dpl_error *error)
{
    dpl_action parsed;
    half halves[2];
    const char *behind = text;
    dpl_code code = dpl_editor_check_rank(editor, rank, error);
    if (code != DPL_OK) {
        return code;
    }
    if (!dpl_scan_short_action(&behind, text + length, &parsed) || behind != text + length) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "'%.*s' is not an action: write kind (F, B, I or W) and chunk, as in F7, "
                        "or also the stage, as in 3F7, and a pair as F7&B11",
                        length > 60 ? 60 : (int)length, text);
    }
    int count = halves_of(&parsed, halves);
    for (int i = 0; i < count && code == DPL_OK; i++) {
        code = complete(editor, rank, &halves[i], error);
    }
    if (code == DPL_OK) {
        parsed.stage = halves[0].stage;
        parsed.backward_stage = count == 2 ? halves[1].stage : -1;
        *action = parsed;
    }
    return code;
}

/* ---- Nodes ---- */

dpl_code dpl_editor_refuse(int32_t rank, const dpl_action *action, const char *format,
                           dpl_error *error)
{
    char text[DPL_ACTION_TEXT_SIZE];
    dpl_action_format(action, text);
    return dpl_fail_at(error, DPL_ARGUMENT, rank, -1, format, text);
}

/* What makes the action that is there the one that is wanted. */
static const char *advice(int32_t there)
{
    switch (there) {
    case DPL_FB:
        return "unfuse it first, or name the pair";
    case DPL_B:
        return "split it first";
    case DPL_I:
        return "join it with its W first";
    default:
        return "fuse it first";
    }
}

/* The action is not in the order: another does its first part, or none. */
static dpl_code refuse_missing(const dpl_editor *e, int32_t rank, const dpl_action *a,
                               uint32_t node, dpl_error *error)
{
    char wanted[DPL_ACTION_TEXT_SIZE];
    char there[DPL_ACTION_TEXT_SIZE];
    dpl_action_format(a, wanted);
    if (node == DPL_NO_NODE) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has no %s: the schedule is without it", (long)rank, wanted);
    }
    dpl_action_format(&e->nodes[node].action, there);
    return dpl_fail_at(error, DPL_ARGUMENT, rank, -1, "rank %ld has no %s but %s: %s", (long)rank,
                       wanted, there, advice(e->nodes[node].action.kind));
}

static bool is_same(const dpl_action *a, const dpl_action *b)
{
    return a->kind == b->kind && a->stage == b->stage && a->chunk == b->chunk &&
           (a->kind != DPL_FB ||
            (a->backward_stage == b->backward_stage && a->backward_chunk == b->backward_chunk));
}

dpl_code dpl_editor_find(const dpl_editor *e, int32_t rank, const dpl_action *action,
                         uint32_t *node, dpl_error *error)
{
    half halves[2];
    dpl_code code = dpl_editor_check_rank(e, rank, error);
    if (code != DPL_OK) {
        return code;
    }
    if (action->kind < 0 || action->kind >= DPL_KIND_COUNT) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1, "there is no kind %ld of actions",
                           (long)action->kind);
    }
    int count = halves_of(action, halves);
    for (int i = 0; i < count; i++) {
        code = check_numbers(e, rank, halves[i], error);
        if (code != DPL_OK) {
            return code;
        }
    }
    *node = dpl_editor_node(e, action);
    if (*node == DPL_NO_NODE || !is_same(&e->nodes[*node].action, action)) {
        return refuse_missing(e, rank, action, *node, error);
    }
    return DPL_OK;
}

dpl_code dpl_editor_find_both(const dpl_editor *e, int32_t rank, const dpl_action *one,
                              const dpl_action *other, uint32_t nodes[2], dpl_error *error)
{
    dpl_code code = dpl_editor_find(e, rank, one, &nodes[0], error);
    return code == DPL_OK ? dpl_editor_find(e, rank, other, &nodes[1], error) : code;
}
