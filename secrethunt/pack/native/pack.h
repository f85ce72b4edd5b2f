/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packfile room's own types. Nothing here knows Python, rules or findings; the binding units wrap it.
 *
 *     PackSet   open packs and the forest of their deltas; immutable once linked
 *     Plan      what to walk: selected kinds and ids, cut into tasks; immutable but for the next task's number
 *     Cursor    one worker's depth-first walk: every object inflated once, every delta applied once
 *     Store     the memory of one batch: written-out objects, arena, slots; recycled
 *     Worker    a Cursor and the inheritance of anchors from base to delta
 *
 * An object is named by its node: a number below PackSet.node_count, packs in the order given, then by offset.
 */
#ifndef SECRETHUNT_PACK_H
#define SECRETHUNT_PACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NO_NODE UINT32_MAX
#define NO_SLOT UINT32_MAX
#define MAX_HASH 32
/* git itself never writes deeper chains: pack-objects keeps the depth in 12 bits. */
#define MAX_DEPTH 4095
#define SIZE_LIMIT ((uint64_t)INT32_MAX)
#define TAG_BITS 16
#define ORIGIN_BITS 40
/* Room behind whatever objects are written to, for reading and writing: no copy or decoder needs careful last steps. */
#define SLACK ((size_t)320)

/* Mirrored by `secrethunt.pack.contract.Reason`. */
typedef enum {
    REASON_NONE = 0,
    REASON_UNREADABLE = 1,
    REASON_BAD_PACK = 2,
    REASON_BAD_INDEX = 3,
    REASON_MISMATCH = 4,
    REASON_BAD_OFFSET = 5,
    REASON_BAD_HEADER = 6,
    REASON_MISSING_BASE = 7,
    REASON_BASE_CYCLE = 8,
    REASON_TOO_DEEP = 9,
    REASON_BASE_SKIPPED = 10,
    REASON_BAD_STREAM = 11,
    REASON_BAD_DELTA = 12,
    REASON_TOO_LARGE = 13,
    REASON_BAD_OBJECT = 14,
    REASON_NO_MEMORY = 15,
    REASON_TRUNCATED = 16,
} Reason;

typedef enum {
    KIND_NONE = 0,
    KIND_COMMIT = 1,
    KIND_TREE = 2,
    KIND_BLOB = 3,
    KIND_TAG = 4,
    KIND_OFFSET_DELTA = 6,
    KIND_REF_DELTA = 7,
} Kind;

/* --- vectors (vector.c) ------------------------------------------------------------------------------------------ */

/* A growing array: `items` is cast by its users. */
typedef struct {
    void *items;
    size_t count, capacity;
} Vector;

/* Room for one more item of *size* bytes; NULL when memory is out. */
void *vector_add(Vector *vector, size_t size);
bool vector_reserve(Vector *vector, size_t capacity, size_t size);
/* All items of *more*, of *size* bytes each. */
bool vector_append(Vector *vector, const Vector *more, size_t size);
void vector_free(Vector *vector);
#define VECTOR_AT(vector, type, index) (&((type *)(vector)->items)[index])

/* --- hash index (idmap.c) */

/* A map from byte strings to numbers. The seed keeps hostile ids from being made to collide. */
typedef struct {
    uint32_t *cells; /* number + 1 */
    size_t cell_count, count;
    uint64_t seed;
} HashIndex;

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length);
uint64_t hash_seed(const void *somewhere);
/* The cell for a key of this hash: *is_equal* tells whether a number stored has the same key. */
typedef bool SameKey(const void *context, uint32_t number, const void *key, size_t length);
uint32_t *hash_cell(const HashIndex *index, uint64_t hash, SameKey *is_equal, const void *context, const void *key,
                    size_t length);
/* Make room for one more; *hash_of* gives the hash of a number's key. */
typedef uint64_t HashOf(const void *context, uint32_t number);
bool hash_reserve(HashIndex *index, HashOf *hash_of, const void *context);
bool hash_reserve_more(HashIndex *index, size_t more, HashOf *hash_of, const void *context);
void hash_free(HashIndex *index);

/* --- what was met before (repeats.c) */

/* Random, so that nobody can make two contents of one hash. */
typedef struct {
    uint64_t words[4];
} HashKey;

