/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one pack with its index: checking, and finding entries by id and by offset. Format: gitformat-pack(5). */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

#define FANOUT_BYTES 1024
#define INDEX_HEADER_BYTES 8
#define PACK_HEADER_BYTES 12

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t read_u64(const uint8_t *bytes)
{
    return (uint64_t)read_u32(bytes) << 32 | read_u32(bytes + 4);
}

static Reason check_index(Pack *pack, unsigned hash_size)
{
    const uint8_t *data = pack->index.data;
    size_t size = pack->index.size, fixed = INDEX_HEADER_BYTES + FANOUT_BYTES + 2 * hash_size;
    if (size < fixed || memcmp(data, "\377tOc\0\0\0\2", INDEX_HEADER_BYTES) != 0)
        return REASON_BAD_INDEX;
    uint32_t before = 0;
    for (int i = 0; i < 256; i++) {
        uint32_t here = read_u32(data + INDEX_HEADER_BYTES + 4 * i);
        if (here < before)
            return REASON_BAD_INDEX;
        before = here;
    }
    pack->count = before;
    size_t each = (size_t)hash_size + 8;
    if (pack->count >= NO_NODE / 2 || pack->count > (size - fixed) / each)
        return REASON_BAD_INDEX;
    size_t left = size - fixed - pack->count * each;
    if (left % 8 != 0)
        return REASON_BAD_INDEX;
    pack->ids = data + INDEX_HEADER_BYTES + FANOUT_BYTES;
    pack->small_offsets = pack->ids + (size_t)pack->count * (hash_size + 4);
    pack->large_offsets = pack->small_offsets + (size_t)pack->count * 4;
    pack->large_count = left / 8;
    return REASON_NONE;
}

static Reason check_pack(const Pack *pack, unsigned hash_size)
{
    Window window = {0};
    const uint8_t *bytes;
    const uint8_t *checksum = pack->index.data + pack->index.size - 2 * hash_size;
    if (pack->pack.size < PACK_HEADER_BYTES + hash_size)
        return REASON_BAD_PACK;
    Reason reason = window_read(&window, &pack->pack, 0, PACK_HEADER_BYTES, &bytes);
    if (reason == REASON_NONE) {
        uint32_t version = read_u32(bytes + 4);
        if (memcmp(bytes, "PACK", 4) != 0 || (version != 2 && version != 3))
            reason = REASON_BAD_PACK;
        else if (read_u32(bytes + 8) != pack->count)
            reason = REASON_MISMATCH;
    }
    if (reason == REASON_NONE)
        reason = window_read(&window, &pack->pack, pack->pack.size - hash_size, hash_size, &bytes);
    if (reason == REASON_NONE && memcmp(bytes, checksum, hash_size) != 0)
        reason = REASON_MISMATCH;
    window_free(&window);
    return reason;
}

/* An offset that cannot be is kept as UINT64_MAX: sorted last, refused when the entry is read. */
static uint64_t offset_at(const Pack *pack, uint32_t position)
{
    uint32_t small = read_u32(pack->small_offsets + 4 * (size_t)position);
    if (!(small & 0x80000000U))
        return small;
    small &= 0x7fffffffU;
    return small < pack->large_count ? read_u64(pack->large_offsets + 8 * (size_t)small) : UINT64_MAX;
}

/* One pass of a stable radix sort by 16 bits; false when all share them and nothing moved. */
static bool radix_pass(Pack *pack, uint64_t *offsets, uint32_t *positions, unsigned shift, uint32_t *counts)
{
    memset(counts, 0, 65537 * sizeof *counts);
    for (uint32_t i = 0; i < pack->count; i++)
        counts[(pack->offsets[i] >> shift & 0xffff) + 1]++;
    for (int i = 0; i < 65536; i++) {
        if (counts[i + 1] == pack->count)
            return false;
        counts[i + 1] += counts[i];
    }
    for (uint32_t i = 0; i < pack->count; i++) {
        uint32_t place = counts[pack->offsets[i] >> shift & 0xffff]++;
        offsets[place] = pack->offsets[i];
        positions[place] = pack->positions[i];
    }
    return true;
}

