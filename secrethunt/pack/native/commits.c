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
    return vector_append(bytes, &(Vector){.items = (void *)from, .count = length}, 1);
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
    size_t kept = parent_ids->count, length = 0;
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
    bool has_author = take_line(&reader, "author ", &length) != NULL;
    const uint8_t *committer = has_author ? take_line(&reader, "committer ", &length) : NULL;
    if (committer == NULL) {
        parent_ids->count = kept;
        return REASON_BAD_OBJECT;
    }
    uint32_t *new_node = vector_add(&table->nodes, sizeof *new_node);
    uint32_t *parent_end = vector_add(&table->parent_starts, sizeof *parent_end);
    int64_t *time = vector_add(&table->times, sizeof *time);
    if (new_node == NULL || parent_end == NULL || time == NULL ||
        !append(&table->trees, tree, reader.hash_size))
        return REASON_NO_MEMORY;
    *new_node = node;
    *parent_end = (uint32_t)(parent_ids->count / reader.hash_size);
    *time = parse_time(committer, length);
    return REASON_NONE;
}

/* Commits as they are read, in the order of reading: `parents` and `outside` of the table are still to come. */
struct CommitPage {
    CommitTable table;
    Vector parent_ids; /* hash_size bytes each */
};

CommitPage *page_new(void)
{
    CommitPage *page = calloc(1, sizeof *page);
    uint32_t *start = page != NULL ? vector_add(&page->table.parent_starts, sizeof *start) : NULL;
    if (start == NULL) {
        free(page);
        return NULL;
    }
    *start = 0;
    return page;
}

void page_free(CommitPage *page)
{
    if (page == NULL)
        return;
    commits_free(&page->table);
    vector_free(&page->parent_ids);
    free(page);
}

static Reason note_skip(CommitPage *page, uint32_t node, Reason reason)
{
    Skip *skip = vector_add(&page->table.skips, sizeof *skip);
    if (skip == NULL)
        return REASON_NO_MEMORY;
    *skip = (Skip){.node = node, .reason = (uint8_t)reason};
    return REASON_NONE;
}

Reason page_take(CommitPage *page, const PackSet *set, uint32_t node, const uint8_t *data, size_t size)
{
    Reader reader = {.next = data, .end = data + size, .hash_size = set->hash_size};
    Reason reason = parse_commit(&page->table, &page->parent_ids, reader, node);
    return reason == REASON_NONE || reason == REASON_NO_MEMORY ? reason : note_skip(page, node, reason);
}

/* --- notes ----------------------------------------------------------------------------------------------------- */

struct CommitNotes {
    pthread_mutex_t lock;
    Vector pages; /* CommitPage *, owned */
};

CommitNotes *notes_new(void)
{
    CommitNotes *notes = calloc(1, sizeof *notes);
    if (notes != NULL)
        pthread_mutex_init(&notes->lock, NULL);
    return notes;
}

static void drop_pages(CommitNotes *notes)
{
    for (size_t i = 0; i < notes->pages.count; i++)
        page_free(*VECTOR_AT(&notes->pages, CommitPage *, i));
    notes->pages.count = 0;
}

void notes_free(CommitNotes *notes)
{
    if (notes == NULL)
        return;
    drop_pages(notes);
    vector_free(&notes->pages);
    pthread_mutex_destroy(&notes->lock);
    free(notes);
}

bool notes_add(CommitNotes *notes, CommitPage *page)
{
    pthread_mutex_lock(&notes->lock);
    CommitPage **kept = vector_add(&notes->pages, sizeof *kept);
    if (kept != NULL)
        *kept = page;
    pthread_mutex_unlock(&notes->lock);
    return kept != NULL;
}

static bool append_page(CommitPage *page, const CommitPage *more)
{
    const CommitTable *from = &more->table;
    CommitTable *to = &page->table;
    uint32_t before = *VECTOR_AT(&to->parent_starts, uint32_t, to->parent_starts.count - 1);
    for (size_t i = 1; i < from->parent_starts.count; i++) {
        uint32_t *start = vector_add(&to->parent_starts, sizeof *start);
        if (start == NULL)
            return false;
        *start = before + *VECTOR_AT(&from->parent_starts, uint32_t, i);
    }
    return vector_append(&to->nodes, &from->nodes, sizeof(uint32_t)) && vector_append(&to->trees, &from->trees, 1) &&
           vector_append(&to->times, &from->times, sizeof(int64_t)) &&
           vector_append(&to->skips, &from->skips, sizeof(Skip)) &&
           vector_append(&page->parent_ids, &more->parent_ids, 1);
}

