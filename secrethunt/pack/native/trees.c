/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading all tree objects, delta by delta: entries whose bytes a delta copied are taken over from the base in
 * runs, without looking at them; only the others are parsed. Format: the tree object of git.
 */
#include <stdlib.h>
#include <string.h>

#include "history.h"

#define TREE_BUDGET ((uint64_t)256 << 20)
#define EPOCH_BYTES ((size_t)2 << 20)
/* What an entry takes beside its id: at least a blank and a NUL; hardly ever more than the other, its id included. */
#define ENTRY_BYTES_LEAST 2
#define ENTRY_BYTES_MOSTLY ((size_t)64)

/* Where the entries of a tree begin, and where the last one ends: count + 1 places. */
typedef struct {
    uint32_t count;
    uint32_t places[];
} Entries;

const uint8_t *tree_record_id(const TreeTable *table, uint32_t record)
{
    const TreeRecord *tree = VECTOR_AT(&table->records, TreeRecord, record);
    return tree->node != NO_NODE ? packset_id(table->set, tree->node) : table->extras[tree->extra].id;
}

/* --- labels ---------------------------------------------------------------------------------------------------- */

static bool is_same_label(const void *context, uint32_t number, const void *key, size_t length)
{
    const TreeTable *table = context;
    const Label *label = VECTOR_AT(&table->labels, Label, number);
    return label->length == length && memcmp((const char *)table->label_bytes.items + label->start, key, length) == 0;
}

static uint64_t hash_of_label(const void *context, uint32_t number)
{
    const TreeTable *table = context;
    const Label *label = VECTOR_AT(&table->labels, Label, number);
    return hash_bytes(table->label_index.seed, (const char *)table->label_bytes.items + label->start, label->length);
}

static bool intern_label(TreeTable *table, const uint8_t *bytes, size_t length, uint32_t *number)
{
    HashIndex *index = &table->label_index;
    if (!hash_reserve(index, hash_of_label, table))
        return false;
    uint32_t *cell = hash_cell(index, hash_bytes(index->seed, bytes, length), is_same_label, table, bytes, length);
    if (*cell == 0) {
        Label *label = vector_add(&table->labels, sizeof *label);
        size_t start = table->label_bytes.count;
        if (label == NULL || start + length > UINT32_MAX || !vector_reserve(&table->label_bytes, start + length, 1))
            return false;
        memcpy((char *)table->label_bytes.items + start, bytes, length);
        table->label_bytes.count += length;
        *label = (Label){.start = (uint32_t)start, .length = (uint32_t)length};
        *cell = (uint32_t)table->labels.count;
        index->count++;
    }
    *number = *cell - 1;
    return true;
}

/* --- one tree -------------------------------------------------------------------------------------------------- */

/* Memory that is used again from tree to tree. */
typedef struct {
    Vector places; /* uint32_t */
    Vector bytes;  /* of one entry */
} Scratch;

/* A tree being read, from its start to its end. */
typedef struct {
    TreeTable *table;
    Scratch *scratch;
    const uint8_t *data; /* NULL: it stays apart, in `pieces` */
    Pieces pieces;
    size_t size, position;
    const Region *regions;
    size_t region_count;
    const Entries *base;
    uint32_t expected; /* the base's entry after the last one taken over or replaced */
    uint32_t count;    /* entries so far */
    bool keeps_places; /* others will take over entries of this tree */
} Parser;

static void scratch_free(Scratch *scratch)
{
    vector_free(&scratch->places);
    vector_free(&scratch->bytes);
}

static bool add_place(Parser *parser, size_t place)
{
    parser->count++;
    if (!parser->keeps_places)
        return true;
    uint32_t *added = vector_add(&parser->scratch->places, sizeof *added);
    if (added != NULL)
        *added = (uint32_t)place;
    return added != NULL;
}

/* Number of the first of the base's entries [first, last) that begins at or after *byte*, or *last*. The search does
 * not branch on what it compares, which no processor could foresee. */
static uint32_t entry_from(const Entries *base, size_t byte, uint32_t first, uint32_t last)
{
    const uint32_t *low = base->places + first;
    for (uint32_t left = last - first; left > 0;) {
        uint32_t half = (left + 1) / 2;
        low += low[half - 1] < byte ? half : 0;
        left -= half;
    }
    return (uint32_t)(low - base->places);
}

static bool copy_places(Parser *parser, uint32_t first, uint32_t last, uint32_t shift)
{
    Vector *places = &parser->scratch->places;
    if (!parser->keeps_places)
        return true;
    if (!vector_reserve(places, places->count + last - first, sizeof(uint32_t)))
        return false;
    uint32_t *next = VECTOR_AT(places, uint32_t, places->count);
    for (uint32_t i = first; i < last; i++)
        *next++ = parser->base->places[i] + shift;
    places->count += last - first;
    return true;
}

