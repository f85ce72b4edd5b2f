/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzz target: any bytes as a pack and its index, walked, inherited, read for commits and trees.
 *
 *     fuzz_pack SECONDS SEED PACK INDEX    mutates that pack for so long; exits 0 unless a sanitizer stops it
 *
 * An input is a four-byte length, so many bytes of pack, and the rest is the index. Checksums that only say whether
 * the two belong together are put right first, or hardly any input would come further.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history.h"

#define HASH_SIZE 20

/* Claim an anchor at every so many bytes, so that inheritance has something to do. */
static bool drive_batch(Worker *worker, Store *store)
{
    Vector events = {0}, asked = {0}, inherited = {0}, origins = {0};
    bool is_done = true;
    for (size_t end = 1; end <= store->arena.count && is_done; end += 5) {
        uint64_t *event = vector_add(&events, sizeof *event);
        is_done = event != NULL;
        if (is_done)
            *event = (uint64_t)end << TAG_BITS | end % 2;
    }
    is_done = is_done && worker_resolve(worker, store, events.items, events.count, &asked);
    for (size_t i = 0; i < asked.count && is_done; i += 2) {
        uint64_t *origin = vector_add(&origins, sizeof *origin);
        is_done = origin != NULL;
        if (is_done)
            *origin = VECTOR_AT(&asked, Confirmation, i)->origin;
    }
    is_done = is_done && worker_settle(worker, store, origins.items, origins.count, &inherited);
    vector_free(&events);
    vector_free(&asked);
    vector_free(&inherited);
    vector_free(&origins);
    return is_done;
}

static void drive_walk(const PackSet *set)
{
    static const Reach reaches[2] = {{8, 4}, {300, 300}};
    /* Made once, and kept from one input to the next. */
    static QuietRanges quiet;
    if (quiet.cells == NULL && !quiet_init(&quiet))
        abort();
    Selection selection = {.kinds = 0x1e, .max_size = 1 << 16, .budget = 1 << 17};
    WalkOptions options = {
        .width = 6,
        .arena_bytes = 512,
        .object_bytes = 2048,
        .reaches = reaches,
        .tag_count = 2,
        .quiet = &quiet,
    };
    Plan plan;
    Worker worker;
    Store *store = NULL;
    if (plan_make(&plan, set, &selection) != REASON_NONE)
        return;
    if (worker_init(&worker, &plan, &options, 0) == REASON_NONE)
        while (worker_next(&worker, &store) == REASON_NONE && store != NULL) {
            bool is_done = drive_batch(&worker, store);
            worker_recycle(&worker, store);
            if (!is_done)
                break;
        }
    worker_free(&worker);
    plan_free(&plan);
}

static void drive_history(const PackSet *set)
{
    CommitTable commits;
    TreeTable trees = {0};
    Closure closure = {0};
    uint8_t *targets = malloc((size_t)set->node_count * HASH_SIZE + 1);
    commits_collect(set, &commits);
    commits_free(&commits);
    for (uint32_t node = 0; targets != NULL && node < set->node_count; node++)
        memcpy(targets + (size_t)node * HASH_SIZE, packset_id(set, node), HASH_SIZE);
    static IdFilter filter;
    if (targets != NULL)
        filter_fill(&filter, targets, set->node_count, HASH_SIZE);
    if (targets != NULL && trees_collect(&trees, set, &filter, NULL, 0, 1) == REASON_NONE)
        closure_find(&closure, &trees, targets, set->node_count);
    closure_free(&closure);
    trees_free(&trees);
    free(targets);
}

/* Any bytes are text to look at. */
static void drive_encoded(const uint8_t *data, size_t size)
{
    static const uint16_t tags[SHAPE_COUNT] = {0, 1, 2, 3, 4};
    Vector events = {0};
    encoded_find(data, size, tags, &events);
    vector_free(&events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t length;
    if (size < sizeof length)
        return 0;
    memcpy(&length, data, sizeof length);
    size -= sizeof length;
    if (length > size)
        return 0;
    /* Copies of exactly their sizes, so that a byte read too far is seen. */
    uint8_t *pack = malloc(length + 1), *index = malloc(size - length + 1);
    if (pack == NULL || index == NULL)
        abort();
    memcpy(pack, data + sizeof length, length);
    memcpy(index, data + sizeof length + length, size - length);
    pack = realloc(pack, length > 0 ? length : 1);
    index = realloc(index, size - length > 0 ? size - length : 1);
    if (length >= 32 && size - length >= 1072) {
        memcpy(pack + 8, index + 8 + 255 * 4, 4);
        memcpy(index + size - length - 2 * HASH_SIZE, pack + length - HASH_SIZE, HASH_SIZE);
    }
    drive_encoded(pack, length);
    drive_encoded(index, size - length);
    PackSet set = {.hash_size = HASH_SIZE};
    File pack_file = {.data = pack, .size = length, .fd = -1};
    File index_file = {.data = index, .size = size - length, .fd = -1};
    if (packset_add(&set, pack_file, index_file) == REASON_NONE && packset_link(&set) == REASON_NONE) {
        drive_walk(&set);
        drive_history(&set);
    }
    packset_free(&set);
    free(pack);
    free(index);
    return 0;
}

#ifndef LIBFUZZER
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size + 1);
    if (data != NULL && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

/* A few bytes changed, or one range copied over another. */
static void mutate(uint8_t *data, size_t size, uint64_t *random)
{
    for (uint64_t changes = 1 + next_random(random) % 8; changes > 0; changes--) {
        size_t at = next_random(random) % size;
        uint64_t how = next_random(random) % 8;
        if (how < 3) {
            data[at] = (uint8_t)next_random(random);
        } else if (how < 6) {
            data[at] ^= (uint8_t)(1 << next_random(random) % 8);
        } else {
            size_t from = next_random(random) % size, most = size - (from > at ? from : at);
            memmove(data + at, data + from, next_random(random) % (most < 64 ? most + 1 : 64));
        }
    }
}

int main(int count, char **arguments)
{
    size_t pack_size = 0, index_size = 0;
    if (count != 5)
        return 2;
    double seconds = atof(arguments[1]);
    uint64_t random = strtoull(arguments[2], NULL, 10) * 2 + 1;
    uint8_t *pack = read_whole(arguments[3], &pack_size), *index = read_whole(arguments[4], &index_size);
    uint8_t *input = malloc(4 + pack_size + index_size);
    if (pack == NULL || index == NULL || input == NULL || pack_size == 0 || index_size == 0)
        return 2;
    uint32_t length = (uint32_t)pack_size;
    unsigned long runs = 0;
    for (clock_t start = clock(); (double)(clock() - start) / CLOCKS_PER_SEC < seconds; runs++) {
        memcpy(input, &length, 4);
        memcpy(input + 4, pack, pack_size);
        memcpy(input + 4 + pack_size, index, index_size);
        if (next_random(&random) % 4 > 0)
            mutate(input + 4, pack_size, &random);
        else
            mutate(input + 4 + pack_size, index_size, &random);
        size_t cut = next_random(&random) % 16 == 0 ? next_random(&random) % index_size : 0;
        LLVMFuzzerTestOneInput(input, 4 + pack_size + index_size - cut);
    }
    printf("%lu runs\n", runs);
    free(pack);
    free(index);
    free(input);
    return 0;
}
#endif
