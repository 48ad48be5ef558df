/* CommunicationAnalyzer: messages between ranks, their bytes and their bandwidth. */
#include "bind/analysis.h"

typedef struct communication_analyzer {
    dpl_setup setup;
    int32_t hidden_dim, seq_len, micro_batch_size;
    double bytes_per_element;
    double message_bytes;
    double time_unit;
} communication_analyzer;

#define SIZE_OPTION(field, unit, text)                                                             \
    {                                                                                              \
#field, DPL_OPTION_INTEGER, offsetof(communication_analyzer, field), 1, DPL_MOST_COUNT,    \
            DPL_UNSET, unit, text, NULL                                                            \
    }

static const dpl_option communication_options[] = {
    SETUP_NUM_RANKS,
    SETUP_NUM_CHUNKS,
    SIZE_OPTION(hidden_dim, "elements", "elements of a token's activation between stages"),
    SIZE_OPTION(seq_len, "tokens", "tokens of a sequence"),
    SIZE_OPTION(micro_batch_size, "sequences", "sequences of a micro-batch"),
    {"bytes_per_element", DPL_OPTION_NUMBER, offsetof(communication_analyzer, bytes_per_element),
     1e-3, 1e3, 2, "bytes", "of an element that is sent; 2 for bfloat16", NULL},
    {"message_bytes", DPL_OPTION_NUMBER, offsetof(communication_analyzer, message_bytes), 1e-3,
     1e30, DPL_UNSET, "bytes",
     "of a message; default hidden_dim x seq_len x micro_batch_size x bytes_per_element", NULL},
    {"time_unit", DPL_OPTION_NUMBER, offsetof(communication_analyzer, time_unit), 1e-30, 1e30, 1,
     "seconds", "one unit of the costs in seconds", NULL},
    SETUP_COSTS,
    SETUP_HOLD,
};

/* The size of a message comes from one place. */
static void check_message(lua_State *L, void *object)
{
    communication_analyzer *self = object;
    int sizes = (self->hidden_dim > 0) + (self->seq_len > 0) + (self->micro_batch_size > 0);
    if (self->message_bytes > 0 ? sizes != 0 : sizes != 3) {
        dpl_bind_error(L, "CommunicationAnalyzer: give either message_bytes or all of hidden_dim, "
                          "seq_len and micro_batch_size");
    }
    if (sizes == 3) {
        self->message_bytes = (double)self->hidden_dim * self->seq_len * self->micro_batch_size *
                              self->bytes_per_element;
    }
}

static dpl_traffic_options traffic_options(const communication_analyzer *self)
{
    return (dpl_traffic_options){.message_bytes = self->message_bytes,
                                 .time_unit = self->time_unit};
}

#define TRAFFIC_TYPE "dpl.traffic"

/* Holds the traffic while tables are made of it. */
typedef struct traffic_box {
    dpl_traffic *traffic;
} traffic_box;

static int collect_traffic(lua_State *L)
{
    traffic_box *box = luaL_checkudata(L, 1, TRAFFIC_TYPE);
    dpl_traffic_destroy(box->traffic);
    box->traffic = NULL;
    return 0;
}

/* [-0, +1, m] */
static traffic_box *push_traffic_box(lua_State *L)
{
    traffic_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->traffic = NULL;
    if (!dpl_bind_find_metatable(L, TRAFFIC_TYPE)) {
        lua_pushcfunction(L, collect_traffic);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, TRAFFIC_TYPE);
    }
    lua_setmetatable(L, -2);
    return box;
}

/* What a method works on. */
typedef struct counted {
    int schedule; /* where its userdata is */
    int32_t num_ranks;
    const dpl_traffic *traffic; /* NULL where the schedule cannot run */
} counted;

/* [-0, +3|+4, v] Counts the traffic of the strategy or schedule at index 2; what it needs stays on
 * the stack. Where a schedule cannot run nil, message, code are on top. */
