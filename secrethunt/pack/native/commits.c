/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading all commits of the packs into columns. Format: the commit object of git. */
#include <stdlib.h>
#include <string.h>

#include "history.h"

#define COMMIT_BUDGET ((uint64_t)64 << 20)
#define MAX_TIME_DIGITS 18
/* Written-out commits between two times of starting a new slab. */
#define EPOCH_BYTES ((size_t)2 << 20)

static int hex_digit(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool append(Vector *bytes, const void *from, size_t length)
{
    if (!vector_reserve(bytes, bytes->count + length, 1))
        return false;
    memcpy((uint8_t *)bytes->items + bytes->count, from, length);
    bytes->count += length;
    return true;
}

/* A line under construction: what is left of the commit. */
typedef struct {
    const uint8_t *next, *end;
    unsigned hash_size;
} Reader;

/* The rest of the line after *keyword*, with its length; NULL when the next line is another. */
static const uint8_t *take_line(Reader *reader, const char *keyword, size_t *length)
{
    size_t skip = strlen(keyword), left = (size_t)(reader->end - reader->next);
    if (left < skip || memcmp(reader->next, keyword, skip) != 0)
        return NULL;
    const uint8_t *start = reader->next + skip;
    const uint8_t *newline = memchr(start, '\n', left - skip);
    if (newline == NULL)
        return NULL;
    *length = (size_t)(newline - start);
    reader->next = newline + 1;
    return start;
}

static bool take_id(Reader *reader, const char *keyword, uint8_t *id)
{
    size_t length;
    const uint8_t *hex = take_line(reader, keyword, &length);
    if (hex == NULL || length != 2 * reader->hash_size)
        return false;
    for (unsigned i = 0; i < reader->hash_size; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Seconds since 1970 in a line "name <mail> seconds zone"; 0 where a broken commit has none. */
static int64_t parse_time(const uint8_t *line, size_t length)
{
    size_t i = length;
    while (i > 0 && line[i - 1] != '>')
        i--;
    while (i < length && line[i] == ' ')
        i++;
    int64_t seconds = 0;
    for (int digits = 0; i < length && line[i] >= '0' && line[i] <= '9'; i++) {
        if (++digits > MAX_TIME_DIGITS)
            return 0;
        seconds = seconds * 10 + (line[i] - '0');
    }
    return seconds;
}

static bool is_line_of(const Reader *reader, const char *keyword)
{
    size_t length = strlen(keyword);
    return (size_t)(reader->end - reader->next) >= length && memcmp(reader->next, keyword, length) == 0;
}

/* Appends one commit; parents as ids for now. REASON_BAD_OBJECT leaves the table as it was. */
static Reason parse_commit(CommitTable *table, Vector *parent_ids, Reader reader, uint32_t node)
{
    uint8_t tree[MAX_HASH], parent[MAX_HASH];
    size_t kept = parent_ids->count, author_length = 0, committer_length = 0;
    if (!take_id(&reader, "tree ", tree))
        return REASON_BAD_OBJECT;
    while (is_line_of(&reader, "parent ")) {
        if (!take_id(&reader, "parent ", parent)) {
            parent_ids->count = kept;
            return REASON_BAD_OBJECT;
        }
        if (!append(parent_ids, parent, reader.hash_size))
            return REASON_NO_MEMORY;
    }
    const uint8_t *author = take_line(&reader, "author ", &author_length);
    const uint8_t *committer = author != NULL ? take_line(&reader, "committer ", &committer_length) : NULL;
    if (committer == NULL) {
        parent_ids->count = kept;
        return REASON_BAD_OBJECT;
    }
    uint32_t *new_node = vector_add(&table->nodes, sizeof *new_node);
    uint32_t *parent_end = vector_add(&table->parent_starts, sizeof *parent_end);
    int64_t *time = vector_add(&table->times, sizeof *time);
    uint64_t *author_end = vector_add(&table->author_starts, sizeof *author_end);
    if (new_node == NULL || parent_end == NULL || time == NULL || author_end == NULL ||
        !append(&table->trees, tree, reader.hash_size) || !append(&table->authors, author, author_length))
        return REASON_NO_MEMORY;
    *new_node = node;
    *parent_end = (uint32_t)(parent_ids->count / reader.hash_size);
    *time = parse_time(committer, committer_length);
    *author_end = table->authors.count;
    return REASON_NONE;
}

static Reason take_visit(CommitTable *table, Vector *parent_ids, const PackSet *set, const Visit *visit)
{
    if (!visit->is_selected)
        return REASON_NONE;
    Reason reason = visit->reason;
    if (reason == REASON_NONE) {
        Reader reader = {.next = visit->data, .end = visit->data + visit->size, .hash_size = set->hash_size};
        reason = parse_commit(table, parent_ids, reader, visit->node);
    }
    if (reason == REASON_NONE || reason == REASON_NO_MEMORY)
        return reason;
    Skip *skip = vector_add(&table->skips, sizeof *skip);
    if (skip == NULL)
        return REASON_NO_MEMORY;
    *skip = (Skip){.node = visit->node, .reason = (uint8_t)reason};
    return REASON_NONE;
}

static Reason walk_commits(CommitTable *table, Vector *parent_ids, const PackSet *set, Plan *plan)
{
    Slab slabs[2] = {{0}, {0}};
    int current = 0;
    Cursor cursor;
    Visit visit;
    Reason reason = cursor_init(&cursor, plan, &slabs[0]);
    while (reason == REASON_NONE && cursor_next(&cursor, &visit)) {
        reason = cursor.is_out_of_memory ? REASON_NO_MEMORY : take_visit(table, parent_ids, set, &visit);
        if (slabs[current].total > EPOCH_BYTES) {
            current = !current;
            cursor_evacuate(&cursor, &slabs[current]);
            slab_reset(&slabs[!current]);
        }
    }
    cursor_free(&cursor);
    slab_free(&slabs[0]);
    slab_free(&slabs[1]);
    return reason;
}

static Reason link_parents(CommitTable *table, const Vector *parent_ids, const PackSet *set)
{
    uint32_t count = (uint32_t)table->nodes.count;
    uint32_t *numbers = malloc(((size_t)set->node_count + 1) * sizeof *numbers);
    if (numbers == NULL)
        return REASON_NO_MEMORY;
    memset(numbers, 0xff, ((size_t)set->node_count + 1) * sizeof *numbers);
    for (uint32_t i = 0; i < count; i++)
        numbers[*VECTOR_AT(&table->nodes, uint32_t, i)] = i;
    Reason reason = REASON_NONE;
    for (size_t at = 0; at < parent_ids->count && reason == REASON_NONE; at += set->hash_size) {
        const uint8_t *id = (const uint8_t *)parent_ids->items + at;
        uint32_t node = packset_find(set, id), *parent = vector_add(&table->parents, sizeof *parent);
        if (parent == NULL) {
            reason = REASON_NO_MEMORY;
        } else if (node != NO_NODE && numbers[node] != NO_NODE) {
            *parent = numbers[node];
        } else {
            *parent = count + (uint32_t)(table->outside.count / set->hash_size);
            reason = append(&table->outside, id, set->hash_size) ? REASON_NONE : REASON_NO_MEMORY;
        }
    }
    free(numbers);
    return reason;
}

Reason commits_collect(const PackSet *set, CommitTable *table)
{
    Selection selection = {.kinds = 1 << KIND_COMMIT, .max_size = COMMIT_BUDGET, .budget = COMMIT_BUDGET};
    Plan plan;
    Vector parent_ids = {0};
    *table = (CommitTable){0};
    Reason reason = plan_make(&plan, set, &selection);
    if (reason != REASON_NONE)
        return reason;
    uint32_t *parent_start = vector_add(&table->parent_starts, sizeof *parent_start);
    uint64_t *author_start = vector_add(&table->author_starts, sizeof *author_start);
    if (parent_start != NULL && author_start != NULL) {
        *parent_start = 0;
        *author_start = 0;
        table->skips = plan.skips;
        plan.skips = (Vector){0};
        reason = walk_commits(table, &parent_ids, set, &plan);
    } else {
        reason = REASON_NO_MEMORY;
    }
    if (reason == REASON_NONE)
        reason = link_parents(table, &parent_ids, set);
    vector_free(&parent_ids);
    plan_free(&plan);
    return reason;
}

void commits_free(CommitTable *table)
{
    Vector *columns[] = {&table->nodes,   &table->trees,         &table->parent_starts, &table->parents, &table->times,
                         &table->authors, &table->author_starts, &table->outside,       &table->skips};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vector_free(columns[i]);
}