bool hash_key_init(HashKey *key);
/* Never 0. */
uint64_t hash_content(const HashKey *key, uint64_t salt, const uint8_t *bytes, size_t length);

/* Hashes of ranges in which no anchor ends; one for all workers. It may forget, never invent. */
typedef struct {
    HashKey key;
    atomic_uint_least64_t *cells;
} QuietRanges;

bool quiet_init(QuietRanges *quiet);
void quiet_free(QuietRanges *quiet);
void quiet_prefetch(const QuietRanges *quiet, uint64_t hash);
bool quiet_has(const QuietRanges *quiet, uint64_t hash);
void quiet_add(QuietRanges *quiet, uint64_t hash);

/* Where ranges stand in one batch's arena, by their hashes. It may forget. */
typedef struct {
    uint64_t hash;
    uint32_t start, batch;
} PlacedRange;

typedef struct {
    PlacedRange *cells;
    size_t cell_count, count;
    uint32_t batch; /* counts from 1 */
} PlacedRanges;

void placed_begin(PlacedRanges *ranges);
/* Is there such a range already, and where? If not, *start is noted as its place. */
bool placed_find(PlacedRanges *ranges, uint64_t hash, size_t *start);
void placed_prefetch(const PlacedRanges *ranges, uint64_t hash);
void placed_free(PlacedRanges *ranges);

/* What is known of a window: an origin with its confirmation. */
typedef struct {
    uint64_t hash, number;
    bool is_confirmed;
} Known;

typedef struct {
    Known *cells;
    size_t cell_count, count;
} KnownTable;

/* NULL where nothing is known, as of the hash 0. */
Known *known_find(const KnownTable *table, uint64_t hash);
bool known_add(KnownTable *table, uint64_t hash, uint64_t number);
void known_free(KnownTable *table);

/* --- files and index (file.c, index.c, entry.c, forest.c) -------------------------------------------------------*/

typedef struct {
    int fd;
    uint64_t size;
    const uint8_t *data; /* the whole file, if it is in memory */
    uint8_t *owned;      /* the same, if it is to be freed */
} File;

Reason file_open(const char *path, File *file);
Reason file_load(File *file);
void file_close(File *file);

/* Bytes read from some file in one piece. */
typedef struct {
    const File *file;
    uint64_t offset, last_use;
    Vector bytes;
} Pane;

/* What was read last from a few places, so that neighbours need no call to the system. One thread's own. */
typedef struct {
    Pane panes[4];
    const Pane *last;
    uint64_t uses;
    size_t ahead; /* read at least so much at a time */
} Window;

/* *bytes stay good until the next call. A file shorter than it was gives REASON_TRUNCATED. */
Reason window_read(Window *window, const File *file, uint64_t offset, size_t length, const uint8_t **bytes);
/* Bytes that are there from *offset* on, which was read last: what was asked for, and mostly SLACK more. */
size_t window_left(const Window *window, const File *file, uint64_t offset);
void window_free(Window *window);

typedef struct {
    File pack, index;
    uint32_t count, first_node;
    const uint8_t *ids, *small_offsets, *large_offsets; /* into index */
    size_t large_count;
    uint64_t *offsets;   /* of each node, ascending */
    uint32_t *positions; /* of each node's id in `ids` */
    uint32_t *nodes;     /* the inverse of positions, relative to first_node */
    uint32_t *buckets;   /* first node at or after each block of 2^bucket_shift bytes; bucket_count + 1 of them */
    size_t bucket_count;
    unsigned bucket_shift;
} Pack;

/* What walks have read of commits, so that their columns need no second reading (commits.c). */
typedef struct CommitNotes CommitNotes;

typedef struct {
    unsigned hash_size;
    CommitNotes *notes;
    uint32_t pack_count, node_count;
    Pack *packs;
    uint32_t *bases;  /* node a delta stands on; NO_NODE for whole objects and where it is missing */
    uint8_t *kinds;   /* resolved through the base; KIND_NONE where it is not known */
    uint8_t *reasons; /* why a node cannot be read, as far as headers tell */
    uint8_t *is_duplicate; /* an earlier pack has the same id */
    uint32_t *child_starts, *children;
    uint32_t *order; /* nodes after their bases */
    uint32_t order_count;
    HashIndex by_id; /* where there are several packs: the first node of each id */
} PackSet;