static counted count_traffic(lua_State *L)
{
    dpl_error error;
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    const communication_analyzer *self = dpl_bind_self(L, &dpl_communication_analyzer_class);
    const dpl_traffic_options traffic = traffic_options(self);
    const dpl_schedule *schedule = dpl_setup_push_schedule(L, 2, &self->setup, &options);
    counted of = {lua_gettop(L), dpl_schedule_num_ranks(schedule), NULL};
    if (dpl_bind_simulate(L, of.schedule, &self->setup.costs, &options) != 1) {
        return of;
    }
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, -1);
    traffic_box *box = push_traffic_box(L);
    if (dpl_traffic_create(timeline, &traffic, dpl_bind_hooks(L), &box->traffic, &error) !=
        DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    of.traffic = box->traffic;
    return of;
}

/* [-0, +1, m] Pushes a table with the strategy, if there is one, and its ranks. */
static void push_traffic_head(lua_State *L, const counted *of)
{
    lua_createtable(L, 0, 8);
    lua_getfield(L, of->schedule, "strategy");
    lua_setfield(L, -2, "strategy");
    dpl_bind_set_integer(L, "num_ranks", of->num_ranks);
}

/*
 * analyzer:count(strategy) -> { sends, receives, operations, messages, by_rank = { { sends,
 * receives, operations } } }: point-to-point operations, two a message.
 */
static int count(lua_State *L)
{
    counted of = count_traffic(L);
    if (of.traffic == NULL) {
        return 3;
    }
    int64_t messages = dpl_traffic_sum(of.traffic)->messages;
    push_traffic_head(L, &of);
    dpl_bind_set_integer(L, "messages", messages);
    dpl_bind_set_integer(L, "sends", messages);
    dpl_bind_set_integer(L, "receives", messages);
    dpl_bind_set_integer(L, "operations", 2 * messages);
    lua_createtable(L, of.num_ranks, 0);
    for (int32_t rank = 0; rank < of.num_ranks; rank++) {
        dpl_bind_ask(L, rank + 1);
        const dpl_rank_traffic *at = dpl_traffic_rank(of.traffic, rank);
        lua_createtable(L, 0, 4);
        dpl_bind_set_integer(L, "rank", rank);
        dpl_bind_set_integer(L, "sends", at->sends);
        dpl_bind_set_integer(L, "receives", at->receives);
        dpl_bind_set_integer(L, "operations", at->sends + at->receives);
        lua_rawseti(L, -2, rank + 1);
    }
    lua_setfield(L, -2, "by_rank");
    return 1;
}

/* [-0, +0, m] Sets `links` of the table on top: a table a link, filled by `fill`. */
static void set_links(lua_State *L, const counted *of,
                      void (*fill)(lua_State *L, const dpl_link *link))
{
    size_t num_links = dpl_traffic_num_links(of->traffic);
    lua_newtable(L);
    for (size_t i = 0; i < num_links; i++) {
        dpl_bind_ask(L, (lua_Integer)i + 1);
        const dpl_link *link = dpl_traffic_link(of->traffic, i);
        lua_createtable(L, 0, 6);
        dpl_bind_set_integer(L, "from", link->from_rank);
        dpl_bind_set_integer(L, "to", link->to_rank);
        dpl_bind_set_integer(L, "messages", link->messages);
        fill(L, link);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "links");
}

static void set_link_volume(lua_State *L, const dpl_link *link)
{
    dpl_bind_set_bytes(L, "bytes", link->bytes);
}

static void set_link_bandwidth(lua_State *L, const dpl_link *link)
{
    dpl_bind_set_integer(L, "exposed", link->exposed);
    dpl_bind_set_number(L, "bandwidth", link->bandwidth);
    dpl_bind_set_number(L, "mean_bandwidth", link->mean_bandwidth);
}

/*
 * analyzer:volume(strategy) -> { message_bytes, total_bytes, by_rank = { { bytes_sent,
 * bytes_received } }, links = { { from, to, messages, bytes } } }
 */