static bool sort_by_offset(Pack *pack)
{
    uint64_t *offsets = malloc((pack->count + 1) * sizeof *offsets);
    uint32_t *positions = malloc((pack->count + 1) * sizeof *positions);
    uint32_t *counts = malloc(65537 * sizeof *counts);
    bool is_done = offsets != NULL && positions != NULL && counts != NULL;
    for (unsigned shift = 0; is_done && shift < 64; shift += 16)
        if (pack->count > 1 && radix_pass(pack, offsets, positions, shift, counts)) {
            uint64_t *other_offsets = pack->offsets;
            uint32_t *other_positions = pack->positions;
            pack->offsets = offsets;
            pack->positions = positions;
            offsets = other_offsets;
            positions = other_positions;
        }
    free(offsets);
    free(positions);
    free(counts);
    return is_done;
}

static bool fill_buckets(Pack *pack)
{
    pack->bucket_shift = 4;
    while (pack->pack.size >> pack->bucket_shift > pack->count + 1)
        pack->bucket_shift++;
    pack->bucket_count = (pack->pack.size >> pack->bucket_shift) + 1;
    pack->buckets = malloc((pack->bucket_count + 1) * sizeof *pack->buckets);
    if (pack->buckets == NULL)
        return false;
    uint32_t node = 0;
    for (size_t bucket = 0; bucket <= pack->bucket_count; bucket++) {
        while (node < pack->count && pack->offsets[node] >> pack->bucket_shift < bucket)
            node++;
        pack->buckets[bucket] = node;
    }
    return true;
}

static bool load_entries(Pack *pack)
{
    size_t count = (size_t)pack->count + 1;
    pack->offsets = malloc(count * sizeof *pack->offsets);
    pack->positions = malloc(count * sizeof *pack->positions);
    pack->nodes = malloc(count * sizeof *pack->nodes);
    if (pack->offsets == NULL || pack->positions == NULL || pack->nodes == NULL)
        return false;
    for (uint32_t i = 0; i < pack->count; i++) {
        pack->offsets[i] = offset_at(pack, i);
        pack->positions[i] = i;
    }
    if (!sort_by_offset(pack))
        return false;
    for (uint32_t node = 0; node < pack->count; node++)
        pack->nodes[pack->positions[node]] = node;
    return fill_buckets(pack);
}

static void pack_free(Pack *pack)
{
    file_close(&pack->pack);
    file_close(&pack->index);
    free(pack->offsets);
    free(pack->positions);
    free(pack->nodes);
    free(pack->buckets);
}

Reason packset_add(PackSet *set, File pack_file, File index_file)
{
    Pack pack = {.pack = pack_file, .index = index_file, .first_node = set->node_count};
    Reason reason = check_index(&pack, set->hash_size);
    if (reason == REASON_NONE)
        reason = check_pack(&pack, set->hash_size);
    if (reason == REASON_NONE && set->node_count + (uint64_t)pack.count >= NO_NODE / 2)
        reason = REASON_NO_MEMORY;
    if (reason == REASON_NONE && !load_entries(&pack))
        reason = REASON_NO_MEMORY;
    Pack *packs = reason == REASON_NONE ? realloc(set->packs, (set->pack_count + 1) * sizeof *packs) : NULL;
    if (packs == NULL) {
        pack_free(&pack);
        return reason == REASON_NONE ? REASON_NO_MEMORY : reason;
    }
    set->packs = packs;
    set->packs[set->pack_count++] = pack;
    set->node_count += pack.count;
    return REASON_NONE;
}

Reason packset_open(PackSet *set, const char *pack_path, const char *index_path)
{
    File pack = {.fd = -1}, index = {.fd = -1};
    Reason reason = file_open(index_path, &index);
    if (reason == REASON_NONE)
        reason = file_load(&index);
    if (reason == REASON_NONE)
        reason = file_open(pack_path, &pack);
    if (reason == REASON_NONE)
        return packset_add(set, pack, index);
    file_close(&index);
    return reason;
}

void packset_free(PackSet *set)
{
    for (uint32_t i = 0; i < set->pack_count; i++)
        pack_free(&set->packs[i]);
    free(set->packs);
    free(set->bases);
    free(set->kinds);
    free(set->reasons);
    free(set->is_duplicate);
    free(set->child_starts);
    free(set->children);
    free(set->order);
    hash_free(&set->by_id);
    notes_free(set->notes);
    *set = (PackSet){0};
}

/* --- finding --------------------------------------------------------------------------------------------------- */

const Pack *packset_pack_of(const PackSet *set, uint32_t node)
{
    uint32_t low = 0, high = set->pack_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (set->packs[middle].first_node <= node)
            low = middle;
        else
            high = middle;
    }
    /* A pack without objects shares its first node with the next one. */
    while (node - set->packs[low].first_node >= set->packs[low].count)
        low++;
    return &set->packs[low];
}

