/* Sets of strategies of the caller's own. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "strategy/strategy.h"

#define NUM_TEXTS 6

/* One strategy: what is known of it, with the texts behind, in one block. */
typedef struct entry {
    dpl_strategy row;
    dpl_strategy_definition definition;
    size_t size;          /* of the block */
    struct entry *before; /* the one that was made before */
} entry;

typedef struct known {
    const dpl_strategy *row;
} known;

struct dpl_strategies {
    dpl_hooks hooks;
    entry *last; /* those that were replaced stay, for whoever still holds their names */
    known *rows; /* the library's and these, sorted by name */
    size_t num_rows, room;
};

size_t dpl_strategies_count(const dpl_strategies *set)
{
    return set->num_rows;
}

const dpl_strategy *dpl_strategies_at(const dpl_strategies *set, size_t index)
{
    return set->rows[index].row;
}

/* ---- What a definition must be ---- */

static bool is_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
        if (!letter && !(*at >= '0' && *at <= '9')) {
            return false;
        }
    }
    return *name != '\0' && strlen(name) <= DPL_MOST_NAME;
}

static dpl_code check_numbers(const dpl_strategy_definition *d, dpl_error *error)
{
    int32_t routes = d->num_routes != 0 ? d->num_routes : 1;
    if (d->num_routes < 0 || d->stages_per_rank < 0 || d->parameter_copies < 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "strategy '%s': stages_per_rank, num_routes and parameter_copies must be "
                        "at least 1",
                        d->name);
    }
    if (d->stages_per_rank % routes != 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "strategy '%s': %ld stages on a rank cannot be shared out to %ld routes: "
                        "stages_per_rank counts all of them together",
                        d->name, (long)d->stages_per_rank, (long)routes);
    }
    return DPL_OK;
}

static dpl_code check_definition(const dpl_strategy_definition *d, dpl_error *error)
{
    if (d->name == NULL || !is_name(d->name)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the name of a strategy is 1 to %d letters, digits and '_' (got '%.80s')",
                        DPL_MOST_NAME, d->name != NULL ? d->name : "");
    }
    if (dpl_strategy_find(d->name, NULL) != NULL) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "'%s' is a strategy of the library: choose another name", d->name);
    }
    if (d->make == NULL) {
        return dpl_fail(error, DPL_ARGUMENT, "strategy '%s' has no function that makes it",
                        d->name);
    }
    return check_numbers(d, error);
}

/* ---- Entries ---- */

/* The texts of a definition, all of them members of that type. */
static void list_texts(dpl_strategy_definition *d, const char **texts[NUM_TEXTS])
{
    const char **all[NUM_TEXTS] = {&d->name,   &d->summary, &d->size_rule,
                                   &d->source, &d->memory,  &d->closed_form};
    memcpy(texts, all, sizeof all);
}

/* Copies the texts behind the entry and lets the definition point there. */
static void keep_texts(entry *e)
{
    const char **texts[NUM_TEXTS];
    char *at = (char *)(e + 1);
    list_texts(&e->definition, texts);
    for (int i = 0; i < NUM_TEXTS; i++) {
        if (*texts[i] != NULL) {
            size_t size = strlen(*texts[i]) + 1;
            *texts[i] = memcpy(at, *texts[i], size);
            at += size;
        }
    }
}

static const char *or_nothing(const char *text)
{
    return text != NULL ? text : "";
}

static void fill_row(entry *e)
{
    const dpl_strategy_definition *d = &e->definition;
    int32_t routes = d->num_routes != 0 ? d->num_routes : 1;
    int32_t stages = d->stages_per_rank != 0 ? d->stages_per_rank : routes;
    e->row = (dpl_strategy){
        .info = {.name = d->name,
                 .summary = or_nothing(d->summary),
                 .size_rule = or_nothing(d->size_rule),
                 .source = or_nothing(d->source),
                 .memory = or_nothing(d->memory),
                 .closed_form = d->closed_form,
                 .option = d->takes_stages ? "stages_per_rank" : NULL,
                 .option_default = d->takes_stages ? stages : 0,
                 .uses_costs = d->uses_costs,
                 .stages_per_rank = stages,
                 .num_routes = routes,
                 .parameter_copies = d->parameter_copies != 0 ? d->parameter_copies : routes},
        .option = d->takes_stages ? DPL_STAGES_PER_RANK : DPL_NO_OPTION,
        .rule = {1, 1, 0, 1},
        .definition = d};
}

