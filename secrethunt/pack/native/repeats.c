/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what a walk has met before, so that bytes which deltas bring again and again are looked at once: ranges in which
 * no anchor ended, and windows whose confirmation is known. Both are known by a 64-bit hash under a random key; that two
 * different ones share it has a chance of less than one in a million over a walk of a million of each.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "pack.h"

/* A hash says which bucket, the rest of it which cell is overwritten when all are taken. */
#define BUCKET_CELLS ((size_t)8)
#define QUIET_BUCKETS ((size_t)1 << 18)
#define QUIET_BYTES (QUIET_BUCKETS * BUCKET_CELLS * sizeof(atomic_uint_least64_t))
#define KNOWN_CELLS_MIN ((size_t)1 << 12)
#define KNOWN_CELLS_MAX ((size_t)1 << 21)

/* --- hashing --------------------------------------------------------------------------------------------------- */

bool hash_key_init(HashKey *key)
{
    return getentropy(key, sizeof *key) == 0;
}

/* Both halves of the product, folded: the step of the wyhash and mum families of hashes. */
static uint64_t fold(uint64_t left, uint64_t right)
{
#ifdef __SIZEOF_INT128__
    __uint128_t product = (__uint128_t)left * right;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (left & UINT32_MAX) * (right & UINT32_MAX), high = (left >> 32) * (right >> 32);
    uint64_t cross = (left >> 32) * (right & UINT32_MAX) + (low >> 32);
    uint64_t other = (left & UINT32_MAX) * (right >> 32) + (cross & UINT32_MAX);
    return (other << 32 | (low & UINT32_MAX)) ^ (high + (cross >> 32) + (other >> 32));
#endif
}

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t half_at(const uint8_t *bytes)
{
    uint32_t half;
    memcpy(&half, bytes, sizeof half);
    return half;
}

/* Up to 32 bytes. Words of shorter ones overlap: the length, which is in the state, tells by how much. */
static uint64_t tail_words(const HashKey *key, uint64_t state, const uint8_t *bytes, size_t length)
{
    if (length >= 16) {
        state = fold(word_at(bytes) ^ key->words[0], word_at(bytes + 8) ^ state);
        return fold(word_at(bytes + length - 16) ^ key->words[1], word_at(bytes + length - 8) ^ state);
    }
    uint64_t low = 0, high = 0;
    if (length >= 8) {
        low = word_at(bytes);
        high = word_at(bytes + length - 8);
    } else if (length >= 4) {
        low = half_at(bytes);
        high = half_at(bytes + length - 4);
    } else if (length > 0) {
        low = (uint64_t)bytes[0] << 16 | (uint64_t)bytes[length / 2] << 8 | bytes[length - 1];
    }
    return fold(low ^ key->words[0], high ^ state);
}

uint64_t hash_content(const HashKey *key, uint64_t salt, const uint8_t *bytes, size_t length)
{
    uint64_t first = key->words[2] ^ salt, second = key->words[3] ^ length;
    size_t left = length;
    for (; left > 32; bytes += 32, left -= 32) {
        first = fold(word_at(bytes) ^ key->words[0], word_at(bytes + 8) ^ first);
        second = fold(word_at(bytes + 16) ^ key->words[1], word_at(bytes + 24) ^ second);
    }
    first = tail_words(key, first, bytes, left);
    uint64_t hash = fold(first ^ key->words[1], second ^ key->words[0]);
    return hash != 0 ? hash : 1;
}

/* --- quiet ranges ---------------------------------------------------------------------------------------------- */