/* Take over the entries of the base that begin here and lie wholly in the copied region around; *taken* counts them. */
static bool take_run(Parser *parser, uint32_t *taken)
{
    *taken = 0;
    while (parser->region_count > 0 && parser->regions->start + (size_t)parser->regions->size <= parser->position) {
        parser->regions++;
        parser->region_count--;
    }
    const Region *region = parser->regions;
    if (parser->base == NULL || parser->region_count == 0 || region->start > parser->position)
        return true;
    size_t from = parser->position - region->start + region->base, to = region->base + (size_t)region->size;
    const uint32_t *places = parser->base->places;
    uint32_t count = parser->base->count, first = parser->expected;
    if (first > count || places[first] != from)
        first = entry_from(parser->base, from, 0, count);
    if (first == count || places[first] != from)
        return true;
    size_t most = (to - from) / (parser->table->set->hash_size + ENTRY_BYTES_LEAST) + 1;
    uint32_t last = entry_from(parser->base, to, first, count - first > most ? first + (uint32_t)most : count);
    if (places[last] > to)
        last--;
    if (last <= first)
        return true;
    Region *run = vector_add(&parser->table->runs, sizeof *run);
    if (run == NULL || !copy_places(parser, first, last, (uint32_t)(parser->position - from)))
        return false;
    *run = (Region){.start = parser->count, .base = first, .size = last - first};
    parser->count += last - first;
    parser->position += places[last] - from;
    parser->expected = last;
    *taken = last - first;
    return true;
}

/* The next *length* bytes; NULL when memory is out. */
static const uint8_t *look_at(Parser *parser, size_t length)
{
    if (parser->data != NULL)
        return parser->data + parser->position;
    Vector *bytes = &parser->scratch->bytes;
    if (!vector_reserve(bytes, length + SLACK, 1))
        return NULL;
    size_t first = (size_t)(parser->regions - parser->pieces.regions);
    pieces_gather(&parser->pieces, &first, parser->position, parser->position + length, bytes->items);
    return bytes->items;
}

/* The entry that begins here, and the end of its label; where there is none, why. */
static Reason find_entry(Parser *parser, const uint8_t **start, const uint8_t **nul)
{
    size_t left = parser->size - parser->position, look = parser->data != NULL ? left : ENTRY_BYTES_MOSTLY;
    for (;; look *= 2) {
        if (look > left)
            look = left;
        *start = look_at(parser, look);
        if (*start == NULL)
            return REASON_NO_MEMORY;
        *nul = memchr(*start, 0, look);
        if (*nul != NULL && look - (size_t)(*nul - *start) - 1 >= parser->table->set->hash_size)
            return memchr(*start, ' ', (size_t)(*nul - *start)) != NULL ? REASON_NONE : REASON_BAD_OBJECT;
        if (look == left)
            return REASON_BAD_OBJECT;
    }
}

/* By the bits of its octal mode, as git sees it: old trees have "040000". */
static bool is_directory(const uint8_t *label)
{
    uint32_t mode = 0;
    for (; *label >= '0' && *label <= '7'; label++)
        mode = mode << 3 | (uint32_t)(*label - '0');
    return *label == ' ' && (mode & 0170000) == 0040000;
}

/* Take over the entry that begins at *start*, whose label ends at *nul*. */
static Reason keep_entry(Parser *parser, const uint8_t *start, const uint8_t *nul, bool is_tree)
{
    TreeTable *table = parser->table;
    unsigned hash_size = table->set->hash_size;
    TreeEntry *entry = vector_add(&table->entries, sizeof *entry);
    size_t ids = table->entry_ids.count;
    if (entry == NULL || !vector_reserve(&table->entry_ids, ids + hash_size, 1))
        return REASON_NO_MEMORY;
    memcpy((uint8_t *)table->entry_ids.items + ids, nul + 1, hash_size);
    table->entry_ids.count += hash_size;
    *entry = (TreeEntry){.index = parser->count, .child = NO_RECORD, .is_tree = is_tree};
    return intern_label(table, start, (size_t)(nul - start), &entry->label) ? REASON_NONE : REASON_NO_MEMORY;
}

/* Parse the entry that begins here. */
static Reason take_entry(Parser *parser)
{
    TreeTable *table = parser->table;
    unsigned hash_size = table->set->hash_size;
    const uint8_t *start, *nul;
    Reason reason = find_entry(parser, &start, &nul);
    if (reason != REASON_NONE)
        return reason;
    const uint8_t *id = nul + 1;
    bool is_tree = is_directory(start), is_kept = is_tree || table->targets->may_be[id[0] << 8 | id[1]];
    reason = is_kept ? keep_entry(parser, start, nul, is_tree) : REASON_NONE;
    if (reason != REASON_NONE)
        return reason;
    if (!add_place(parser, parser->position))
        return REASON_NO_MEMORY;
    parser->position += (size_t)(nul - start) + 1 + hash_size;
    parser->expected++;
    return REASON_NONE;
}

