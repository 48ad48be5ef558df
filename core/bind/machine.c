/* Hardware as Lua has it, a table of figures and shares, read into a machine. */
#include "bind/bind.h"
#include "bind/plan.h"

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* ---- Hardware ---- */

#define FIGURE(name, member, least, most, preset, unit, meaning)                                   \
    {                                                                                              \
        name, DPL_OPTION_NUMBER, offsetof(dpl_machine, member), least, most, preset, unit,         \
            meaning, NULL                                                                          \
    }
#define SHARE(name, preset, meaning) FIGURE(#name, name, 1e-3, 2, preset, "share", meaning)

static const dpl_option figures[] = {
    FIGURE("peak_tflops_bf16", peak_tflops, 1e-3, DPL_MOST_TFLOPS, DPL_REQUIRED, "TFLOP/s",
           "dense peak in 16 bits"),
    FIGURE("peak_tflops_fp8", peak_tflops_fp8, 1e-3, DPL_MOST_TFLOPS, DPL_UNSET, "TFLOP/s",
           "dense peak in 8 bits; none where there is none"),
    FIGURE("memory_bytes", memory_bytes, 1, 1e18, DPL_REQUIRED, "bytes", "of a GPU"),
    FIGURE("memory_gb_s", memory_gb_s, 1e-3, DPL_MOST_LINK, DPL_REQUIRED, "GB/s",
           "bandwidth of a GPU's memory"),
    {"gpus_per_node", DPL_OPTION_INTEGER, offsetof(dpl_machine, gpus_per_node), 1, DPL_MOST_COUNT,
     8, "GPUs", "that the fast links join", NULL},
    FIGURE("intra_gb_s", intra_gb_s, 1e-6, DPL_MOST_LINK, DPL_REQUIRED, "GB/s",
           "of a GPU to its node, one direction"),
    FIGURE("inter_gb_s", inter_gb_s, 1e-6, DPL_MOST_LINK, DPL_REQUIRED, "GB/s",
           "of a GPU to other nodes, one direction"),
    FIGURE("host_gb_s", host_gb_s, 1e-6, DPL_MOST_LINK, DPL_UNSET, "GB/s",
           "of a GPU to the host's memory, one direction"),
    FIGURE("price_per_hour", price_per_hour, 0, 1e9, DPL_UNSET, "money", "of a GPU"),
};

static const dpl_option shares[] = {
    SHARE(matmul, DPL_REQUIRED, "of the 16-bit peak, by large products"),
    SHARE(matmul_fp8, DPL_REQUIRED, "of the 8-bit peak, likewise"),
    SHARE(grouped, DPL_REQUIRED, "of that, by the grouped products of experts"),
    SHARE(batched, DPL_REQUIRED, "of that, by the batched products of a stored attention"),
    SHARE(attention_forward, DPL_REQUIRED, "of the 16-bit peak, by a flash attention"),
    SHARE(attention_backward, DPL_REQUIRED, "likewise, by its backward"),
    SHARE(memory, DPL_REQUIRED, "of the memory's bandwidth"),
    SHARE(intra, DPL_REQUIRED, "of the links inside a node, by collectives"),
    SHARE(inter, DPL_REQUIRED, "of the links between nodes, by collectives"),
    SHARE(all_to_all, DPL_REQUIRED, "of either, by the experts' exchanges"),
    FIGURE("pair_hidden", pair_hidden, 0, 1, DPL_REQUIRED, "share",
           "of an overlapped pair's lesser part, computing or exchanging"),
    FIGURE("intra_latency", intra_latency, 0, DPL_MOST_SECONDS, DPL_REQUIRED, "s",
           "of a message inside a node"),
    FIGURE("inter_latency", inter_latency, 0, DPL_MOST_SECONDS, DPL_REQUIRED, "s",
           "of a message between nodes"),
    FIGURE("slowdown", slowdown, 0.1, 10, DPL_REQUIRED, "factor",
           "of a run over what its kernels add up to"),
};