/* Mark each of *count* nodes, *stride* bytes apart; false when one is not wanted, or comes a second time. */
static bool strike_out(uint8_t *wanted, const void *nodes, size_t count, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t node;
        memcpy(&node, (const char *)nodes + i * stride, sizeof node);
        if (!(wanted[node] & NODE_SELECTED))
            return false;
        wanted[node] = 0;
    }
    return true;
}

/* Do the notes hold just the commits of *plan*, each once? */
static bool are_complete(const CommitNotes *notes, const Plan *plan)
{
    uint8_t *wanted = malloc((size_t)plan->set->node_count + 1);
    if (wanted == NULL)
        return false;
    memcpy(wanted, plan->flags, plan->set->node_count);
    bool are_fit = true;
    for (size_t i = 0; i < notes->pages.count && are_fit; i++) {
        const CommitTable *table = &(*VECTOR_AT(&notes->pages, CommitPage *, i))->table;
        are_fit = strike_out(wanted, table->nodes.items, table->nodes.count, sizeof(uint32_t)) &&
                  strike_out(wanted, table->skips.items, table->skips.count, sizeof(Skip));
    }
    for (uint32_t node = 0; node < plan->set->node_count && are_fit; node++)
        are_fit = !(wanted[node] & NODE_SELECTED);
    free(wanted);
    return are_fit;
}

/* Fill *page* from the notes if they hold all; they are used up. */
static Reason take_notes(CommitPage *page, CommitNotes *notes, const Plan *plan, bool *is_complete)
{
    pthread_mutex_lock(&notes->lock);
    *is_complete = are_complete(notes, plan);
    bool is_done = true;
    for (size_t i = 0; i < notes->pages.count && *is_complete && is_done; i++)
        is_done = append_page(page, *VECTOR_AT(&notes->pages, CommitPage *, i));
    drop_pages(notes);
    pthread_mutex_unlock(&notes->lock);
    return is_done ? REASON_NONE : REASON_NO_MEMORY;
}

/* --- the walk -------------------------------------------------------------------------------------------------- */

static Reason take_visit(CommitPage *page, const PackSet *set, const Visit *visit)
{
    if (!visit->is_selected)
        return REASON_NONE;
    if (visit->reason != REASON_NONE)
        return note_skip(page, visit->node, visit->reason);
    return page_take(page, set, visit->node, visit->data, visit->size);
}

static Reason walk_commits(CommitPage *page, const PackSet *set, Plan *plan)
{
    Slab slabs[2] = {{0}, {0}};
    int current = 0;
    Cursor cursor;
    Visit visit;
    Reason reason = cursor_init(&cursor, plan, &slabs[0]);
    while (reason == REASON_NONE && cursor_next(&cursor, &visit)) {
        reason = cursor.is_out_of_memory ? REASON_NO_MEMORY : take_visit(page, set, &visit);
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

static Reason fill_page(CommitPage *page, const PackSet *set, Plan *plan)
{
    if (!vector_append(&page->table.skips, &plan->skips, sizeof(Skip)))
        return REASON_NO_MEMORY;
    bool is_complete;
    Reason reason = take_notes(page, set->notes, plan, &is_complete);
    return reason == REASON_NONE && !is_complete ? walk_commits(page, set, plan) : reason;
}

Reason commits_collect(const PackSet *set, CommitTable *table)
{
    Selection selection = {.kinds = 1 << KIND_COMMIT, .max_size = COMMIT_BUDGET, .budget = COMMIT_BUDGET};
    Plan plan;
    *table = (CommitTable){0};
    Reason reason = plan_make(&plan, set, &selection);
    if (reason != REASON_NONE)
        return reason;
    CommitPage *page = page_new();
    reason = page != NULL ? fill_page(page, set, &plan) : REASON_NO_MEMORY;
    if (reason == REASON_NONE)
        reason = link_parents(&page->table, &page->parent_ids, set);
    if (page != NULL) {
        *table = page->table;
        page->table = (CommitTable){0};
    }
    page_free(page);
    plan_free(&plan);
    return reason;
}

void commits_free(CommitTable *table)
{
    Vector *columns[] = {&table->nodes, &table->trees,   &table->parent_starts, &table->parents,
                         &table->times, &table->outside, &table->skips};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vector_free(columns[i]);
}
