/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns dirty ranges: what a delta inserts, each junction of two copies, and each end of the object that is not its
 * base's end, widened so that no anchor with a byte of it is cut. A range goes to the batch's arena, followed by a
 * separator, but for one whose bytes are known to hold no anchor, or that stands there already.
 */
#include "pack.h"

#define SEPARATOR '\n'

/* A range under construction: [start, end) of the slot's object. Those that are closed wait in `worker->painted`. */
typedef struct {
    Worker *worker;
    const Visit *visit;
    Pieces pieces; /* of an object that stays apart */
    size_t first_piece;
    size_t margin, start, end;
    bool is_open, is_out_of_memory;
} Painter;

/* The bytes of the range under construction, and some more; `worker->gathered` has room for all of the object. */
static const uint8_t *bytes_of_range(Painter *painter)
{
    if (painter->visit->data != NULL)
        return painter->visit->data + painter->start;
    Vector *gathered = &painter->worker->gathered;
    uint8_t *bytes = (uint8_t *)gathered->items + gathered->count;
    pieces_gather(&painter->pieces, &painter->first_piece, painter->start, painter->end, bytes);
    gathered->count += painter->end - painter->start;
    return bytes;
}

static void close_range(Painter *painter)
{
    if (!painter->is_open)
        return;
    painter->is_open = false;
    Painted *range = vector_add(&painter->worker->painted, sizeof *range);
    painter->is_out_of_memory |= range == NULL;
    if (range == NULL)
        return;
    QuietRanges *quiet = painter->worker->options->quiet;
    size_t length = painter->end - painter->start;
    const uint8_t *bytes = bytes_of_range(painter);
    *range = (Painted){
        .bytes = bytes,
        .offset = (uint32_t)painter->start,
        .size = (uint32_t)length,
        .hash = hash_content(&quiet->key, 0, bytes, length),
    };
    /* By the time all of the object's ranges are painted, the answers are in the cache. */
    quiet_prefetch(quiet, range->hash);
    placed_prefetch(&painter->worker->ranges, range->hash);
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

static bool add_bytes(Vector *arena, const Painted *range)
{
    if (!vector_reserve(arena, arena->count + range->size + SLACK, 1))
        return false;
    uint8_t *out = (uint8_t *)arena->items + arena->count;
    copy_loosely(out, range->bytes, range->size);
    out[range->size] = SEPARATOR;
    arena->count += (size_t)range->size + 1;
    return true;
}

/* Take over what was painted, but for what is known to be quiet; what the batch has already is only pointed at. */
static bool take_painted(Worker *worker, Store *store)
{
    for (size_t i = 0; i < worker->painted.count; i++) {
        const Painted *painted = VECTOR_AT(&worker->painted, Painted, i);
        if (quiet_has(worker->options->quiet, painted->hash))
            continue;
        size_t start = store->arena.count;
        bool is_repeat = placed_find(&worker->ranges, painted->hash, &start);
        Range *range = vector_add(&store->ranges, sizeof *range);
        if (range == NULL)
            return false;
        *range = (Range){
            .start = start,
            .slot = (uint32_t)store->slots.count - 1,
            .offset = painted->offset,
            .size = painted->size,
            .is_repeat = is_repeat,
            .hash = painted->hash,
        };
        if (!is_repeat && !add_bytes(&store->arena, painted))
            return false;
    }
    return true;
}

bool paint_visit(Worker *worker, Store *store, const Visit *visit)
{
    const Delta *delta = &worker->cursor.delta;
    Painter painter = {
        .worker = worker,
        .visit = visit,
        .pieces = PIECES_OF(delta, visit->base),
        .margin = worker->options->width + 1,
    };
    worker->painted.count = worker->gathered.count = 0;
    if (visit->data == NULL && !vector_reserve(&worker->gathered, visit->size + SLACK, 1))
        return false;
    if (visit->is_whole)
        paint(&painter, 0, visit->size);
    else
        paint_delta(&painter, &delta->regions);
    close_range(&painter);
    return !painter.is_out_of_memory && take_painted(worker, store);
}
