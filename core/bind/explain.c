/* Methods of timelines that say why: the critical path, idle time by cause, one bubble. */
#include "bind/bind.h"

#define TYPE "dpl.explanation"

/* Owns an explanation, NULL until it is filled; user value 1 is the timeline's userdata. */
typedef struct box {
    dpl_explanation *explanation;
} box;

static int collect(lua_State *L)
{
    box *self = luaL_checkudata(L, 1, TYPE);
    dpl_explanation_destroy(self->explanation);
    self->explanation = NULL;
    return 0;
}

dpl_explanation *dpl_bind_push_explanation(lua_State *L)
{
    dpl_error error;
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    box *self = lua_newuserdatauv(L, sizeof *self, 1);
    self->explanation = NULL;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (!dpl_bind_find_metatable(L, TYPE)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, TYPE);
    }
    lua_setmetatable(L, -2);
    if (dpl_explanation_create(timeline, dpl_bind_hooks(L), &self->explanation, &error) != DPL_OK) {
        dpl_bind_failed(L, &error);
    }
    return self->explanation;
}

/* [-0, +0, -] Frees at once what the collector would not hurry to. */
static void give_back(lua_State *L, int index)
{
    box *self = lua_touserdata(L, index);
    dpl_explanation_destroy(self->explanation);
    self->explanation = NULL;
}

/* ---- Chains ---- */

/* [-0, +1, m] The moment as an event, with `why`. */
static void push_moment(lua_State *L, const dpl_timeline *timeline, const dpl_moment *moment)
{
    if (moment->is_transfer) {
        dpl_transfer transfer = moment->transfer;
        transfer.start = moment->start;
        transfer.finish = moment->finish;
        dpl_bind_push_transfer(L, &transfer);
    } else {
        dpl_bind_push_event(L, timeline, moment->rank, moment->position);
    }
    dpl_bind_set_text(L, "why", dpl_why_name(moment->why));
}

/* The moment before, without messages where they take no time: t:actions() has none then. */
static bool find_before(const dpl_explanation *x, double p2p, dpl_moment *moment)
{
    do {
        dpl_moment before;
        if (!dpl_explanation_before(x, moment, &before)) {
            return false;
        }
        *moment = before;
    } while (moment->is_transfer && p2p <= 0);
    return true;
}

/* [-0, +1, v] The chain up to `moment`, in the order of time: of what ends after `from`. */
static void push_chain(lua_State *L, const dpl_explanation *x, const dpl_moment *moment,
                       double from)
{
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, 1);
    double p2p = dpl_timeline_p2p(timeline);
    dpl_moment at = *moment;
    lua_Integer count = 1;
    while (find_before(x, p2p, &at) && at.finish > from) {
        dpl_bind_ask(L, count++);
    }
    lua_createtable(L, count < INT32_MAX ? (int)count : INT32_MAX, 0);
    at = *moment;
    for (lua_Integer i = count; i > 0; i--) {
        dpl_bind_ask(L, i);
        push_moment(L, timeline, &at);
        lua_rawseti(L, -2, i);
        if (i > 1) {
            (void)find_before(x, p2p, &at);
        }
    }
}

/* [-n, +2, v] t:critical_path() -> events, whether it is the only one */
int dpl_bind_critical_path(lua_State *L)
{
    dpl_moment last;
    dpl_bind_timeline_self(L);
    lua_settop(L, 1);
    const dpl_explanation *x = dpl_bind_push_explanation(L);
    if (dpl_explanation_last(x, &last)) {
        push_chain(L, x, &last, -1);
    } else {
        lua_newtable(L);
    }
    lua_pushboolean(L, dpl_explanation_is_only(x));
    give_back(L, 2);
    return 2;
}

/* ---- Idle time ---- */

static void set_idle(lua_State *L, const dpl_idle *row)
{
    dpl_bind_set_number(L, "idle", row->idle);
    dpl_bind_set_number(L, "warm_up", row->warm_up);
    dpl_bind_set_number(L, "drain", row->drain);
    dpl_bind_set_number(L, "peer", row->peer);
    dpl_bind_set_number(L, "communication", row->communication);
    dpl_bind_set_number(L, "imbalance", row->imbalance);
}

static void add_idle(dpl_idle *sum, const dpl_idle *row)
{
    sum->idle += row->idle;
    sum->warm_up += row->warm_up;
    sum->drain += row->drain;
    sum->peer += row->peer;
    sum->communication += row->communication;
    sum->imbalance += row->imbalance;
}

