/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the closure: which trees lead to given blobs, and by which entries. It works on the entries that `trees.c` read
 * and never on objects: an entry is looked up once, and inherited by every tree that took it over.
 */
#include <stdlib.h>
#include <string.h>

#include "history.h"

/* git itself refuses directories nested deeper (core.maxTreeDepth). */
#define MAX_ROUNDS 2048

/* An entry that leads to a target, at its place in one tree. */
typedef struct {
    uint32_t index, entry;
} Hit;

typedef struct {
    TreeTable *table;
    Closure *closure;
    const uint8_t *targets;
    HashIndex record_index, target_index, signature_index;
    uint8_t *is_closed;   /* of each record */
    size_t *hit_starts;   /* of each record, and one more */
    uint32_t *signatures; /* of each record */
    Vector hits;
} Search;

/* --- what entries lead to -------------------------------------------------------------------------------------- */

static bool is_same_record(const void *context, uint32_t number, const void *key, size_t length)
{
    const Search *search = context;
    return memcmp(tree_record_id(search->table, number), key, length) == 0;
}

static uint64_t hash_of_record(const void *context, uint32_t number)
{
    const Search *search = context;
    return hash_bytes(search->record_index.seed, tree_record_id(search->table, number), search->table->set->hash_size);
}

static bool is_same_target(const void *context, uint32_t number, const void *key, size_t length)
{
    const Search *search = context;
    return memcmp(search->targets + (size_t)number * length, key, length) == 0;
}

static uint64_t hash_of_target(const void *context, uint32_t number)
{
    const Search *search = context;
    unsigned hash_size = search->table->set->hash_size;
    return hash_bytes(search->target_index.seed, search->targets + (size_t)number * hash_size, hash_size);
}

/* The first of equal ids counts. */
static bool insert(Search *search, HashIndex *index, HashOf *hash_of, SameKey *is_same, uint32_t number, const void *id)
{
    if (!hash_reserve(index, hash_of, search))
        return false;
    unsigned hash_size = search->table->set->hash_size;
    uint32_t *cell = hash_cell(index, hash_of(search, number), is_same, search, id, hash_size);
    if (*cell == 0) {
        *cell = number + 1;
        index->count++;
    }
    return true;
}

static uint32_t look_up(const Search *search, const HashIndex *index, SameKey *is_same, const uint8_t *id)
{
    if (index->cell_count == 0)
        return NO_RECORD;
    unsigned hash_size = search->table->set->hash_size;
    uint32_t cell = *hash_cell(index, hash_bytes(index->seed, id, hash_size), is_same, search, id, hash_size);
    return cell == 0 ? NO_RECORD : cell - 1;
}

/* Entries that lead nowhere are most of them, and are looked at in every round. */
static void drop_dead_entries(TreeTable *table)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < table->records.count; i++) {
        TreeRecord *record = VECTOR_AT(&table->records, TreeRecord, i);
        uint32_t first = kept;
        for (uint32_t j = record->first_entry; j < record->first_entry + record->entry_count; j++) {
            TreeEntry entry = *VECTOR_AT(&table->entries, TreeEntry, j);
            if (entry.child != NO_RECORD)
                *VECTOR_AT(&table->entries, TreeEntry, kept++) = entry;
        }
        record->first_entry = first;
        record->entry_count = kept - first;
    }
    table->entries.count = kept;
    vector_free(&table->entry_ids);
}

static bool link_entries(Search *search, size_t target_count)
{
    TreeTable *table = search->table;
    unsigned hash_size = table->set->hash_size;
    if (!hash_reserve_more(&search->record_index, table->records.count, hash_of_record, search))
        return false;
    for (uint32_t i = 0; i < table->records.count; i++)
        if (!insert(search, &search->record_index, hash_of_record, is_same_record, i, tree_record_id(table, i)))
            return false;
    for (uint32_t i = 0; i < target_count; i++) {
        const uint8_t *id = search->targets + (size_t)i * hash_size;
        if (!insert(search, &search->target_index, hash_of_target, is_same_target, i, id))
            return false;
    }
    for (size_t i = 0; i < table->entries.count; i++) {
        TreeEntry *entry = VECTOR_AT(&table->entries, TreeEntry, i);
        const uint8_t *id = (const uint8_t *)table->entry_ids.items + i * hash_size;
        if (entry->is_tree)
            entry->child = look_up(search, &search->record_index, is_same_record, id);
        else
            entry->child = look_up(search, &search->target_index, is_same_target, id);
    }
    drop_dead_entries(table);
    return true;
}

