/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one hash index: open addressing over numbers whose keys stand elsewhere. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pack.h"

uint64_t hash_seed(const void *somewhere)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uintptr_t)somewhere) * 0x9e3779b97f4a7c15U;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32;
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;
    uint64_t hash = seed ^ length, word = 0;
    if (length < sizeof word) {
        memcpy(&word, next, length);
        return mix(hash, word) * 0xd6e8feb86659fd93U;
    }
    for (; length > sizeof word; next += sizeof word, length -= sizeof word) {
        memcpy(&word, next, sizeof word);
        hash = mix(hash, word);
    }
    /* The last eight bytes, some of them for the second time. */
    memcpy(&word, next + length - sizeof word, sizeof word);
    return mix(hash, word) * 0xd6e8feb86659fd93U;
}

uint32_t *hash_cell(const HashIndex *index, uint64_t hash, SameKey *is_equal, const void *context, const void *key,
                    size_t length)
{
    size_t mask = index->cell_count - 1, at = (hash >> 20) & mask;
    while (index->cells[at] != 0 && !is_equal(context, index->cells[at] - 1, key, length))
        at = (at + 1) & mask;
    return &index->cells[at];
}

bool hash_reserve(HashIndex *index, HashOf *hash_of, const void *context)
{
    return hash_reserve_more(index, 1, hash_of, context);
}

bool hash_reserve_more(HashIndex *index, size_t more, HashOf *hash_of, const void *context)
{
    size_t cell_count = index->cell_count > 0 ? index->cell_count : 1024;
    while (index->count + more > cell_count / 2)
        cell_count *= 2;
    if (cell_count == index->cell_count)
        return true;
    uint32_t *cells = calloc(cell_count, sizeof *cells);
    if (cells == NULL)
        return false;
    for (size_t i = 0; i < index->cell_count; i++) {
        if (index->cells[i] == 0)
            continue;
        size_t at = (hash_of(context, index->cells[i] - 1) >> 20) & (cell_count - 1);
        while (cells[at] != 0)
            at = (at + 1) & (cell_count - 1);
        cells[at] = index->cells[i];
    }
    free(index->cells);
    index->cells = cells;
    index->cell_count = cell_count;
    return true;
}

void hash_free(HashIndex *index)
{
    free(index->cells);
    *index = (HashIndex){0};
}