const uint8_t *packset_id(const PackSet *set, uint32_t node)
{
    const Pack *pack = packset_pack_of(set, node);
    return pack->ids + (size_t)pack->positions[node - pack->first_node] * set->hash_size;
}

uint32_t pack_find(const Pack *pack, unsigned hash_size, const uint8_t *id)
{
    const uint8_t *fanout = pack->index.data + INDEX_HEADER_BYTES;
    uint32_t low = id[0] > 0 ? read_u32(fanout + 4 * (id[0] - 1)) : 0;
    uint32_t high = read_u32(fanout + 4 * id[0]);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(pack->ids + (size_t)middle * hash_size, id, hash_size);
        if (order == 0)
            return pack->first_node + pack->nodes[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_NODE;
}

static bool is_same_node(const void *context, uint32_t number, const void *key, size_t length)
{
    return memcmp(packset_id(context, number), key, length) == 0;
}

static uint64_t hash_of_node(const void *context, uint32_t number)
{
    const PackSet *set = context;
    return hash_bytes(set->by_id.seed, packset_id(set, number), set->hash_size);
}

/* Several packs would each have to be searched; one needs no table, only a look at its neighbours. */
uint32_t packset_find(const PackSet *set, const uint8_t *id)
{
    const HashIndex *index = &set->by_id;
    if (set->pack_count == 1)
        return pack_find(&set->packs[0], set->hash_size, id);
    if (index->cell_count == 0)
        return NO_NODE;
    uint64_t hash = hash_bytes(index->seed, id, set->hash_size);
    uint32_t cell = *hash_cell(index, hash, is_same_node, set, id, set->hash_size);
    return cell == 0 ? NO_NODE : cell - 1;
}

static bool index_node(PackSet *set, uint32_t node)
{
    HashIndex *index = &set->by_id;
    if (!hash_reserve(index, hash_of_node, set))
        return false;
    const uint8_t *id = packset_id(set, node);
    uint32_t *cell = hash_cell(index, hash_of_node(set, node), is_same_node, set, id, set->hash_size);
    set->is_duplicate[node] = *cell != 0;
    if (*cell == 0) {
        *cell = node + 1;
        index->count++;
    }
    return true;
}

static void mark_neighbours(PackSet *set, const Pack *pack)
{
    for (uint32_t position = 1; position < pack->count; position++) {
        const uint8_t *id = pack->ids + (size_t)position * set->hash_size;
        if (memcmp(id - set->hash_size, id, set->hash_size) == 0)
            set->is_duplicate[pack->first_node + pack->nodes[position]] = 1;
    }
}

Reason packset_index_ids(PackSet *set)
{
    if (set->pack_count == 1)
        mark_neighbours(set, &set->packs[0]);
    if (set->pack_count <= 1)
        return REASON_NONE;
    set->by_id.seed = hash_seed(set);
    for (const Pack *pack = set->packs; pack < set->packs + set->pack_count; pack++)
        for (uint32_t position = 0; position < pack->count; position++)
            if (!index_node(set, pack->first_node + pack->nodes[position]))
                return REASON_NO_MEMORY;
    return REASON_NONE;
}

/* Place of the first entry at or after *offset*; `count` if there is none. */
static uint32_t place_from(const Pack *pack, uint64_t offset)
{
    uint64_t bucket = offset >> pack->bucket_shift;
    if (bucket >= pack->bucket_count)
        return pack->count;
    uint32_t low = pack->buckets[bucket], high = pack->buckets[bucket + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pack->offsets[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t pack_find_offset(const Pack *pack, uint64_t offset)
{
    uint32_t place = place_from(pack, offset);
    return place < pack->count && pack->offsets[place] == offset ? pack->first_node + place : NO_NODE;
}

uint64_t packset_extent(const PackSet *set, uint32_t node, uint64_t *offset)
{
    const Pack *pack = packset_pack_of(set, node);
    uint32_t place = node - pack->first_node, next = place + 1;
    uint64_t end = pack->pack.size - set->hash_size;
    *offset = pack->offsets[place];
    if (*offset < PACK_HEADER_BYTES || *offset >= end)
        return 0;
    if (next < pack->count && pack->offsets[next] == *offset)
        next = place_from(pack, *offset + 1);
    if (next < pack->count && pack->offsets[next] < end)
        end = pack->offsets[next];
    return end - *offset;
}