/* --- rounds ---------------------------------------------------------------------------------------------------- */

static bool is_hit(const Search *search, const TreeEntry *entry)
{
    return entry->child != NO_RECORD && (!entry->is_tree || search->is_closed[entry->child]);
}

static bool add_hit(Search *search, uint32_t index, uint32_t entry)
{
    Hit *hit = vector_add(&search->hits, sizeof *hit);
    if (hit != NULL)
        *hit = (Hit){.index = index, .entry = entry};
    return hit != NULL;
}

/* The hits of the base that *run* takes over. */
static bool inherit_run(Search *search, uint32_t parent, const Region *run)
{
    size_t low = search->hit_starts[parent], end = search->hit_starts[parent + 1], high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (VECTOR_AT(&search->hits, Hit, middle)->index < run->base)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < end; low++) {
        Hit hit = *VECTOR_AT(&search->hits, Hit, low);
        if (hit.index - run->base >= run->size)
            break;
        if (!add_hit(search, hit.index - run->base + run->start, hit.entry))
            return false;
    }
    return true;
}

/* All hits of one tree, by their places. */
static bool collect_hits(Search *search, const TreeRecord *record)
{
    const TreeTable *table = search->table;
    uint32_t entry = record->first_entry, last_entry = entry + record->entry_count;
    uint32_t run = record->first_run, last_run = run + record->run_count;
    /* Most bases have no hits to take over. */
    if (record->parent != NO_RECORD && search->hit_starts[record->parent] == search->hit_starts[record->parent + 1])
        run = last_run;
    while (entry < last_entry || run < last_run) {
        const TreeEntry *next = VECTOR_AT(&table->entries, TreeEntry, entry);
        const Region *taken = VECTOR_AT(&table->runs, Region, run);
        if (run == last_run || (entry < last_entry && next->index < taken->start)) {
            if (is_hit(search, next) && !add_hit(search, next->index, entry))
                return false;
            entry++;
        } else {
            if (!inherit_run(search, record->parent, taken))
                return false;
            run++;
        }
    }
    return true;
}

/* One round over all trees; *changed* if some joined the closure. */
static bool run_round(Search *search, bool *changed)
{
    const TreeTable *table = search->table;
    *changed = false;
    search->hits.count = 0;
    search->hit_starts[0] = 0;
    for (uint32_t i = 0; i < table->records.count; i++) {
        search->hit_starts[i + 1] = search->hits.count;
        if (!collect_hits(search, VECTOR_AT(&table->records, TreeRecord, i)))
            return false;
        search->hit_starts[i + 1] = search->hits.count;
        if (search->hit_starts[i] < search->hits.count && !search->is_closed[i]) {
            search->is_closed[i] = 1;
            *changed = true;
        }
    }
    return true;
}

static bool skip_record(Search *search, uint32_t number, Reason reason)
{
    const TreeRecord *record = VECTOR_AT(&search->table->records, TreeRecord, number);
    Skip *skip = vector_add(&search->table->skips, sizeof *skip);
    uint32_t node = record->node != NO_NODE ? record->node : search->table->set->node_count + record->extra;
    if (skip != NULL)
        *skip = (Skip){.node = node, .reason = (uint8_t)reason};
    return skip != NULL;
}

static bool run_rounds(Search *search)
{
    bool changed = true;
    for (int round = 0; changed && round < MAX_ROUNDS; round++)
        if (!run_round(search, &changed))
            return false;
    return !changed || skip_record(search, 0, REASON_TOO_DEEP);
}

