/*
 * PyTorch's schedule files to schedules. The text is gone through twice: first everything is parsed
 * and counted, so that what is wrong is found before anything large is asked for; then the same
 * parser fills the arrays, and finds which rank has which stage.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/communication.h"

/* A cell of the file: an action, or a communication; neither where it is blank. */
typedef struct cell {
    dpl_action action;
    dpl_communication comm;
    enum { BLANK, ACTION, COMMUNICATION, WRONG } is;
} cell;

/* Where a stage was first seen: its rank plus 1, which is the line, or 0. */
typedef struct home {
    int32_t line;
    size_t column;
} home;

typedef struct reader {
    const char *text, *end;
    bool legacy;
    dpl_hooks hooks;
    dpl_error *error;
    /* The first pass: */
    size_t num_ranks, num_actions, num_comms;
    int32_t most_stage, most_chunk;
    /* The second, by rank or for all: */
    home *homes;    /* by stage */
    int32_t *ranks; /* likewise */
    dpl_schedule *schedule;
    dpl_communication *comms;
    size_t *comm_begin;
    size_t num_filled; /* communications */
} reader;

/* ---- Cells ---- */

static bool starts_with(const char *at, const char *end, const char *word, size_t length)
{
    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

/* Whether the name of a send or receive is there: a length that the compiler knows is fast. */
static bool is_message(const char *at, const char *end, const char *name)
{
    return end - at >= DPL_MESSAGE_NAME_LENGTH && memcmp(at, name, DPL_MESSAGE_NAME_LENGTH) == 0;
}

/* The kind of a communication at *at: none starts with another's name. */
static bool read_comm_kind(const char **at, const char *end, int32_t *kind)
{
    for (*kind = 0; *kind <= DPL_RECV_B; ++*kind) {
        if (is_message(*at, end, dpl_comm_names[*kind])) {
            *at += DPL_MESSAGE_NAME_LENGTH;
            return true;
        }
    }
    for (; *kind < DPL_COMM_KIND_COUNT; ++*kind) {
        size_t length = strlen(dpl_comm_names[*kind]);
        if (starts_with(*at, end, dpl_comm_names[*kind], length)) {
            *at += length;
            return true;
        }
    }
    return false;
}

/* "3SEND_F7", "3UNSHARD" at *at. */
static bool read_comm(const char **at, const char *end, dpl_communication *out)
{
    *out = (dpl_communication){.chunk = -1};
    return dpl_scan_number(at, end, &out->stage) && read_comm_kind(at, end, &out->kind) &&
           (out->kind > DPL_RECV_B || dpl_scan_number(at, end, &out->chunk));
}

/* What there is at `at`. Returns what is behind it. */
static const char *read_cell(const reader *r, const char *at, const char *end, cell *out)
{
    const char *behind = at;
    if (dpl_scan_action(&behind, end, r->legacy, &out->action)) {
        out->is = ACTION;
        return behind;
    }
    behind = at;
    out->is = read_comm(&behind, end, &out->comm) ? COMMUNICATION : WRONG;
    return behind;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The same of all up to `end`, but for blanks around it. */
static void read_padded(const reader *r, const char *at, const char *end, cell *out)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    while (end > at && is_blank(end[-1])) {
        end--;
    }
    if (at == end) {
        out->is = BLANK;
    } else if (read_cell(r, at, end, out) != end) {
        out->is = WRONG;
    }
}

/* ---- Messages ---- */

/* A cell of the file for a message: what can be printed of it, and not all if it is long. */
static void show(const char *at, const char *end, char *out, size_t size)
{
    size_t length = 0;
    for (; at < end && length + 4 < size; at++) {
        bool printable = *at >= ' ' && *at < 127;
        out[length] = '?';
        if (printable) {
            out[length] = *at;
        }
        length++;
    }
    (void)snprintf(out + length, size - length, "%s", at < end ? "..." : "");
}

/* Whether a full backward of legacy files, 2BW0, was read without the option. */
static bool is_legacy(const char *at, const char *end)
{
    int32_t number = 0;
    return dpl_scan_number(&at, end, &number) && starts_with(at, end, "BW", 2);
}

static dpl_code wrong_cell(const reader *r, const char *at, const char *end, size_t line,
                           size_t column)
{
    char shown[48];
    show(at, end, shown, sizeof shown);
    if (!r->legacy && is_legacy(at, end)) {
        return dpl_fail(r->error, DPL_INVALID,
                        "line %zu, cell %zu: '%s' is of a legacy file, from before July 2024, in "
                        "which BW was the full backward and B the input gradient: read it with "
                        "legacy = true",
                        line, column, shown);
    }
    return dpl_fail(
        r->error, DPL_INVALID,
        "line %zu, cell %zu: '%s' is no action: stage, kind and micro-batch are wanted, "
        "as in %s, a pair (3F7;12B11)OVERLAP_F_B, or 3SEND_F7, 3RECV_B7, 3UNSHARD",
        line, column, shown, r->legacy ? "3F7, 3B7, 3W7 or 3BW7" : "3F7, 3B7, 3I7 or 3W7");
}

/* ---- Going through the text ---- */

typedef struct place {
    size_t line, column; /* from 1 */
} place;

typedef dpl_code (*visitor)(reader *r, const cell *c, place at);

static const char *end_of_line(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));
    return found != NULL ? found : end;
}

