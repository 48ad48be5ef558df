/* Lanes in a heap, so that a million transfers under way at once cost no more than their logarithm
 * each. */
#include "trace/lanes.h"

#include <string.h>

#include "base/memory.h"

/* Of two that are free at once the one with the lower number, so that traces are the same always.
 */
static bool is_before(const dpl_lane *a, const dpl_lane *b)
{
    return a->free_at < b->free_at || (a->free_at == b->free_at && a->number < b->number);
}

static void swap(dpl_lane *a, dpl_lane *b)
{
    dpl_lane held = *a;
    *a = *b;
    *b = held;
}

static void sift_down(dpl_lanes *lanes)
{
    dpl_lane *heap = lanes->heap;
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < lanes->count; at = child) {
        if (child + 1 < lanes->count && is_before(&heap[child + 1], &heap[child])) {
            child++;
        }
        if (!is_before(&heap[child], &heap[at])) {
            return;
        }
        swap(&heap[child], &heap[at]);
    }
}

static void sift_up(dpl_lanes *lanes, size_t at)
{
    dpl_lane *heap = lanes->heap;
    for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&heap[at], &heap[(at - 1) / 2]);
    }
}

static bool grow(dpl_lanes *lanes)
{
    size_t room = lanes->room > 0 ? 2 * lanes->room : 16;
    dpl_lane *heap = dpl_allocate_unset(lanes->hooks, room, sizeof *heap);
    if (heap == NULL) {
        return false;
    }
    if (lanes->count > 0) {
        memcpy(heap, lanes->heap, lanes->count * sizeof *heap);
    }
    dpl_release(lanes->hooks, lanes->heap, lanes->room, sizeof *heap);
    lanes->heap = heap;
    lanes->room = room;
    return true;
}

bool dpl_lanes_take(dpl_lanes *lanes, int64_t start, int64_t finish, size_t *number)
{
    if (lanes->count > 0 && lanes->heap[0].free_at <= start) {
        *number = lanes->heap[0].number;
        lanes->heap[0].free_at = finish;
        sift_down(lanes);
        return true;
    }
    if (lanes->count == lanes->room && !grow(lanes)) {
        return false;
    }
    *number = lanes->count;
    lanes->heap[lanes->count] = (dpl_lane){finish, lanes->count};
    sift_up(lanes, lanes->count++);
    return true;
}

void dpl_lanes_release(dpl_lanes *lanes)
{
    dpl_release(lanes->hooks, lanes->heap, lanes->room, sizeof *lanes->heap);
    lanes->heap = NULL;
    lanes->count = lanes->room = 0;
}