/* --- signatures ------------------------------------------------------------------------------------------------ */

static const SignatureRow *rows_of(const Search *search, uint32_t signature, size_t *length)
{
    const Signature *found = VECTOR_AT(&search->closure->signatures, Signature, signature);
    *length = found->row_count * sizeof(SignatureRow);
    return VECTOR_AT(&search->closure->rows, SignatureRow, found->first_row);
}

static bool is_same_signature(const void *context, uint32_t number, const void *key, size_t length)
{
    size_t own;
    const SignatureRow *rows = rows_of(context, number, &own);
    return own == length && memcmp(rows, key, length) == 0;
}

static uint64_t hash_of_signature(const void *context, uint32_t number)
{
    size_t length;
    const SignatureRow *rows = rows_of(context, number, &length);
    return hash_bytes(((const Search *)context)->signature_index.seed, rows, length);
}

/* The rows from *first* on become a signature, unless there is one like it. */
static bool intern_rows(Search *search, size_t first, uint32_t *signature)
{
    Closure *closure = search->closure;
    HashIndex *index = &search->signature_index;
    size_t count = closure->rows.count - first, length = count * sizeof(SignatureRow);
    *signature = NO_RECORD;
    if (count == 0)
        return true;
    if (!hash_reserve(index, hash_of_signature, search))
        return false;
    const SignatureRow *rows = VECTOR_AT(&closure->rows, SignatureRow, first);
    uint32_t *cell =
        hash_cell(index, hash_bytes(index->seed, rows, length), is_same_signature, search, rows, length);
    if (*cell != 0) {
        closure->rows.count = first;
    } else {
        Signature *added = vector_add(&closure->signatures, sizeof *added);
        if (added == NULL)
            return false;
        *added = (Signature){.first_row = (uint32_t)first, .row_count = (uint32_t)count};
        *cell = (uint32_t)closure->signatures.count;
        index->count++;
    }
    *signature = *cell - 1;
    return true;
}

/* A tree whose hits are being followed. */
typedef struct {
    uint32_t record;
    size_t next_hit;
} Step;

enum { OPEN = NO_RECORD - 1, UNSEEN = NO_RECORD - 2 };

/* All that *record* leads to has its signature: make its own. An entry that leads back upwards is left out. */
static bool sign(Search *search, uint32_t record)
{
    const TreeTable *table = search->table;
    Closure *closure = search->closure;
    size_t first = closure->rows.count;
    for (size_t i = search->hit_starts[record]; i < search->hit_starts[record + 1]; i++) {
        const TreeEntry *entry =
            VECTOR_AT(&table->entries, TreeEntry, VECTOR_AT(&search->hits, Hit, i)->entry);
        uint32_t value = entry->is_tree ? search->signatures[entry->child] : entry->child;
        if (entry->is_tree && value == OPEN && !skip_record(search, record, REASON_BAD_OBJECT))
            return false;
        if (entry->is_tree && (value == OPEN || value == NO_RECORD))
            continue;
        SignatureRow *row = vector_add(&closure->rows, sizeof *row);
        if (row == NULL)
            return false;
        *row = (SignatureRow){.label = entry->label, .value = value, .is_target = !entry->is_tree};
    }
    return intern_rows(search, first, &search->signatures[record]);
}

/* Depth first over what *root* leads to, without recursion. */
static bool sign_below(Search *search, uint32_t root, Vector *steps)
{
    const TreeTable *table = search->table;
    Step *step = vector_add(steps, sizeof *step);
    if (step == NULL)
        return false;
    *step = (Step){.record = root, .next_hit = search->hit_starts[root]};
    search->signatures[root] = OPEN;
    while (steps->count > 0) {
        step = VECTOR_AT(steps, Step, steps->count - 1);
        if (step->next_hit == search->hit_starts[step->record + 1]) {
            if (!sign(search, step->record))
                return false;
            steps->count--;
            continue;
        }
        uint32_t number = VECTOR_AT(&search->hits, Hit, step->next_hit++)->entry;
        const TreeEntry *entry = VECTOR_AT(&table->entries, TreeEntry, number);
        if (!entry->is_tree || search->signatures[entry->child] != UNSEEN)
            continue;
        step = vector_add(steps, sizeof *step);
        if (step == NULL)
            return false;
        *step = (Step){.record = entry->child, .next_hit = search->hit_starts[entry->child]};
        search->signatures[entry->child] = OPEN;
    }
    return true;
}