/* [-n, +2, v] t:bubbles() -> rows by rank + 1, their sum */
int dpl_bind_bubbles(lua_State *L)
{
    dpl_error error;
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    int32_t ranks = dpl_schedule_num_ranks(dpl_timeline_schedule(timeline));
    lua_settop(L, 1);
    const dpl_explanation *x = dpl_bind_push_explanation(L);
    dpl_idle *rows = lua_newuserdatauv(L, (size_t)ranks * sizeof *rows, 0);
    dpl_idle sum = {0};
    if (dpl_idle_find(x, rows, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    give_back(L, 2);
    lua_createtable(L, ranks, 0);
    for (int32_t rank = 0; rank < ranks; rank++) {
        lua_createtable(L, 0, 7);
        dpl_bind_set_integer(L, "rank", rank);
        set_idle(L, &rows[rank]);
        lua_rawseti(L, -2, rank + 1);
        add_idle(&sum, &rows[rank]);
    }
    lua_createtable(L, 0, 6);
    set_idle(L, &sum);
    return 2;
}

/* ---- One bubble ---- */

/* [-0, +1, m] The text of the action at a position. */
static const char *push_action(lua_State *L, const dpl_timeline *timeline, int32_t rank,
                               size_t position)
{
    char text[DPL_ACTION_TEXT_SIZE];
    size_t length;
    (void)dpl_action_format(
        dpl_schedule_order(dpl_timeline_schedule(timeline), rank, &length) + position, text);
    return lua_pushstring(L, text);
}

/* [-0, +1, m] What an action, whose chain starts with `before`, waits for. */
static void push_reason(lua_State *L, const dpl_timeline *timeline, dpl_why why, dpl_moment before)
{
    const char *what = why == DPL_WHY_FORWARD    ? "the forward input"
                       : why == DPL_WHY_GRADIENT ? "the gradient"
                                                 : "a message";
    const dpl_transfer transfer = before.transfer;
    const char *action = push_action(L, timeline, before.rank, before.position);
    double start = dpl_timeline_start(timeline, before.rank, before.position);
    double end = dpl_timeline_end(timeline, before.rank, before.position);
    lua_pushfstring(L, "waits for %s of %s, which rank %d runs from %f to %f", what, action,
                    (int)before.rank, start, end);
    if (transfer.finish > transfer.start) {
        lua_pushfstring(L, "%s and sends from %f to %f", lua_tostring(L, -1), transfer.start,
                        transfer.finish);
        lua_remove(L, -2);
    }
    lua_remove(L, -2);
}

/* [-0, +1, m] "rank 1 is idle from 3.0 to 5.0, before 1B0: it waits for ..." */
static void push_wait_text(lua_State *L, const dpl_explanation *x, int32_t rank,
                           const dpl_bubble_at *bubble)
{
    dpl_moment next;
    dpl_moment before;
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, 1);
    const char *action = push_action(L, timeline, rank, bubble->position);
    const char *warm_up = bubble->cause == DPL_CAUSE_WARM_UP ? "its first action, " : "";
    dpl_explanation_action(x, rank, bubble->position, &next);
    if (dpl_explanation_before(x, &next, &before)) {
        push_reason(L, timeline, next.why, before);
    } else {
        lua_pushliteral(L, "starts");
    }
    lua_pushfstring(L, "rank %d is idle from %f to %f, before %s%s: it %s", (int)rank, bubble->from,
                    bubble->to, warm_up, action, lua_tostring(L, -1));
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* [-0, +1, m] */
static void push_drain_text(lua_State *L, const dpl_explanation *x, int32_t rank,
                            const dpl_bubble_at *bubble)
{
    dpl_moment last;
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, 1);
    (void)dpl_explanation_last(x, &last);
    const char *action = push_action(L, timeline, last.rank, last.position);
    lua_pushfstring(L,
                    "rank %d is idle from %f to %f, after its last action: rank %d ends last, with "
                    "%s at %f",
                    (int)rank, bubble->from, bubble->to, (int)last.rank, action, bubble->to);
    lua_remove(L, -2);
}

/* [-0, +1, v] */
static void push_bubble(lua_State *L, const dpl_explanation *x, int32_t rank,
                        const dpl_bubble_at *bubble)
{
    static const char *const causes[] = {"warm-up", "wait", "drain"};
    dpl_moment moment;
    bool drain = bubble->cause == DPL_CAUSE_DRAIN;
    lua_createtable(L, 0, 7);
    dpl_bind_set_integer(L, "rank", rank);
    dpl_bind_set_text(L, "cause", causes[bubble->cause]);
    dpl_bind_set_number(L, "from", bubble->from);
    dpl_bind_set_number(L, "to", bubble->to);
    if (drain) {
        (void)dpl_explanation_last(x, &moment);
        push_drain_text(L, x, rank, bubble);
    } else {
        dpl_explanation_action(x, rank, bubble->position, &moment);
        push_wait_text(L, x, rank, bubble);
    }
    lua_setfield(L, -2, "text");
    push_chain(L, x, &moment, bubble->from);
    lua_setfield(L, -2, "chain");
}

static int32_t rank_at(lua_State *L, const dpl_timeline *timeline)
{
    int32_t ranks = dpl_schedule_num_ranks(dpl_timeline_schedule(timeline));
    return dpl_bind_count(L, 2, "rank", 0, ranks - 1);
}

/* [-n, +1|+3, v] t:explain_bubble(rank, time) */
int dpl_bind_explain_bubble(lua_State *L)
{
    dpl_error error;
    dpl_bubble_at bubble;
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    double makespan = dpl_timeline_summary(timeline)->makespan;
    int32_t rank = rank_at(L, timeline);
    double time = dpl_bind_number(L, 3, "time", 0, makespan);
    size_t length;
    lua_settop(L, 1);
    if (dpl_bubble_at_time(timeline, rank, time, &bubble, &error) != DPL_OK) {
        return error.code == DPL_NOT_FOUND ? dpl_bind_fail(L, &error) : dpl_bind_failed(L, &error);
    }
    (void)dpl_schedule_order(dpl_timeline_schedule(timeline), rank, &length);
    const dpl_explanation *x = dpl_bind_push_explanation(L);
    if (length == 0) {
        bubble.cause = DPL_CAUSE_DRAIN; /* it has no action that would wait */
    }
    push_bubble(L, x, rank, &bubble);
    give_back(L, 2);
    return 1;
}
