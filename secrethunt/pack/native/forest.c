/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the forest: each delta linked to its base, and the type of every object through its root. */
#include <stdlib.h>

#include "pack.h"

/* Headers are read in the order they stand in the pack. */
#define AHEAD_BYTES ((size_t)32 << 10)

static bool allocate(PackSet *set)
{
    size_t count = (size_t)set->node_count + 1;
    set->bases = malloc(count * sizeof *set->bases);
    set->kinds = calloc(count, 1);
    set->reasons = calloc(count, 1);
    set->is_duplicate = calloc(count, 1);
    set->child_starts = calloc(count + 1, sizeof *set->child_starts);
    set->children = malloc(count * sizeof *set->children);
    set->order = malloc(count * sizeof *set->order);
    return set->bases != NULL && set->kinds != NULL && set->reasons != NULL && set->is_duplicate != NULL &&
           set->child_starts != NULL && set->children != NULL && set->order != NULL;
}

/* A base named by id may stand in another pack; one named by offset stands in the same. */
static uint32_t find_base(const PackSet *set, const Pack *pack, const Entry *entry)
{
    if (entry->kind == KIND_OFFSET_DELTA)
        return pack_find_offset(pack, entry->base_offset);
    uint32_t base = pack_find(pack, set->hash_size, entry->base_id);
    return base != NO_NODE ? base : packset_find(set, entry->base_id);
}

static void read_headers(PackSet *set, const Pack *pack, Window *window)
{
    for (uint32_t node = pack->first_node; node < pack->first_node + pack->count; node++) {
        Entry entry;
        set->bases[node] = NO_NODE;
        Reason reason = packset_entry(set, node, window, &entry);
        if (reason == REASON_NONE && entry.kind < KIND_OFFSET_DELTA) {
            set->kinds[node] = entry.kind;
        } else if (reason == REASON_NONE) {
            set->bases[node] = find_base(set, pack, &entry);
            if (set->bases[node] == NO_NODE)
                reason = entry.kind == KIND_OFFSET_DELTA ? REASON_BAD_HEADER : REASON_MISSING_BASE;
        }
        set->reasons[node] = reason;
    }
}

static void link_children(PackSet *set)
{
    uint32_t *starts = set->child_starts;
    for (uint32_t node = 0; node < set->node_count; node++)
        if (set->bases[node] != NO_NODE)
            starts[set->bases[node] + 2]++;
    for (size_t i = 2; i <= (size_t)set->node_count + 1; i++)
        starts[i] += starts[i - 1];
    for (uint32_t node = 0; node < set->node_count; node++)
        if (set->bases[node] != NO_NODE)
            set->children[starts[set->bases[node] + 1]++] = node;
}

/* What an object inherits from its base: the type, or the reason why it cannot be read either. */
static void settle_child(PackSet *set, uint32_t node, uint32_t base, uint16_t *depths)
{
    set->kinds[node] = set->kinds[base];
    depths[node] = depths[base] + 1;
    if (set->reasons[base] != REASON_NONE) {
        set->reasons[node] = set->reasons[base] == REASON_TOO_DEEP ? REASON_TOO_DEEP : REASON_BASE_SKIPPED;
        depths[node] = 0;
    } else if (depths[node] > MAX_DEPTH) {
        set->reasons[node] = REASON_TOO_DEEP;
        depths[node] = 0;
    }
}

static Reason order_nodes(PackSet *set)
{
    uint16_t *depths = calloc((size_t)set->node_count + 1, sizeof *depths);
    if (depths == NULL)
        return REASON_NO_MEMORY;
    for (uint32_t node = 0; node < set->node_count; node++)
        if (set->bases[node] == NO_NODE)
            set->order[set->order_count++] = node;
    for (uint32_t done = 0; done < set->order_count; done++) {
        uint32_t base = set->order[done];
        for (uint32_t i = set->child_starts[base]; i < set->child_starts[base + 1]; i++) {
            settle_child(set, set->children[i], base, depths);
            set->order[set->order_count++] = set->children[i];
        }
    }
    free(depths);
    return REASON_NONE;
}

/* Whoever no root reaches stands on itself through its bases. */
static Reason mark_cycles(PackSet *set)
{
    uint8_t *is_reached = calloc((size_t)set->node_count + 1, 1);
    if (is_reached == NULL)
        return REASON_NO_MEMORY;
    for (uint32_t i = 0; i < set->order_count; i++)
        is_reached[set->order[i]] = 1;
    for (uint32_t node = 0; node < set->node_count; node++)
        if (!is_reached[node])
            set->reasons[node] = REASON_BASE_CYCLE;
    free(is_reached);
    return REASON_NONE;
}

Reason packset_link(PackSet *set)
{
    set->notes = notes_new();
    if (set->notes == NULL || !allocate(set))
        return REASON_NO_MEMORY;
    Reason reason = packset_index_ids(set);
    if (reason != REASON_NONE)
        return reason;
    Window window = {.ahead = AHEAD_BYTES};
    for (uint32_t i = 0; i < set->pack_count; i++)
        read_headers(set, &set->packs[i], &window);
    window_free(&window);
    link_children(set);
    reason = order_nodes(set);
    if (reason == REASON_NONE && set->order_count < set->node_count)
        reason = mark_cycles(set);
    return reason;
}