/* One object's header, checked against the pack's bounds. */
typedef struct {
    const Pack *pack;
    Kind kind;
    uint64_t size;   /* declared, of the object or of the delta */
    uint64_t stream; /* where the compressed bytes begin */
    uint64_t stream_limit; /* bytes before the next object */
    uint64_t base_offset;
    const uint8_t *base_id; /* in the window */
} Entry;

Reason packset_open(PackSet *set, const char *pack_path, const char *index_path);
Reason packset_add(PackSet *set, File pack, File index);
Reason packset_link(PackSet *set);
void packset_free(PackSet *set);

/* A page belongs to one worker, until it hands it over with `notes_add`. */
typedef struct CommitPage CommitPage;
CommitNotes *notes_new(void);
void notes_free(CommitNotes *notes);
CommitPage *page_new(void);
void page_free(CommitPage *page);
Reason page_take(CommitPage *page, const PackSet *set, uint32_t node, const uint8_t *data, size_t size);
/* True when the notes now own the page. */
bool notes_add(CommitNotes *notes, CommitPage *page);

const Pack *packset_pack_of(const PackSet *set, uint32_t node);
const uint8_t *packset_id(const PackSet *set, uint32_t node);
uint32_t packset_find(const PackSet *set, const uint8_t *id);
/* Note the first node of each id, and mark the others as duplicates. */
Reason packset_index_ids(PackSet *set);
uint32_t pack_find(const Pack *pack, unsigned hash_size, const uint8_t *id);
uint32_t pack_find_offset(const Pack *pack, uint64_t offset);
/* Bytes from a node's offset to the next entry; 0 when the offset lies outside the pack. */
uint64_t packset_extent(const PackSet *set, uint32_t node, uint64_t *offset);
Reason packset_entry(const PackSet *set, uint32_t node, Window *window, Entry *entry);

/* --- inflate and delta (inflate.c, delta.c) ---------------------------------------------------------------------- */

typedef struct Inflater Inflater;
Inflater *inflater_new(void);
void inflater_free(Inflater *inflater);
/* The largest size that a stream of *length* bytes can claim without lying. */
bool inflate_is_plausible(uint64_t size, uint64_t length);
/* The stream takes at most *length* of *readable* bytes; SLACK bytes behind *size* may be overwritten. */
Reason inflate_exact(Inflater *inflater, const uint8_t *stream, size_t length, size_t readable, uint8_t *out,
                     size_t size);

/* A longest range [start, start + size) of the result that stands in one piece at `base` in the base. */
typedef struct {
    uint32_t start, base, size;
    uint32_t literals; /* bytes of the result before it that stand in no region */
} Region;

/* The result is `regions` copied from the base, and between them `literals`. Behind the last region, not counted,
 * stands an empty one at the result's end. */
typedef struct {
    Vector regions, literals;
    uint64_t base_size, result_size;
} Delta;

/* Check every operation against both sizes before memory for the result is asked for. SLACK bytes behind *bytes* must
 * be readable. */
Reason delta_parse(Delta *delta, const uint8_t *bytes, size_t length, uint64_t base_size);
void delta_free(Delta *delta);

/* An object as its delta says it: where the bytes are that its regions and the gaps between them are made of. */
typedef struct {
    const uint8_t *base, *literals;
    const Region *regions; /* count + 1 */
    size_t count;
} Pieces;

#define PIECES_OF(delta, base) {base, (delta)->literals.items, (delta)->regions.items, (delta)->regions.count}
/* SLACK bytes behind *out* may be overwritten. */
void pieces_write(const Pieces *pieces, uint8_t *out);
/* Bytes [start, end) only; regions before *first* are not needed, and *first* moves on. */
void pieces_gather(const Pieces *pieces, size_t *first, size_t start, size_t end, uint8_t *out);

/* Copies *size* bytes, and up to 31 more. */
static inline void copy_loosely(uint8_t *out, const uint8_t *from, size_t size)
{
    if (size > 256) {
        memcpy(out, from, size);
        return;
    }
    for (size_t at = 0; at < size; at += 32)
        memcpy(out + at, from + at, 32);
}

/* --- plan and walk (plan.c, slab.c, walk.c) ---------------------------------------------------------------------- */

