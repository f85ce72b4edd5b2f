/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns batches: objects of one worker's walk, and the arena of their dirty ranges.
 *
 * Dirty is what a delta inserts, each junction of two copies, and each end of the object that is not its base's end,
 * widened so that no anchor with a byte of it is cut. A range is followed by a separator; one whose bytes are known to
 * hold no anchor stays out.
 */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

#define SEPARATOR '\n'
#define MAX_SLOTS 65536

Reason worker_init(Worker *worker, Plan *plan, const WalkOptions *options, uint32_t number)
{
    *worker = (Worker){.options = options, .next_origin = (uint64_t)number << ORIGIN_BITS};
    pthread_mutex_init(&worker->pool_lock, NULL);
    worker->page = page_new();
    if (worker->page == NULL)
        return REASON_NO_MEMORY;
    return cursor_init(&worker->cursor, plan, NULL);
}

void anchors_release(AnchorList *list)
{
    if (list != NULL && --list->references == 0)
        free(list);
}

/* --- stores ---------------------------------------------------------------------------------------------------- */

static void store_free(Store *store)
{
    slab_free(&store->slab);
    vector_free(&store->arena);
    vector_free(&store->ranges);
    vector_free(&store->slots);
    vector_free(&store->regions);
    vector_free(&store->skips);
    free(store);
}

static void release_slots(Store *store)
{
    for (size_t i = 0; i < store->slots.count; i++) {
        Slot *slot = VECTOR_AT(&store->slots, Slot, i);
        anchors_release(slot->parent_list);
        anchors_release(slot->anchors);
    }
    store->slots.count = 0;
}

static Store *take_store(Worker *worker)
{
    pthread_mutex_lock(&worker->pool_lock);
    Store *store = worker->pool;
    if (store != NULL)
        worker->pool = store->next;
    pthread_mutex_unlock(&worker->pool_lock);
    return store != NULL ? store : calloc(1, sizeof *store);
}

/* May be called from any thread, but only for a settled batch or after the walk: lists are not counted atomically. */
void worker_recycle(Worker *worker, Store *store)
{
    release_slots(store);
    slab_reset(&store->slab);
    if (store->arena.capacity > 4 * worker->options->arena_bytes)
        vector_free(&store->arena);
    store->written = 0;
    store->arena.count = store->ranges.count = store->regions.count = store->skips.count = 0;
    pthread_mutex_lock(&worker->pool_lock);
    store->next = worker->pool;
    worker->pool = store;
    pthread_mutex_unlock(&worker->pool_lock);
}

void worker_free(Worker *worker)
{
    for (size_t i = 0; i < worker->cursor.frames.count; i++)
        anchors_release(VECTOR_AT(&worker->cursor.frames, Frame, i)->payload.owned);
    while (worker->pool != NULL) {
        Store *store = worker->pool;
        worker->pool = store->next;
        store_free(store);
    }
    cursor_free(&worker->cursor);
    page_free(worker->page);
    vector_free(&worker->events);
    vector_free(&worker->found);
    vector_free(&worker->merged);
    vector_free(&worker->asked);
    vector_free(&worker->painted);
    known_free(&worker->windows);
    known_free(&worker->ranges);
    pthread_mutex_destroy(&worker->pool_lock);
}

/* --- dirty ranges ---------------------------------------------------------------------------------------------- */

/* A range under construction: [start, end) of the slot's object. Those that are closed wait in `worker->painted`. */
typedef struct {
    Worker *worker;
    const Visit *visit;
    size_t margin, start, end;
    bool is_open, is_out_of_memory;
} Painter;

static void close_range(Painter *painter)
{
    if (!painter->is_open)
        return;
    painter->is_open = false;
    Range *range = vector_add(&painter->worker->painted, sizeof *range);
    painter->is_out_of_memory |= range == NULL;
    if (range == NULL)
        return;
    QuietRanges *quiet = painter->worker->options->quiet;
    size_t length = painter->end - painter->start;
    *range = (Range){
        .offset = (uint32_t)painter->start,
        .size = (uint32_t)length,
        .hash = hash_content(&quiet->key, 0, painter->visit->data + painter->start, length),
    };
    /* By the time all of the object's ranges are painted, the answer is in the cache. */
    quiet_prefetch(quiet, range->hash);
}

/* Bytes [start, end), possibly none, are new here; ascending. */
static void paint(Painter *painter, size_t start, size_t end)
{
    size_t size = painter->visit->size;
    size_t low = start > painter->margin ? start - painter->margin : 0;
    size_t high = size - end > painter->margin ? end + painter->margin : size;
    if (painter->is_open && low <= painter->end) {
        painter->end = high;
        return;
    }
    close_range(painter);
    painter->start = low;
    painter->end = high;
    painter->is_open = high > low;
}

static void paint_delta(Painter *painter, const Vector *regions)
{
    size_t written = 0, copied = 0;
    for (size_t i = 0; i < regions->count; i++) {
        const Region *region = VECTOR_AT(regions, Region, i);
        if (i > 0 || region->start > 0 || region->base > 0)
            paint(painter, written, region->start);
        written = region->start + region->size;
        copied = region->base + region->size;
    }
    if (written < painter->visit->size || copied != painter->visit->parent_size)
        paint(painter, written, painter->visit->size);
}

static bool add_bytes(Worker *worker, Vector *arena, const Range *range, const uint8_t *bytes)
{
    if (!known_add(&worker->ranges, range->hash, arena->count) ||
        !vector_reserve(arena, arena->count + range->size + 1, 1))
        return false;
    uint8_t *out = (uint8_t *)arena->items + arena->count;
    memcpy(out, bytes + range->offset, range->size);
    out[range->size] = SEPARATOR;
    arena->count += (size_t)range->size + 1;
    return true;
}