static int volume(lua_State *L)
{
    counted of = count_traffic(L);
    if (of.traffic == NULL) {
        return 3;
    }
    const communication_analyzer *self = dpl_bind_self(L, &dpl_communication_analyzer_class);
    push_traffic_head(L, &of);
    dpl_bind_set_bytes(L, "message_bytes", self->message_bytes);
    dpl_bind_set_bytes(L, "total_bytes", dpl_traffic_sum(of.traffic)->bytes);
    lua_createtable(L, of.num_ranks, 0);
    for (int32_t rank = 0; rank < of.num_ranks; rank++) {
        dpl_bind_ask(L, rank + 1);
        const dpl_rank_traffic *at = dpl_traffic_rank(of.traffic, rank);
        lua_createtable(L, 0, 3);
        dpl_bind_set_integer(L, "rank", rank);
        dpl_bind_set_bytes(L, "bytes_sent", at->bytes_sent);
        dpl_bind_set_bytes(L, "bytes_received", at->bytes_received);
        lua_rawseti(L, -2, rank + 1);
    }
    lua_setfield(L, -2, "by_rank");
    set_links(L, &of, set_link_volume);
    return 1;
}

/*
 * analyzer:bandwidth(strategy) -> { bandwidth, mean_bandwidth, exposed, messages, links = { { from,
 * to, messages, exposed, bandwidth, mean_bandwidth } } }, in bytes a second: see dpl_link.
 */
static int bandwidth(lua_State *L)
{
    counted of = count_traffic(L);
    if (of.traffic == NULL) {
        return 3;
    }
    const dpl_traffic_total *total = dpl_traffic_sum(of.traffic);
    push_traffic_head(L, &of);
    dpl_bind_set_integer(L, "messages", total->messages);
    dpl_bind_set_integer(L, "exposed", total->exposed);
    dpl_bind_set_number(L, "bandwidth", total->bandwidth);
    dpl_bind_set_number(L, "mean_bandwidth", total->mean_bandwidth);
    set_links(L, &of, set_link_bandwidth);
    return 1;
}

static void push_traffic_row(lua_State *L, const dpl_traffic_row *row)
{
    lua_createtable(L, 0, 8);
    dpl_bind_set_text(L, "strategy", row->strategy);
    dpl_bind_set_integer(L, "num_ranks", row->num_ranks);
    dpl_bind_set_integer(L, "messages", row->total.messages);
    dpl_bind_set_integer(L, "operations", 2 * row->total.messages);
    dpl_bind_set_integer(L, "exposed", row->total.exposed);
    dpl_bind_set_bytes(L, "total_bytes", row->total.bytes);
    dpl_bind_set_number(L, "bandwidth", row->total.bandwidth);
    dpl_bind_set_number(L, "mean_bandwidth", row->total.mean_bandwidth);
}

/* analyzer:compare() -> a row a strategy, fewest bytes first, and the list of those skipped. */
static int compare_traffic(lua_State *L)
{
    dpl_error error;
    size_t allowed = 0;
    size_t num_rows = dpl_strategy_count(dpl_bind_hooks(L));
    const communication_analyzer *self = dpl_bind_self(L, &dpl_communication_analyzer_class);
    dpl_problem problem = dpl_setup_problem(&self->setup);
    dpl_traffic_options options = traffic_options(self);
    dpl_traffic_row *rows = lua_newuserdatauv(L, num_rows * sizeof *rows, 0);
    if (dpl_traffic_compare(&problem, &options, dpl_bind_hooks(L), rows, &allowed, &error) !=
        DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_newtable(L);
    lua_newtable(L);
    int skipped = lua_gettop(L);
    for (size_t i = 0; i < allowed; i++) {
        push_traffic_row(L, &rows[i]);
        lua_rawseti(L, skipped - 1, (lua_Integer)i + 1);
    }
    for (size_t i = allowed; i < num_rows; i++) {
        dpl_bind_add_skipped(L, skipped, rows[i].strategy, rows[i].reason);
    }
    return 2;
}

static const luaL_Reg communication_methods[] = {
    {"count", count}, {"volume", volume}, {"bandwidth", bandwidth}, {"compare", compare_traffic},
    {NULL, NULL},
};

const dpl_class dpl_communication_analyzer_class = {
    .name = "CommunicationAnalyzer",
    .meaning = "messages between ranks, their bytes, and the bandwidth that hides them",
    .options = communication_options,
    .num_options = COUNT_OF(communication_options),
    .size = sizeof(communication_analyzer),
    .leading = dpl_bind_leading_sizes,
    .check = check_message,
    .methods = communication_methods,
};