typedef struct {
    unsigned kinds; /* 1 << Kind of each that is wanted */
    uint64_t max_size, budget;
    const uint8_t *wanted; /* ids, or NULL for all */
    size_t wanted_count;
} Selection;

typedef struct {
    uint32_t node;
    uint8_t reason;
} Skip;

enum { NODE_SELECTED = 1, NODE_CUT = 2, NODE_NEEDED = 4 };

typedef struct {
    const PackSet *set;
    Selection selection;
    uint8_t *flags;
    uint32_t *heavy; /* the child visited last, the one with most below it; NO_NODE for none */
    Vector tasks;    /* uint32_t: nodes where a walk begins, biggest first */
    Vector skips;    /* Skip: known before walking */
    atomic_size_t next_task;
} Plan;

Reason plan_make(Plan *plan, const PackSet *set, const Selection *selection);
void plan_free(Plan *plan);

typedef struct Chunk Chunk;
typedef struct {
    Chunk *chunks, *spare;
    uint8_t *next;
    size_t left;
    size_t total; /* bytes handed out */
} Slab;

/* SLACK bytes behind it are there too, until more is taken. */
uint8_t *slab_take(Slab *slab, size_t size);
void slab_reset(Slab *slab);
void slab_free(Slab *slab);

/* What a walk's user keeps for an object while some of its deltas are still to come. */
typedef struct {
    uint32_t slot;
    void *owned;
} Payload;

typedef struct {
    uint32_t node, next_child;
    const uint8_t *data; /* NULL: dropped, to be written out again */
    size_t size;
    bool is_failed; /* could not be read: its deltas cannot either */
    bool is_known;  /* was visited, so its deltas may lean on it */
    Payload payload;
} Frame;

/* One object reached. With a reason other than REASON_NONE it is only reported. */
typedef struct {
    uint32_t node;
    Reason reason;
    const uint8_t *data; /* NULL: it stays apart, as cursor->delta says, of `base` */
    const uint8_t *base;
    size_t size;
    bool is_selected;
    bool is_whole;         /* no base whose results are known: all of it is new */
    bool has_frame;        /* deltas on it follow: `cursor_keep` may be called */
    bool is_parent_moved;  /* `parent` is not needed again: its payload now belongs to the visitor */
    size_t parent_size;
    Payload parent;
} Visit;

typedef struct {
    Plan *plan;
    Slab *slab;
    Inflater *inflater;
    Window window;
    Vector frames; /* Frame */
    Delta delta;
    Vector scratch;  /* one inflated delta */
    Vector chain;    /* uint32_t */
    Vector halves[2]; /* bytes of a chain's intermediate objects */
    Vector restored[2]; /* bytes of frames that had been dropped */
    bool leaves_are_apart; /* objects that are no other's base, and no commits, need not be written out */
    bool last_restored;
    bool is_out_of_memory; /* objects would go missing unreported: the walk must stop */
} Cursor;

Reason cursor_init(Cursor *cursor, Plan *plan, Slab *slab);
void cursor_free(Cursor *cursor);
/* The next object, depth first; false at the end. Regions of a delta are in cursor->delta until the next call. */
bool cursor_next(Cursor *cursor, Visit *visit);
void cursor_keep(Cursor *cursor, Payload payload);
/* Move what is still needed to *slab*, within the budget; the old one may be reset then. */
void cursor_evacuate(Cursor *cursor, Slab *slab);
/* One object, bases and all, from the pack; *out is malloc'ed. */
Reason cursor_read(Cursor *cursor, uint32_t node, uint8_t **out, size_t *size);

/* --- batches (batch.c, paint.c, inherit.c) ------------------------------------------------------------------------ */

/* An anchor's end in one blob, and the confirmation it refers to. */
typedef struct {
    uint32_t end;
    uint16_t tag;
    bool is_inherited, is_confirmed;
    uint64_t origin;
} Anchor;

typedef struct {
    uint32_t references;
    size_t count;
    Anchor items[];
} AnchorList;

/* A dirty range: `size` bytes from `offset` of a slot's object stand at `start` of the arena, as may those of others. */
typedef struct {
    size_t start;
    uint32_t slot, offset, size;
    bool is_repeat; /* the batch has another of the same bytes */
    uint64_t hash;
} Range;

/* A dirty range before it is known whether the arena needs it. */
typedef struct {
    const uint8_t *bytes;
    uint32_t offset, size;
    uint64_t hash;
} Painted;

