/*
 * A breadth-first search from each, as deep as a shorter cycle could be. The first search starts
 * where following first waits leads: that is on a cycle, whose length bounds all others.
 */
#include "base/cycle.h"

#include "base/memory.h"

/* All arrays by who. */
typedef struct search {
    const dpl_waits *waits;
    uint32_t *queue;
    uint32_t *seen;  /* the start of the search that came by last, plus 1 */
    uint32_t *depth; /* waits from the start */
    uint32_t *from;  /* who waits, on the way from the start */
    size_t *what;    /* and for what */
    dpl_wait *cycle;
    size_t length;
} search;

static void keep_cycle(search *f, uint32_t last, dpl_wait closing)
{
    f->length = f->depth[last] + 1;
    f->cycle[0] = closing;
    uint32_t who = last;
    for (size_t i = f->length; i-- > 1;) {
        f->cycle[i] = (dpl_wait){who, f->what[who]};
        who = f->from[who];
    }
}

static void visit(search *f, uint32_t who, dpl_wait wait, uint32_t start, uint32_t *queued)
{
    if (f->seen[wait.whom] == start + 1) {
        return;
    }
    f->seen[wait.whom] = start + 1;
    f->depth[wait.whom] = f->depth[who] + 1;
    f->from[wait.whom] = who;
    f->what[wait.whom] = wait.what;
    f->queue[(*queued)++] = wait.whom;
}

/* Looks for a cycle through `start` that is shorter than the one that is kept. */
static void search_from(search *f, uint32_t start)
{
    uint32_t queued = 1;
    f->queue[0] = start;
    f->seen[start] = start + 1;
    f->depth[start] = 0;
    for (uint32_t i = 0; i < queued; i++) {
        uint32_t who = f->queue[i];
        dpl_wait wait;
        if (f->length > 0 && f->depth[who] + 1 >= f->length) {
            return;
        }
        for (size_t k = 0; f->waits->wait(f->waits->user, who, k, &wait); k++) {
            if (wait.whom == start) {
                keep_cycle(f, who, wait);
                return;
            }
            visit(f, who, wait, start, &queued);
        }
    }
}

/* One that lies on a cycle, or at the end of a chain of waits. */
static uint32_t end_of_waits(const search *f)
{
    dpl_wait wait;
    uint32_t who = 0;
    while (who + 1 < f->waits->count && !f->waits->wait(f->waits->user, who, 0, &wait)) {
        who++;
    }
    for (uint32_t i = 0; i < f->waits->count; i++) {
        if (f->waits->wait(f->waits->user, who, 0, &wait)) {
            who = wait.whom;
        }
    }
    return who;
}

static bool search_all(search *f, const dpl_hooks *hooks)
{
    search_from(f, end_of_waits(f));
    for (uint32_t who = 0; who < f->waits->count; who++) {
        if (who % 64 == 0 && dpl_cancelled(hooks)) {
            return false;
        }
        search_from(f, who);
    }
    return true;
}

dpl_code dpl_shortest_cycle(const dpl_waits *waits, const dpl_hooks *hooks, dpl_wait *cycle,
                            size_t *length)
{
    size_t count = waits->count;
    uint32_t *block = dpl_allocate(hooks, count, 4 * sizeof *block);
    search f = {.waits = waits,
                .queue = block,
                .what = dpl_allocate(hooks, count, sizeof *f.what),
                .cycle = cycle};
    dpl_code code = DPL_MEMORY;
    if (block != NULL && f.what != NULL) {
        f.seen = block + count;
        f.depth = block + 2 * count;
        f.from = block + 3 * count;
        code = count == 0 || search_all(&f, hooks) ? DPL_OK : DPL_CANCELLED;
    }
    *length = code == DPL_OK ? f.length : 0;
    dpl_release(hooks, block, count, 4 * sizeof *block);
    dpl_release(hooks, f.what, count, sizeof *f.what);
    return code;
}