bool quiet_init(QuietRanges *quiet)
{
    /* Zeroed pages are only taken from the system when they are first written to. */
    void *cells = mmap(NULL, QUIET_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    quiet->cells = cells != MAP_FAILED ? cells : NULL;
#ifdef MADV_HUGEPAGE
    /* Every access is to another page: with small ones, finding out where it is takes longer than the access. */
    if (quiet->cells != NULL)
        madvise(cells, QUIET_BYTES, MADV_HUGEPAGE);
#endif
    return quiet->cells != NULL && hash_key_init(&quiet->key);
}

void quiet_free(QuietRanges *quiet)
{
    if (quiet->cells != NULL)
        munmap(quiet->cells, QUIET_BYTES);
    quiet->cells = NULL;
}

static atomic_uint_least64_t *quiet_bucket(const QuietRanges *quiet, uint64_t hash)
{
    /* A bucket is one cache line. */
    return quiet->cells + (hash & (QUIET_BUCKETS - 1)) * BUCKET_CELLS;
}

void quiet_prefetch(const QuietRanges *quiet, uint64_t hash)
{
#ifdef __GNUC__
    __builtin_prefetch(quiet_bucket(quiet, hash));
#endif
}

bool quiet_has(const QuietRanges *quiet, uint64_t hash)
{
    const atomic_uint_least64_t *bucket = quiet_bucket(quiet, hash);
    for (size_t i = 0; i < BUCKET_CELLS; i++)
        if (atomic_load_explicit(&bucket[i], memory_order_relaxed) == hash)
            return true;
    return false;
}

/* NOTE: two workers may write to one cell; what the first wrote is then forgotten, which costs time alone. */
void quiet_add(QuietRanges *quiet, uint64_t hash)
{
    atomic_uint_least64_t *bucket = quiet_bucket(quiet, hash), *cell = &bucket[hash >> 61];
    for (size_t i = 0; i < BUCKET_CELLS; i++) {
        uint64_t taken = atomic_load_explicit(&bucket[i], memory_order_relaxed);
        if (taken == hash)
            return;
        if (taken == 0) {
            cell = &bucket[i];
            break;
        }
    }
    atomic_store_explicit(cell, hash, memory_order_relaxed);
}

/* --- ranges of a batch ----------------------------------------------------------------------------------------- */

void placed_prefetch(const PlacedRanges *ranges, uint64_t hash)
{
#ifdef __GNUC__
    if (ranges->cell_count > 0)
        __builtin_prefetch(&ranges->cells[hash >> 8 & (ranges->cell_count - 1)]);
#endif
}

static PlacedRange *placed_cell(const PlacedRanges *ranges, uint64_t hash)
{
    size_t at = hash >> 8 & (ranges->cell_count - 1);
    while (ranges->cells[at].batch == ranges->batch && ranges->cells[at].hash != hash)
        at = (at + 1) & (ranges->cell_count - 1);
    return &ranges->cells[at];
}

/* What stands in a cell from an earlier batch does not count, so there is nothing to clear, but when numbers run out. */
void placed_begin(PlacedRanges *ranges)
{
    ranges->count = 0;
    if (++ranges->batch == 0) {
        placed_free(ranges);
        ranges->batch = 1;
    }
}

static bool placed_reserve(PlacedRanges *ranges)
{
    if (ranges->cell_count > 0 && ranges->count + 1 <= ranges->cell_count / 2)
        return true;
    size_t cell_count = ranges->cell_count > 0 ? ranges->cell_count * 2 : KNOWN_CELLS_MIN;
    PlacedRanges larger = {.cell_count = cell_count, .count = ranges->count, .batch = ranges->batch};
    larger.cells = cell_count <= KNOWN_CELLS_MAX ? calloc(cell_count, sizeof *larger.cells) : NULL;
    if (larger.cells == NULL)
        return false;
    for (size_t i = 0; i < ranges->cell_count; i++)
        if (ranges->cells[i].batch == ranges->batch)
            *placed_cell(&larger, ranges->cells[i].hash) = ranges->cells[i];
    free(ranges->cells);
    *ranges = larger;
    return true;
}

bool placed_find(PlacedRanges *ranges, uint64_t hash, size_t *start)
{
    /* Without room a range is merely looked at again when it comes again. */
    if (*start > UINT32_MAX || !placed_reserve(ranges))
        return false;
    PlacedRange *cell = placed_cell(ranges, hash);
    if (cell->batch == ranges->batch) {
        *start = cell->start;
        return true;
    }
    *cell = (PlacedRange){.hash = hash, .start = (uint32_t)*start, .batch = ranges->batch};
    ranges->count++;
    return false;
}

void placed_free(PlacedRanges *ranges)
{
    free(ranges->cells);
    *ranges = (PlacedRanges){0};
}

/* --- known contents -------------------------------------------------------------------------------------------- */

static Known *known_cell(const KnownTable *table, uint64_t hash)
{
    size_t at = hash >> 8 & (table->cell_count - 1);
    while (table->cells[at].hash != 0 && table->cells[at].hash != hash)
        at = (at + 1) & (table->cell_count - 1);
    return &table->cells[at];
}

static void known_clear(KnownTable *table)
{
    if (table->count > 0)
        memset(table->cells, 0, table->cell_count * sizeof *table->cells);
    table->count = 0;
}

/* Room for one more. A table that is full is emptied: what it knew is asked for again. */
static bool known_reserve(KnownTable *table)
{
    if (table->cell_count > 0 && table->count + 1 <= table->cell_count / 2)
        return true;
    size_t cell_count = table->cell_count > 0 ? table->cell_count * 2 : KNOWN_CELLS_MIN;
    if (cell_count > KNOWN_CELLS_MAX) {
        known_clear(table);
        return true;
    }
    KnownTable larger = {.cells = calloc(cell_count, sizeof *larger.cells), .cell_count = cell_count};
    if (larger.cells == NULL)
        return false;
    for (size_t i = 0; i < table->cell_count; i++)
        if (table->cells[i].hash != 0)
            *known_cell(&larger, table->cells[i].hash) = table->cells[i];
    free(table->cells);
    table->cells = larger.cells;
    table->cell_count = cell_count;
    return true;
}

Known *known_find(const KnownTable *table, uint64_t hash)
{
    /* An empty cell has the hash 0. */
    if (table->cell_count == 0 || hash == 0)
        return NULL;
    Known *cell = known_cell(table, hash);
    return cell->hash == hash ? cell : NULL;
}

bool known_add(KnownTable *table, uint64_t hash, uint64_t number)
{
    if (!known_reserve(table))
        return false;
    *known_cell(table, hash) = (Known){.hash = hash, .number = number};
    table->count++;
    return true;
}

void known_free(KnownTable *table)
{
    free(table->cells);
    *table = (KnownTable){0};
}
