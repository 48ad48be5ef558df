/* A hash table of texts, by FNV-1a, with open addressing. */
#include "trace/names.h"

#include <string.h>

#include "base/memory.h"

static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211U;
    }
    return hash ^ hash >> 32;
}

/* The slot of a text, or the free one where it belongs. */
static size_t slot_of(const dpl_names *names, const char *text, size_t length)
{
    size_t slot = (size_t)hash_of(text, length) & (names->slots - 1);
    while (names->table[slot] != 0 && strcmp(names->bytes + names->table[slot] - 1, text) != 0) {
        slot = (slot + 1) & (names->slots - 1);
    }
    return slot;
}

static bool grow_table(dpl_names *names)
{
    dpl_names grown = *names;
    grown.slots = names->slots > 0 ? 2 * names->slots : 64;
    grown.table = dpl_allocate(names->hooks, grown.slots, sizeof *grown.table);
    if (grown.table == NULL) {
        return false;
    }
    for (size_t i = 0; i < names->slots; i++) {
        if (names->table[i] != 0) {
            const char *text = names->bytes + names->table[i] - 1;
            grown.table[slot_of(&grown, text, strlen(text))] = names->table[i];
        }
    }
    dpl_release(names->hooks, names->table, names->slots, sizeof *names->table);
    *names = grown;
    return true;
}

static bool grow_bytes(dpl_names *names, size_t needed)
{
    size_t room = names->room > 0 ? names->room : 4096;
    while (room < needed) {
        room *= 2;
    }
    char *bytes = dpl_allocate_unset(names->hooks, room, 1);
    if (bytes == NULL) {
        return false;
    }
    if (names->length > 0) {
        memcpy(bytes, names->bytes, names->length);
    }
    dpl_release(names->hooks, names->bytes, names->room, 1);
    names->bytes = bytes;
    names->room = room;
    return true;
}

bool dpl_names_find(dpl_names *names, const char *text, size_t length, size_t *name)
{
    if (2 * names->count >= names->slots && !grow_table(names)) {
        return false;
    }
    size_t slot = slot_of(names, text, length);
    if (names->table[slot] == 0) {
        size_t needed = names->length + length + 1;
        if (needed > names->room && !grow_bytes(names, needed)) {
            return false;
        }
        memcpy(names->bytes + names->length, text, length + 1);
        names->table[slot] = names->length + 1;
        names->length = needed;
        names->count++;
    }
    *name = names->table[slot] - 1;
    return true;
}

void dpl_names_release(dpl_names *names)
{
    dpl_release(names->hooks, names->bytes, names->room, 1);
    dpl_release(names->hooks, names->table, names->slots, sizeof *names->table);
    *names = (dpl_names){.hooks = names->hooks};
}

size_t dpl_names_bytes(const dpl_names *names)
{
    return names->room + names->slots * sizeof *names->table;
}