typedef struct {
    uint32_t node, parent_slot;
    const uint8_t *data; /* NULL while it stays apart: in `base`, `literals` and its regions */
    const uint8_t *base, *literals;
    size_t size, parent_size;
    size_t first_region, region_count;
    bool is_whole;
    AnchorList *parent_list; /* owned; of a base in an earlier batch */
    AnchorList *anchors;     /* owned */
} Slot;

typedef struct Store {
    struct Store *next;
    bool is_released; /* nobody needs the batch any more */
    Slab slab;
    Vector arena, ranges, slots, regions, skips;
    uint64_t written;                    /* bytes kept of objects visited, at least one each */
    uint64_t apart;                      /* bytes more, if all that stay apart are put together */
    uint64_t first_origin, origin_count; /* handed out by resolve */
} Store;

typedef struct {
    uint32_t before, after;
} Reach;

typedef struct {
    size_t width, arena_bytes, object_bytes;
    const Reach *reaches;
    size_t tag_count;
    QuietRanges *quiet;
} WalkOptions;

typedef struct {
    uint32_t slot;
    uint16_t tag;
    uint32_t end;
    uint64_t origin;
} Confirmation;

typedef struct {
    uint32_t slot, end;
    uint64_t origin;
} Inherited;

typedef struct {
    Cursor cursor;
    const WalkOptions *options;
    uint64_t next_origin; /* the worker's number << ORIGIN_BITS, and counting */
    pthread_mutex_t pool_lock;
    Store *pool;
    Store *latest; /* holds the frames' bytes, and is not used again before the next one does */
    Vector events, found, merged; /* scratch of resolve */
    KnownTable windows; /* of anchors asked for, with their origins */
    PlacedRanges ranges; /* of the batch */
    Vector painted;     /* Painted: of one object */
    Vector gathered;    /* the bytes of those, where the object stays apart */
    Vector window;      /* bytes of one window, likewise */
    Vector asked;       /* uint64_t: for each origin of the batch its window's hash, 0 for none */
    CommitPage *page;             /* of the commits walked; NULL when handed over */
    bool is_broken;               /* memory ran out: its frames point nowhere */
} Worker;

Reason worker_init(Worker *worker, Plan *plan, const WalkOptions *options, uint32_t number);
void worker_free(Worker *worker);
/* REASON_NONE with *store NULL at the end. The batch before must be settled. */
Reason worker_next(Worker *worker, Store **store);
void worker_recycle(Worker *worker, Store *store);
/* Events are arena end << TAG_BITS | tag. Appends Confirmation to *out*; false when memory is out. */
bool worker_resolve(Worker *worker, Store *store, const uint64_t *events, size_t count, Vector *out);
/* Origins are of this batch, in any order. Appends Inherited to *out*; false when memory is out. */
bool worker_settle(Worker *worker, Store *store, const uint64_t *origins, size_t count, Vector *out);

void anchors_release(AnchorList *list);
/* Add the dirty ranges of the last slot's object to the batch; false when memory is out. */
bool paint_visit(Worker *worker, Store *store, const Visit *visit);

Pieces slot_pieces(const Store *store, const Slot *slot);
/* The whole object, put together if it was apart; NULL when memory is out. */
const uint8_t *slot_data(Store *store, Slot *slot);

/* Do bytes [low, high) of a slot's object lie wholly in one copied region? They may reach over an end of the object
 * where the region reaches the same end of both the object and its base. */
bool region_covers(const Slot *slot, const Region *region, int64_t low, int64_t high);

/* --- encoded text (encoded.c) ------------------------------------------------------------------------------------- */

/* Mirrored by `secrethunt.decode.contract.Shape`. */
enum { SHAPE_BASE64, SHAPE_HEX, SHAPE_BYTE_ORDER_MARK, SHAPE_UTF16, SHAPE_UTF32, SHAPE_COUNT };

/* Whether this processor has the vector instructions that make it fast; without them patterns are faster. */
bool encoded_is_fast(void);
/* Appends end << TAG_BITS | tag to *events* for each place where a shape ends; *tags* are those of the shapes. False
 * when memory is out. */
bool encoded_find(const uint8_t *data, size_t size, const uint16_t *tags, Vector *events);

#endif