/* Take over what was painted, but for what is known to be quiet; what the batch has already is only pointed at. */
static bool take_painted(Worker *worker, Store *store, const uint8_t *bytes)
{
    for (size_t i = 0; i < worker->painted.count; i++) {
        const Range *painted = VECTOR_AT(&worker->painted, Range, i);
        if (quiet_has(worker->options->quiet, painted->hash))
            continue;
        const Known *known = known_find(&worker->ranges, painted->hash);
        Range *range = vector_add(&store->ranges, sizeof *range);
        if (range == NULL)
            return false;
        *range = *painted;
        range->slot = (uint32_t)store->slots.count - 1;
        range->start = known != NULL ? known->number : store->arena.count;
        if (known == NULL && !add_bytes(worker, &store->arena, range, bytes))
            return false;
    }
    return true;
}

static bool add_ranges(Worker *worker, Store *store, const Visit *visit)
{
    Painter painter = {.worker = worker, .visit = visit, .margin = worker->options->width + 1};
    worker->painted.count = 0;
    if (visit->is_whole)
        paint(&painter, 0, visit->size);
    else
        paint_delta(&painter, &worker->cursor.delta.regions);
    close_range(&painter);
    return !painter.is_out_of_memory && take_painted(worker, store, visit->data);
}

/* --- batches --------------------------------------------------------------------------------------------------- */

static bool keep_regions(const Worker *worker, Store *store, Slot *slot)
{
    const Vector *regions = &worker->cursor.delta.regions;
    slot->first_region = store->regions.count;
    if (slot->is_whole || regions->count == 0)
        return true;
    if (!vector_reserve(&store->regions, store->regions.count + regions->count, sizeof(Region)))
        return false;
    memcpy(VECTOR_AT(&store->regions, Region, store->regions.count), regions->items, regions->count * sizeof(Region));
    store->regions.count += regions->count;
    slot->region_count = regions->count;
    return true;
}

static bool add_slot(Worker *worker, Store *store, const Visit *visit)
{
    Slot *slot = vector_add(&store->slots, sizeof *slot);
    if (slot == NULL)
        return false;
    *slot = (Slot){
        .node = visit->node,
        .parent_slot = visit->is_whole ? NO_SLOT : visit->parent.slot,
        .data = visit->data,
        .size = visit->size,
        .parent_size = visit->parent_size,
        .is_whole = visit->is_whole,
        .parent_list = visit->parent.owned,
    };
    if (slot->parent_list != NULL && !visit->is_parent_moved)
        slot->parent_list->references++;
    if (visit->has_frame)
        cursor_keep(&worker->cursor, (Payload){.slot = (uint32_t)store->slots.count - 1});
    return keep_regions(worker, store, slot) && add_ranges(worker, store, visit);
}

static bool note_commit(Worker *worker, const Visit *visit)
{
    const PackSet *set = worker->cursor.plan->set;
    if (set->kinds[visit->node] != KIND_COMMIT || worker->page == NULL)
        return true;
    return page_take(worker->page, set, visit->node, visit->data, visit->size) != REASON_NO_MEMORY;
}

static bool add_visit(Worker *worker, Store *store, const Visit *visit)
{
    store->written += visit->size > 0 ? visit->size : 1;
    if (visit->is_selected && visit->reason == REASON_NONE)
        return note_commit(worker, visit) && add_slot(worker, store, visit);
    if (visit->is_parent_moved)
        anchors_release(visit->parent.owned);
    if (!visit->is_selected)
        return true;
    Skip *skip = vector_add(&store->skips, sizeof *skip);
    if (skip != NULL)
        *skip = (Skip){.node = visit->node, .reason = (uint8_t)visit->reason};
    return skip != NULL;
}

static bool is_full(const Worker *worker, const Store *store)
{
    return store->arena.count >= worker->options->arena_bytes ||
           store->written >= worker->options->object_bytes || store->slots.count >= MAX_SLOTS ||
           store->skips.count >= MAX_SLOTS;
}

/* Fill *store* from the walk; *is_over* when the walk has ended. */
static Reason fill(Worker *worker, Store *store, bool *is_over)
{
    cursor_evacuate(&worker->cursor, &store->slab);
    known_clear(&worker->ranges);
    Visit visit;
    while (!is_full(worker, store)) {
        *is_over = !cursor_next(&worker->cursor, &visit);
        if (*is_over)
            break;
        if (!add_visit(worker, store, &visit) || worker->cursor.is_out_of_memory)
            return REASON_NO_MEMORY;
    }
    store->first_origin = worker->next_origin;
    store->origin_count = 0;
    return REASON_NONE;
}

/* NOTE: a batch may fill up with objects that nobody wants to see, on the way to others; then it is not handed over. */
Reason worker_next(Worker *worker, Store **out)
{
    *out = NULL;
    if (worker->is_broken)
        return REASON_NO_MEMORY;
    for (bool is_over = false; !is_over;) {
        Store *store = take_store(worker), *empty = *out;
        Reason reason = store != NULL ? fill(worker, store, &is_over) : REASON_NO_MEMORY;
        /* The store before held the bases until now. */
        if (empty != NULL)
            worker_recycle(worker, empty);
        *out = store;
        if (reason == REASON_NONE && (store->slots.count > 0 || store->skips.count > 0))
            return REASON_NONE;
        if (reason != REASON_NONE || is_over) {
            if (store != NULL)
                worker_recycle(worker, store);
            *out = NULL;
            worker->is_broken = reason != REASON_NONE;
            if (reason == REASON_NONE && worker->page != NULL && notes_add(worker->cursor.plan->set->notes, worker->page))
                worker->page = NULL;
            return reason;
        }
    }
    return REASON_NONE;
}