static dpl_code visit_line(reader *r, const char *at, const char *end, size_t line, visitor visit)
{
    cell c;
    for (size_t column = 1; at <= end; column++) {
        const char *stop = read_cell(r, at, end, &c);
        if (c.is == WRONG || (stop < end && *stop != ',')) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            stop = comma != NULL ? comma : end;
            read_padded(r, at, stop, &c);
        }
        if (c.is == WRONG) {
            return wrong_cell(r, at, stop, line, column);
        }
        if (c.is != BLANK) {
            dpl_code code = visit(r, &c, (place){line, column});
            if (code != DPL_OK) {
                return code;
            }
        }
        if (dpl_cancelled_at(&r->hooks, column)) {
            return dpl_fail(r->error, DPL_CANCELLED, "cancelled");
        }
        at = stop + 1;
    }
    return DPL_OK;
}

/* Calls `visit` for every cell that is not blank, and `finish` after each line. */
static dpl_code visit_all(reader *r, visitor visit, void (*finish)(reader *r, size_t line))
{
    size_t line = 1;
    for (const char *at = r->text; at < r->end; line++) {
        const char *stop = end_of_line(at, r->end);
        dpl_code code = visit_line(r, at, stop, line, visit);
        if (code == DPL_OK && line % 256 == 0 && dpl_cancelled(&r->hooks)) {
            code = dpl_fail(r->error, DPL_CANCELLED, "cancelled");
        }
        if (code != DPL_OK) {
            return code;
        }
        finish(r, line);
        at = stop + 1;
    }
    return DPL_OK;
}

/* ---- The first pass: counts ---- */

static int32_t greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static dpl_code count_cell(reader *r, const cell *c, place at)
{
    (void)at;
    if (c->is == COMMUNICATION) {
        r->num_comms++;
        r->most_stage = greater(r->most_stage, c->comm.stage);
        r->most_chunk = greater(r->most_chunk, c->comm.chunk);
        return DPL_OK;
    }
    r->num_actions++;
    r->most_stage = greater(r->most_stage, greater(c->action.stage, c->action.backward_stage));
    r->most_chunk = greater(r->most_chunk, greater(c->action.chunk, c->action.backward_chunk));
    return DPL_OK;
}

static void count_line(reader *r, size_t line)
{
    r->num_ranks = line;
}