static entry *new_entry(const dpl_strategies *set, const dpl_strategy_definition *definition)
{
    dpl_strategy_definition given = *definition;
    const char **texts[NUM_TEXTS];
    size_t size = sizeof(entry);
    list_texts(&given, texts);
    for (int i = 0; i < NUM_TEXTS; i++) {
        size += *texts[i] != NULL ? strlen(*texts[i]) + 1 : 0;
    }
    entry *e = dpl_allocate(&set->hooks, size, 1);
    if (e != NULL) {
        e->definition = given;
        e->size = size;
        keep_texts(e);
        fill_row(e);
    }
    return e;
}

static void free_entry(const dpl_strategies *set, entry *e)
{
    dpl_release(&set->hooks, e, e->size, 1);
}

/* ---- Sets ---- */

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: there are too many strategies");
}

/* Room for one more. */
static bool grow(dpl_strategies *set)
{
    size_t room = 2 * set->room;
    known *rows = dpl_allocate(&set->hooks, room, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    memcpy(rows, set->rows, set->num_rows * sizeof *rows);
    dpl_release(&set->hooks, set->rows, set->room, sizeof *rows);
    set->rows = rows;
    set->room = room;
    return true;
}

/* A row into its place by name; one of the same name gives way. */
static void insert_row(dpl_strategies *set, const dpl_strategy *row)
{
    size_t at = set->num_rows;
    for (size_t i = 0; i < set->num_rows; i++) {
        int order = strcmp(row->info.name, set->rows[i].row->info.name);
        if (order == 0) {
            set->rows[i].row = row;
            return;
        }
        if (order < 0) {
            at = i;
            break;
        }
    }
    memmove(set->rows + at + 1, set->rows + at, (set->num_rows - at) * sizeof *set->rows);
    set->rows[at].row = row;
    set->num_rows++;
}

dpl_code dpl_strategies_create(const dpl_hooks *hooks, dpl_strategies **out, dpl_error *error)
{
    const dpl_strategy *library = NULL;
    size_t count = dpl_strategy_rows(&library);
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_strategies *set = dpl_allocate(&own, 1, sizeof *set);
    *out = NULL;
    if (set == NULL) {
        return no_memory(error);
    }
    set->hooks = own;
    set->room = count + 8;
    set->rows = dpl_allocate(&own, set->room, sizeof *set->rows);
    if (set->rows == NULL) {
        dpl_release(&own, set, 1, sizeof *set);
        return no_memory(error);
    }
    for (; set->num_rows < count; set->num_rows++) {
        set->rows[set->num_rows].row = &library[set->num_rows];
    }
    *out = set;
    return DPL_OK;
}

dpl_code dpl_strategies_add(dpl_strategies *set, const dpl_strategy_definition *definition,
                            dpl_error *error)
{
    dpl_code code = check_definition(definition, error);
    if (code != DPL_OK) {
        return code;
    }
    entry *e = new_entry(set, definition);
    if (e == NULL || (set->num_rows == set->room && !grow(set))) {
        if (e != NULL) {
            free_entry(set, e);
        }
        return no_memory(error);
    }
    insert_row(set, &e->row);
    e->before = set->last;
    set->last = e;
    return DPL_OK;
}

dpl_code dpl_strategies_remove(dpl_strategies *set, const char *name, dpl_error *error)
{
    for (size_t i = 0; i < set->num_rows; i++) {
        if (set->rows[i].row->definition != NULL &&
            strcmp(set->rows[i].row->info.name, name) == 0) {
            set->num_rows--;
            memmove(set->rows + i, set->rows + i + 1, (set->num_rows - i) * sizeof *set->rows);
            return DPL_OK;
        }
    }
    return dpl_fail(error, DPL_NOT_FOUND, "there is no strategy '%.60s' of your own", name);
}

void dpl_strategies_destroy(dpl_strategies *set)
{
    if (set == NULL) {
        return;
    }
    dpl_hooks hooks = set->hooks;
    while (set->last != NULL) {
        entry *e = set->last;
        set->last = e->before;
        free_entry(set, e);
    }
    dpl_release(&hooks, set->rows, set->room, sizeof *set->rows);
    dpl_release(&hooks, set, 1, sizeof *set);
}