static Reason parse_tree(Parser *parser)
{
    while (parser->position < parser->size) {
        uint32_t taken;
        if (!take_run(parser, &taken))
            return REASON_NO_MEMORY;
        Reason reason = taken > 0 ? REASON_NONE : take_entry(parser);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

/* Read a tree as a new record; what a damaged one has before the damage is kept. */
static Reason add_record(Parser *parser, TreeRecord record)
{
    TreeTable *table = parser->table;
    record.first_run = (uint32_t)table->runs.count;
    record.first_entry = (uint32_t)table->entries.count;
    Reason reason = parse_tree(parser);
    record.run_count = (uint32_t)table->runs.count - record.first_run;
    record.entry_count = (uint32_t)table->entries.count - record.first_entry;
    TreeRecord *added = vector_add(&table->records, sizeof *added);
    if (added == NULL)
        return REASON_NO_MEMORY;
    *added = record;
    return reason;
}

/* --- all trees ------------------------------------------------------------------------------------------------- */

static Entries *keep_entries(const Parser *parser)
{
    size_t count = parser->count;
    Entries *entries = malloc(sizeof *entries + (count + 1) * sizeof *entries->places);
    if (entries == NULL)
        return NULL;
    entries->count = (uint32_t)count;
    if (count > 0)
        memcpy(entries->places, parser->scratch->places.items, count * sizeof *entries->places);
    entries->places[count] = (uint32_t)parser->position;
    return entries;
}

static bool skip_tree(TreeTable *table, uint32_t node, Reason reason)
{
    Skip *skip = vector_add(&table->skips, sizeof *skip);
    if (skip != NULL)
        *skip = (Skip){.node = node, .reason = (uint8_t)reason};
    return skip != NULL;
}

static Reason take_visit(TreeTable *table, Cursor *cursor, Scratch *scratch, const Visit *visit)
{
    Reason reason = visit->reason;
    if (visit->is_selected && reason == REASON_NONE) {
        Parser parser = {
            .table = table,
            .scratch = scratch,
            .data = visit->data,
            .size = visit->size,
            .keeps_places = visit->has_frame,
        };
        TreeRecord record = {.node = visit->node, .parent = NO_RECORD};
        scratch->places.count = 0;
        if (!visit->is_whole) {
            parser.pieces = (Pieces)PIECES_OF(&cursor->delta, visit->base);
            parser.base = visit->parent.owned;
            parser.regions = cursor->delta.regions.items;
            parser.region_count = cursor->delta.regions.count;
            record.parent = visit->parent.slot;
        }
        reason = add_record(&parser, record);
        if (visit->has_frame && reason != REASON_NO_MEMORY) {
            Payload payload = {.slot = (uint32_t)table->records.count - 1, .owned = keep_entries(&parser)};
            if (payload.owned == NULL)
                return REASON_NO_MEMORY;
            cursor_keep(cursor, payload);
        }
    }
    if (visit->is_parent_moved)
        free(visit->parent.owned);
    if (reason == REASON_NONE || reason == REASON_NO_MEMORY || !visit->is_selected)
        return reason == REASON_NO_MEMORY ? reason : REASON_NONE;
    return skip_tree(table, visit->node, reason) ? REASON_NONE : REASON_NO_MEMORY;
}

static Reason walk_trees(TreeTable *table, Plan *plan)
{
    Slab slabs[2] = {{0}, {0}};
    int current = 0;
    Scratch scratch = {0};
    Cursor cursor;
    Visit visit;
    Reason reason = cursor_init(&cursor, plan, &slabs[0]);
    cursor.leaves_are_apart = true;
    while (reason == REASON_NONE && cursor_next(&cursor, &visit)) {
        reason = cursor.is_out_of_memory ? REASON_NO_MEMORY : take_visit(table, &cursor, &scratch, &visit);
        if (slabs[current].total > EPOCH_BYTES) {
            current = !current;
            cursor_evacuate(&cursor, &slabs[current]);
            slab_reset(&slabs[!current]);
        }
    }
    for (size_t i = 0; i < cursor.frames.count; i++)
        free(VECTOR_AT(&cursor.frames, Frame, i)->payload.owned);
    cursor_free(&cursor);
    scratch_free(&scratch);
    slab_free(&slabs[0]);
    slab_free(&slabs[1]);
    return reason;
}

static Reason add_extras(TreeTable *table, size_t count)
{
    Scratch scratch = {0};
    Reason reason = REASON_NONE;
    for (size_t i = 0; i < count && reason != REASON_NO_MEMORY; i++) {
        Parser parser = {.table = table, .scratch = &scratch, .size = table->extras[i].size};
        parser.data = table->extras[i].data;
        reason = add_record(&parser, (TreeRecord){.node = NO_NODE, .extra = (uint32_t)i, .parent = NO_RECORD});
        if (reason == REASON_BAD_OBJECT && !skip_tree(table, table->set->node_count + (uint32_t)i, reason))
            reason = REASON_NO_MEMORY;
    }
    scratch_free(&scratch);
    return reason == REASON_NO_MEMORY ? reason : REASON_NONE;
}

void filter_fill(IdFilter *filter, const uint8_t *ids, size_t count, unsigned hash_size)
{
    memset(filter, 0, sizeof *filter);
    for (size_t i = 0; i < count; i++, ids += hash_size)
        filter->may_be[ids[0] << 8 | ids[1]] = 1;
}

/* --- several readers ------------------------------------------------------------------------------------------- */

/* One thread's share of a plan; each task is complete in itself, so are its records. */
typedef struct {
    TreeTable table;
    Plan *plan;
    pthread_t thread;
    Reason reason;
} TreeReader;

static void *run_reader(void *context)
{
    TreeReader *reader = context;
    reader->reason = walk_trees(&reader->table, reader->plan);
    return NULL;
}

static bool append_entries(TreeTable *table, const TreeTable *more)
{
    for (size_t i = 0; i < more->entries.count; i++) {
        TreeEntry *entry = vector_add(&table->entries, sizeof *entry);
        if (entry == NULL)
            return false;
        *entry = *VECTOR_AT(&more->entries, TreeEntry, i);
        const Label *label = VECTOR_AT(&more->labels, Label, entry->label);
        const uint8_t *bytes = (const uint8_t *)more->label_bytes.items + label->start;
        if (!intern_label(table, bytes, label->length, &entry->label))
            return false;
    }
    return vector_append(&table->entry_ids, &more->entry_ids, 1);
}

static bool append_table(TreeTable *table, const TreeTable *more)
{
    uint32_t records = (uint32_t)table->records.count, runs = (uint32_t)table->runs.count;
    uint32_t entries = (uint32_t)table->entries.count;
    for (size_t i = 0; i < more->records.count; i++) {
        TreeRecord *record = vector_add(&table->records, sizeof *record);
        if (record == NULL)
            return false;
        *record = *VECTOR_AT(&more->records, TreeRecord, i);
        record->parent += record->parent != NO_RECORD ? records : 0;
        record->first_run += runs;
        record->first_entry += entries;
    }
    return vector_append(&table->runs, &more->runs, sizeof(Region)) &&
           vector_append(&table->skips, &more->skips, sizeof(Skip)) && append_entries(table, more);
}

/* The first reader works in the calling thread, on *table* itself. A thread that cannot be started is done without. */
static Reason read_in_threads(TreeTable *table, Plan *plan, unsigned threads)
{
    TreeReader *readers = calloc(threads, sizeof *readers);
    if (readers == NULL)
        return REASON_NO_MEMORY;
    unsigned started = 0;
    for (; started + 1 < threads; started++) {
        TreeReader *reader = &readers[started];
        *reader = (TreeReader){.table = {.set = table->set, .targets = table->targets}, .plan = plan};
        reader->table.label_index.seed = table->label_index.seed;
        if (pthread_create(&reader->thread, NULL, run_reader, reader) != 0)
            break;
    }
    Reason reason = walk_trees(table, plan);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(readers[i].thread, NULL);
        if (reason == REASON_NONE)
            reason = readers[i].reason;
        if (reason == REASON_NONE && !append_table(table, &readers[i].table))
            reason = REASON_NO_MEMORY;
        trees_free(&readers[i].table);
    }
    free(readers);
    return reason;
}

Reason trees_collect(TreeTable *table, const PackSet *set, const IdFilter *targets, const ExtraTree *extras,
                     size_t extra_count, unsigned threads)
{
    Selection selection = {.kinds = 1 << KIND_TREE, .max_size = TREE_BUDGET, .budget = TREE_BUDGET};
    Plan plan;
    *table = (TreeTable){.set = set, .extras = extras, .targets = targets};
    table->label_index.seed = hash_seed(table);
    Reason reason = plan_make(&plan, set, &selection);
    if (reason != REASON_NONE)
        return reason;
    table->skips = plan.skips;
    plan.skips = (Vector){0};
    reason = read_in_threads(table, &plan, threads);
    plan_free(&plan);
    return reason == REASON_NONE ? add_extras(table, extra_count) : reason;
}

void trees_free(TreeTable *table)
{
    Vector *vectors[] = {&table->records, &table->runs,        &table->entries, &table->entry_ids,
                         &table->labels,  &table->label_bytes, &table->skips};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        vector_free(vectors[i]);
    hash_free(&table->label_index);
}