/* Every stage runs an F of every micro-batch: far fewer actions are a slip, and not worth room. */
static dpl_code check_counts(const reader *r)
{
    double cells = ((double)r->most_stage + 1) * ((double)r->most_chunk + 1);
    if (r->num_actions == 0) {
        return dpl_fail(r->error, DPL_INVALID, "the file has no actions");
    }
    if (r->num_ranks > INT32_MAX) {
        return dpl_fail(r->error, DPL_INVALID, "the file has %zu lines, more than ranks can be",
                        r->num_ranks);
    }
    if (cells > 2.0 * (double)r->num_actions + 1024) {
        return dpl_fail(r->error, DPL_INVALID,
                        "the file has %zu actions, but goes up to stage %ld and micro-batch %ld: "
                        "each of the stages from 0 runs a forward and a backward of each of the "
                        "micro-batches from 0",
                        r->num_actions, (long)r->most_stage, (long)r->most_chunk);
    }
    return DPL_OK;
}

/* ---- The second pass: the schedule ---- */

static dpl_code claim(reader *r, int32_t stage, place at)
{
    home *h = &r->homes[stage];
    if (h->line == 0) {
        *h = (home){(int32_t)at.line, at.column};
    }
    if (h->line != (int32_t)at.line) {
        return dpl_fail(r->error, DPL_INVALID,
                        "line %zu, cell %zu: stage %ld runs on rank %zu, but on rank %ld in line "
                        "%ld, cell %zu: a stage is on one rank",
                        at.line, at.column, (long)stage, at.line - 1, (long)h->line - 1,
                        (long)h->line, h->column);
    }
    return DPL_OK;
}

static dpl_code fill_cell(reader *r, const cell *c, place at)
{
    dpl_schedule *s = r->schedule;
    if (c->is == COMMUNICATION) {
        dpl_communication *comm = &r->comms[r->num_filled++];
        *comm = c->comm;
        comm->before = (uint32_t)(s->num_actions - s->order_begin[at.line - 1]);
        return claim(r, c->comm.stage, at);
    }
    s->actions[s->num_actions++] = c->action;
    dpl_code code = claim(r, c->action.stage, at);
    if (code == DPL_OK && c->action.kind == DPL_FB) {
        code = claim(r, c->action.backward_stage, at);
    }
    return code;
}

static void fill_line(reader *r, size_t line)
{
    r->schedule->order_begin[line] = r->schedule->num_actions;
    if (r->comm_begin != NULL) {
        r->comm_begin[line] = r->num_filled;
    }
}

static dpl_code fill_all(reader *r)
{
    dpl_code code = visit_all(r, fill_cell, fill_line);
    for (int32_t stage = 0; code == DPL_OK && stage <= r->most_stage; stage++) {
        r->ranks[stage] = r->homes[stage].line - 1;
        if (r->ranks[stage] < 0) {
            code = dpl_fail(r->error, DPL_INVALID,
                            "no rank runs stage %ld, and stages are numbered from 0 to %ld: every "
                            "one has a rank",
                            (long)stage, (long)r->most_stage);
        }
    }
    if (code == DPL_OK) {
        dpl_schedule_place(r->schedule, r->ranks);
    }
    return code;
}

static dpl_code allocate_comms(reader *r)
{
    if (r->num_comms == 0) {
        return DPL_OK;
    }
    dpl_code code =
        dpl_memory_reserve((double)r->num_comms, sizeof *r->comms, "this schedule", r->error);
    if (code != DPL_OK) {
        return code;
    }
    r->comms = dpl_allocate_unset(&r->hooks, r->num_comms, sizeof *r->comms);
    r->comm_begin = dpl_allocate(&r->hooks, r->num_ranks + 1, sizeof *r->comm_begin);
    if (r->comms == NULL || r->comm_begin == NULL) {
        return dpl_fail(r->error, DPL_MEMORY, "out of memory");
    }
    return DPL_OK;
}

static void release_comms(reader *r)
{
    dpl_release(&r->hooks, r->comms, r->num_comms, sizeof *r->comms);
    dpl_release(&r->hooks, r->comm_begin, r->num_ranks + 1, sizeof *r->comm_begin);
    r->comms = NULL;
    r->comm_begin = NULL;
}

