/* Heapsort: see sort.h. */
#include "base/sort.h"

#include "base/memory.h"

/* Items sorted between two looks at the cancel hook: a few milliseconds. */
#define CANCEL_EVERY 16384

typedef struct heap {
    unsigned char *items;
    size_t size;
    dpl_before *before;
} heap;

static unsigned char *item(const heap *h, size_t index)
{
    return h->items + index * h->size;
}

static bool goes_before(const heap *h, size_t one, size_t other)
{
    return h->before(item(h, one), item(h, other));
}

static void swap(const heap *h, size_t one, size_t other)
{
    unsigned char *a = item(h, one);
    unsigned char *b = item(h, other);
    for (size_t i = 0; i < h->size; i++) {
        unsigned char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Restores the heap, the last in order on top, below `at`. */
static void sink(const heap *h, size_t at, size_t count)
{
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && goes_before(h, child, child + 1)) {
            child++;
        }
        if (!goes_before(h, at, child)) {
            return;
        }
        swap(h, at, child);
        at = child;
    }
}

bool dpl_sort(const dpl_hooks *hooks, void *items, size_t count, size_t size, dpl_before *before)
{
    const heap h = {items, size, before};
    for (size_t i = count / 2; i-- > 0;) {
        sink(&h, i, count);
    }
    for (size_t end = count; end-- > 1;) {
        if (end % CANCEL_EVERY == 0 && dpl_cancelled(hooks)) {
            return false;
        }
        swap(&h, 0, end);
        sink(&h, 0, end);
    }
    return true;
}
