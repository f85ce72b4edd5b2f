/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns batches: objects of one worker's walk, and the arena of their dirty ranges.
 *
 * An object that is no other's base stays apart: its base and what its delta adds are kept, and it is put together if
 * somebody wants to see it.
 */
#include <stdlib.h>

#include "pack.h"

#define MAX_SLOTS 65536
/* All that stay apart may be asked for in the end. */
#define APART_TIMES 8

Reason worker_init(Worker *worker, Plan *plan, const WalkOptions *options, uint32_t number)
{
    *worker = (Worker){.options = options, .next_origin = (uint64_t)number << ORIGIN_BITS};
    pthread_mutex_init(&worker->pool_lock, NULL);
    worker->page = page_new();
    if (worker->page == NULL)
        return REASON_NO_MEMORY;
    Reason reason = cursor_init(&worker->cursor, plan, NULL);
    worker->cursor.leaves_are_apart = true;
    return reason;
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

static void give_back(Worker *worker, Store *store)
{
    slab_reset(&store->slab);
    if (store->arena.capacity > 4 * worker->options->arena_bytes)
        vector_free(&store->arena);
    store->written = store->apart = 0;
    store->arena.count = store->ranges.count = store->regions.count = store->skips.count = 0;
    store->is_released = false;
    pthread_mutex_lock(&worker->pool_lock);
    store->next = worker->pool;
    worker->pool = store;
    pthread_mutex_unlock(&worker->pool_lock);
}

/* May be called from any thread, but only for a settled batch or after the walk: lists are not counted atomically. */
void worker_recycle(Worker *worker, Store *store)
{
    release_slots(store);
    pthread_mutex_lock(&worker->pool_lock);
    bool is_free = store != worker->latest;
    store->is_released = true;
    pthread_mutex_unlock(&worker->pool_lock);
    if (is_free)
        give_back(worker, store);
}

/* From now on the frames' bytes stand in *store*; the one before may be used again. */
static void set_latest(Worker *worker, Store *store)
{
    pthread_mutex_lock(&worker->pool_lock);
    Store *before = worker->latest;
    worker->latest = store;
    bool is_free = before != NULL && before->is_released;
    pthread_mutex_unlock(&worker->pool_lock);
    if (is_free)
        give_back(worker, before);
}

void worker_free(Worker *worker)
{
    for (size_t i = 0; i < worker->cursor.frames.count; i++)
        anchors_release(VECTOR_AT(&worker->cursor.frames, Frame, i)->payload.owned);
    if (worker->latest != NULL && worker->latest->is_released)
        store_free(worker->latest);
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
    vector_free(&worker->gathered);
    vector_free(&worker->window);
    known_free(&worker->windows);
    placed_free(&worker->ranges);
    pthread_mutex_destroy(&worker->pool_lock);
}

/* --- batches --------------------------------------------------------------------------------------------------- */

static bool keep_regions(const Worker *worker, Store *store, Slot *slot)
{
    const Vector *regions = &worker->cursor.delta.regions;
    slot->first_region = store->regions.count;
    if (slot->is_whole)
        return true;
    /* With the empty one at the end. */
    size_t count = regions->count + 1;
    if (!vector_reserve(&store->regions, store->regions.count + count, sizeof(Region)))
        return false;
    memcpy(VECTOR_AT(&store->regions, Region, store->regions.count), regions->items, count * sizeof(Region));
    store->regions.count += count;
    slot->region_count = regions->count;
    return true;
}

static bool keep_literals(const Worker *worker, Store *store, Slot *slot)
{
    const Vector *literals = &worker->cursor.delta.literals;
    uint8_t *kept = slab_take(&store->slab, literals->count);
    if (kept == NULL)
        return false;
    copy_loosely(kept, literals->items, literals->count);
    slot->literals = kept;
    return true;
}

Pieces slot_pieces(const Store *store, const Slot *slot)
{
    return (Pieces){
        .base = slot->base,
        .literals = slot->literals,
        .regions = VECTOR_AT(&store->regions, Region, slot->first_region),
        .count = slot->region_count,
    };
}

const uint8_t *slot_data(Store *store, Slot *slot)
{
    if (slot->data != NULL)
        return slot->data;
    uint8_t *data = slab_take(&store->slab, slot->size);
    if (data == NULL)
        return NULL;
    Pieces pieces = slot_pieces(store, slot);
    pieces_write(&pieces, data);
    slot->data = data;
    return data;
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
        .base = visit->base,
        .size = visit->size,
        .parent_size = visit->parent_size,
        .is_whole = visit->is_whole,
        .parent_list = visit->parent.owned,
    };
    if (slot->parent_list != NULL && !visit->is_parent_moved)
        slot->parent_list->references++;
    if (visit->has_frame)
        cursor_keep(&worker->cursor, (Payload){.slot = (uint32_t)store->slots.count - 1});
    if (visit->data == NULL && !keep_literals(worker, store, slot))
        return false;
    return keep_regions(worker, store, slot) && paint_visit(worker, store, visit);
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
    bool is_apart = visit->reason == REASON_NONE && visit->data == NULL;
    const Delta *delta = &worker->cursor.delta;
    size_t kept = is_apart ? delta->literals.count + delta->regions.count * sizeof(Region) : visit->size;
    store->written += kept > 0 ? kept : 1;
    store->apart += is_apart ? visit->size : 0;
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
           store->written >= worker->options->object_bytes ||
           store->apart / APART_TIMES >= worker->options->object_bytes || store->slots.count >= MAX_SLOTS ||
           store->skips.count >= MAX_SLOTS;
}

/* Fill *store* from the walk; *is_over* when the walk has ended. */
static Reason fill(Worker *worker, Store *store, bool *is_over)
{
    cursor_evacuate(&worker->cursor, &store->slab);
    placed_begin(&worker->ranges);
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
        Store *store = take_store(worker);
        Reason reason = store != NULL ? fill(worker, store, &is_over) : REASON_NO_MEMORY;
        if (store != NULL)
            set_latest(worker, store);
        if (reason == REASON_NONE && (store->slots.count > 0 || store->skips.count > 0)) {
            *out = store;
            return REASON_NONE;
        }
        if (store != NULL)
            worker_recycle(worker, store);
        if (reason != REASON_NONE || is_over) {
            worker->is_broken = reason != REASON_NONE;
            if (reason == REASON_NONE && worker->page != NULL && notes_add(worker->cursor.plan->set->notes, worker->page))
                worker->page = NULL;
            return reason;
        }
    }
    return REASON_NONE;
}