/* Whether the action at a place is a W whose chunk has had a full backward before it. */
static bool follows_full_backward(const dpl_schedule *s, int32_t rank, size_t position)
{
    const dpl_action *order = s->actions + s->order_begin[rank];
    const dpl_action *weight = order + position;
    for (size_t i = 0; i < position && weight->kind == DPL_W; i++) {
        dpl_half halves[2];
        for (int k = dpl_action_halves(&order[i], halves); k-- > 0;) {
            if (halves[k].back && order[i].kind != DPL_I && halves[k].stage == weight->stage &&
                halves[k].chunk == weight->chunk) {
                return true;
            }
        }
    }
    return false;
}

/* A file in which B's have W's after them is most likely a legacy one. */
static dpl_code check_letters(const reader *r)
{
    const dpl_error *verdict = &r->schedule->verdict;
    if (r->legacy || verdict->code != DPL_INVALID || verdict->position < 0 ||
        !follows_full_backward(r->schedule, verdict->rank, (size_t)verdict->position)) {
        return DPL_OK;
    }
    return dpl_fail(r->error, DPL_INVALID,
                    "%.400s; is it a legacy file, from before July 2024, in which B was the input "
                    "gradient? then read it with legacy = true",
                    verdict->message);
}

/* Fills and finishes r->schedule, which has its routes and room. */
static dpl_code fill(reader *r)
{
    dpl_code code = allocate_comms(r);
    if (code == DPL_OK) {
        code = fill_all(r);
    }
    if (code == DPL_OK) {
        code = dpl_schedule_finish(r->schedule, r->error);
    }
    if (code == DPL_OK) {
        code = check_letters(r);
    }
    if (code != DPL_OK) {
        release_comms(r);
        return code;
    }
    if (r->comms == NULL) {
        return DPL_OK;
    }
    return dpl_schedule_set_communications(r->schedule, r->comms, r->num_comms, r->comm_begin,
                                           r->error);
}

/* The schedule with room, all its stages on rank 0 for now. */
static dpl_code begin(reader *r)
{
    const dpl_route route = {r->ranks, r->most_stage + 1, 0, r->most_chunk};
    const dpl_schedule_data data = {.num_ranks = (int32_t)r->num_ranks,
                                    .num_chunks = r->most_chunk + 1,
                                    .routes = &route,
                                    .num_routes = 1};
    return dpl_schedule_begin(&data, r->num_actions, &r->hooks, &r->schedule, r->error);
}

static dpl_code make(reader *r)
{
    size_t stages = (size_t)r->most_stage + 1;
    r->ranks = dpl_allocate(&r->hooks, stages, sizeof *r->ranks);
    r->homes = dpl_allocate(&r->hooks, stages, sizeof *r->homes);
    dpl_code code = DPL_MEMORY;
    if (r->ranks != NULL && r->homes != NULL) {
        code = begin(r);
    } else {
        (void)dpl_fail(r->error, code, "out of memory");
    }
    if (code == DPL_OK) {
        code = fill(r);
    }
    dpl_release(&r->hooks, r->ranks, stages, sizeof *r->ranks);
    dpl_release(&r->hooks, r->homes, stages, sizeof *r->homes);
    return code;
}

dpl_code dpl_schedule_read_csv(const char *text, size_t length, const dpl_csv_options *options,
                               const dpl_hooks *hooks, dpl_schedule **schedule, dpl_error *error)
{
    reader r = {.text = text,
                .end = text + length,
                .legacy = options != NULL && options->legacy,
                .hooks = dpl_hooks_or_default(hooks),
                .error = error};
    *schedule = NULL;
    dpl_code code = visit_all(&r, count_cell, count_line);
    if (code == DPL_OK) {
        code = check_counts(&r);
    }
    if (code == DPL_OK) {
        code = make(&r);
    }
    if (code != DPL_OK) {
        dpl_schedule_destroy(r.schedule);
        return code;
    }
    *schedule = r.schedule;
    return DPL_OK;
}