typedef struct {
    uint64_t first_bytes; /* of the id, big-endian */
    const uint8_t *id;
    uint32_t hash_size, record;
} SortedTree;

static uint64_t first_bytes(const uint8_t *id)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | id[i];
    return number;
}

static int compare_trees(const void *left, const void *right)
{
    const SortedTree *a = left, *b = right;
    if (a->first_bytes != b->first_bytes)
        return a->first_bytes < b->first_bytes ? -1 : 1;
    int order = memcmp(a->id, b->id, a->hash_size);
    return order != 0 ? order : a->record < b->record ? -1 : a->record > b->record;
}

/* In the order of ids, so that numbers do not depend on how the packs store the trees. */
static bool sign_all(Search *search)
{
    const TreeTable *table = search->table;
    Vector sorted = {0}, steps = {0};
    bool is_done = true;
    for (uint32_t i = 0; i < table->records.count && is_done; i++) {
        if (!search->is_closed[i])
            continue;
        SortedTree *tree = vector_add(&sorted, sizeof *tree);
        is_done = tree != NULL;
        const uint8_t *id = tree_record_id(table, i);
        if (is_done)
            *tree = (SortedTree){
                .first_bytes = first_bytes(id),
                .id = id,
                .hash_size = table->set->hash_size,
                .record = i,
            };
    }
    if (is_done && sorted.count > 0)
        qsort(sorted.items, sorted.count, sizeof(SortedTree), compare_trees);
    for (size_t i = 0; i < sorted.count && is_done; i++) {
        uint32_t record = VECTOR_AT(&sorted, SortedTree, i)->record;
        is_done = search->signatures[record] != UNSEEN || sign_below(search, record, &steps);
        if (!is_done || search->signatures[record] == NO_RECORD)
            continue;
        ClosedTree *tree = vector_add(&search->closure->trees, sizeof *tree);
        is_done = tree != NULL;
        if (is_done)
            *tree = (ClosedTree){.record = record, .signature = search->signatures[record]};
    }
    vector_free(&sorted);
    vector_free(&steps);
    return is_done;
}

/* --- closure --------------------------------------------------------------------------------------------------- */

Reason closure_find(Closure *closure, TreeTable *table, const uint8_t *targets, size_t target_count)
{
    size_t count = table->records.count + 1;
    *closure = (Closure){0};
    Search search = {
        .table = table,
        .closure = closure,
        .targets = targets,
        .is_closed = calloc(count, 1),
        .hit_starts = calloc(count + 1, sizeof(size_t)),
        .signatures = malloc(count * sizeof(uint32_t)),
    };
    uint64_t seed = hash_seed(closure);
    search.record_index.seed = search.target_index.seed = search.signature_index.seed = seed;
    bool is_done = search.is_closed != NULL && search.hit_starts != NULL &&
                   search.signatures != NULL;
    if (is_done) {
        for (size_t i = 0; i < count; i++)
            search.signatures[i] = UNSEEN;
        is_done = link_entries(&search, target_count) && run_rounds(&search) && sign_all(&search);
    }
    free(search.is_closed);
    free(search.hit_starts);
    free(search.signatures);
    vector_free(&search.hits);
    hash_free(&search.record_index);
    hash_free(&search.target_index);
    hash_free(&search.signature_index);
    return is_done ? REASON_NONE : REASON_NO_MEMORY;
}

void closure_free(Closure *closure)
{
    vector_free(&closure->trees);
    vector_free(&closure->signatures);
    vector_free(&closure->rows);
}