/* [-0, +0, e] */
static void read_known(lua_State *L, int index, const char *owner, const dpl_option *options,
                       size_t count, void *target)
{
    dpl_bind_push_known(L, index, options, count);
    int known = lua_gettop(L);
    dpl_bind_read_options(L, known, owner, options, count, target, known);
    lua_pop(L, 1);
}

/* [-0, +0, e] One number of a row { size, share } on top. */
static double row_number(lua_State *L, const char *owner, int row, int entry, const char *what)
{
    if (lua_rawgeti(L, -1, entry) != LUA_TNUMBER) {
        dpl_bind_error(L, "%s: row %d of by_size is { size, share }; its %s is a %s", owner, row,
                       what, luaL_typename(L, -1));
    }
    double number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
}

/* [-0, +0, e] efficiency.by_size, a list of { size, share }. */
static void read_sizes(lua_State *L, int efficiency, const char *owner, dpl_machine *machine)
{
    if (lua_getfield(L, efficiency, "by_size") != LUA_TTABLE) {
        dpl_bind_error(L, "%s: by_size is a list of { size, share }, at most %d (got %s)", owner,
                       DPL_EFFICIENCY_ROWS, luaL_typename(L, -1));
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    if (count > DPL_EFFICIENCY_ROWS) {
        dpl_bind_error(L, "%s: by_size has at most %d rows (got %d)", owner, DPL_EFFICIENCY_ROWS,
                       (int)count);
    }
    machine->num_sizes = (int32_t)count;
    for (int i = 1; i <= (int)count; i++) {
        if (lua_rawgeti(L, -1, i) != LUA_TTABLE) {
            dpl_bind_error(L, "%s: row %d of by_size is { size, share } (got %s)", owner, i,
                           luaL_typename(L, -1));
        }
        machine->by_size[i - 1] = (dpl_efficiency){row_number(L, owner, i, 1, "size"),
                                                   row_number(L, owner, i, 2, "share")};
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void dpl_bind_machine(lua_State *L, int index, const char *owner, dpl_machine *machine)
{
    dpl_error error;
    index = lua_absindex(L, index);
    *machine = (dpl_machine){0};
    luaL_checkstack(L, 10, "too many nested calls");
    if (lua_type(L, index) != LUA_TTABLE) {
        dpl_bind_error(L, "%s: hardware is wanted, as dpl.hardware.get gives (got %s)", owner,
                       luaL_typename(L, index));
    }
    read_known(L, index, owner, figures, COUNT_OF(figures), machine);
    if (lua_getfield(L, index, "efficiency") != LUA_TTABLE) {
        dpl_bind_error(L, "%s: hardware.efficiency is a table of shares (got %s)", owner,
                       luaL_typename(L, -1));
    }
    int efficiency = lua_gettop(L);
    read_known(L, efficiency, owner, shares, COUNT_OF(shares), machine);
    read_sizes(L, efficiency, owner, machine);
    lua_pop(L, 1);
    if (dpl_machine_check(machine, &error) != DPL_OK) {
        dpl_bind_error(L, "%s: hardware: %s", owner, error.message);
    }
}

/* [-0, +1, m] What stands for shares that nobody measured, as the field `efficiency` of hardware.
 */
void dpl_bind_push_efficiency(lua_State *L)
{
    static const dpl_machine defaults = DPL_MACHINE_DEFAULTS;
    lua_createtable(L, 0, COUNT_OF(shares) + 1);
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        dpl_bind_set_number(L, shares[i].name,
                            *(const double *)((const char *)&defaults + shares[i].offset));
    }
    lua_createtable(L, defaults.num_sizes, 0);
    for (int32_t i = 0; i < defaults.num_sizes; i++) {
        lua_createtable(L, 2, 0);
        lua_pushnumber(L, defaults.by_size[i].size);
        lua_rawseti(L, -2, 1);
        lua_pushnumber(L, defaults.by_size[i].share);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "by_size");
}
