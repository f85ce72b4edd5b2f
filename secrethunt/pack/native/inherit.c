/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what an object takes over from its base: anchors whose bytes were copied in one piece, and with them the
 * confirmation ("origin") of those whose whole window was copied.
 *
 * An anchor that ends at E occupies at most [E - width - 1, E + 1), a byte either side included for assertions. Where
 * one copied region holds all of that, base and delta agree, so the base's anchors answer; events of the arena are
 * dropped there. Anywhere else the bytes stand in a dirty range, and events answer. No place is answered twice.
 */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

/* Longer windows are rare (private keys), and cost more to hash than to ask for. */
#define LONG_WINDOW ((uint64_t)4096)
/* So many ranges before a hash is looked for, its place in memory is asked for. */
#define RANGES_AHEAD 16

typedef struct {
    uint32_t slot, end;
    uint16_t tag;
} Found;

bool region_covers(const Slot *slot, const Region *region, int64_t low, int64_t high)
{
    int64_t start = region->start, end = start + region->size;
    if (start == 0 && region->base == 0)
        start = INT64_MIN;
    if ((size_t)end == slot->size && region->base + (size_t)region->size == slot->parent_size)
        end = INT64_MAX;
    return low >= start && high <= end;
}

static bool is_copied(const Slot *slot, const Region *region, int64_t end, size_t width)
{
    return region_covers(slot, region, end - (int64_t)width - 1, end + 1);
}

/* --- events of the arena --------------------------------------------------------------------------------------- */

/* The region in which the byte before *end* lies, or the one before it; NULL if all begin later. */
static const Region *region_at(const Store *store, const Slot *slot, uint32_t end)
{
    const Region *regions = VECTOR_AT(&store->regions, Region, slot->first_region);
    size_t low = 0, high = slot->region_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (regions[middle].start < end)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &regions[low - 1] : NULL;
}

static int compare_events(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static bool sort_events(Worker *worker, const uint64_t *events, size_t count)
{
    if (!vector_reserve(&worker->events, count, sizeof *events))
        return false;
    if (count > 0)
        memcpy(worker->events.items, events, count * sizeof *events);
    worker->events.count = count;
    const uint64_t *sorted = worker->events.items;
    for (size_t i = 1; i < count; i++)
        if (sorted[i - 1] > sorted[i]) {
            qsort(worker->events.items, count, sizeof *events, compare_events);
            break;
        }
    return true;
}

/* The first event that ends behind *place* of the arena; *guess* is likely to be it, since most ranges stand there one
 * after the other. */
static size_t first_event(const Worker *worker, size_t place, size_t guess)
{
    const uint64_t *events = worker->events.items;
    size_t low = 0, high = worker->events.count;
    if ((guess == 0 || events[guess - 1] >> TAG_BITS <= place) &&
        (guess == high || events[guess] >> TAG_BITS > place))
        return guess;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (events[middle] >> TAG_BITS <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_answered_by_base(const Worker *worker, const Store *store, const Slot *slot, uint32_t end)
{
    const Region *region = slot->is_whole ? NULL : region_at(store, slot, end);
    return region != NULL && is_copied(slot, region, end, worker->options->width);
}

/* Events that end in *range*, as places in its slot; those that the base answers are dropped. A range without any is
 * noted: wherever the same bytes come up again, whatever stands around them, none of its own anchors ends in them. */
static bool map_range(Worker *worker, const Store *store, const Range *range, size_t *next_event)
{
    const uint64_t *events = worker->events.items;
    const Slot *slot = VECTOR_AT(&store->slots, Slot, range->slot);
    uint64_t last = range->start + range->size;
    size_t first = first_event(worker, range->start, *next_event), next = first;
    for (; next < worker->events.count && events[next] >> TAG_BITS <= last; next++) {
        uint32_t place = range->offset + (uint32_t)((events[next] >> TAG_BITS) - range->start);
        if ((next > first && events[next] == events[next - 1]) || is_answered_by_base(worker, store, slot, place))
            continue;
        Found *found = vector_add(&worker->found, sizeof *found);
        if (found == NULL)
            return false;
        *found = (Found){.slot = range->slot, .end = place, .tag = (uint16_t)events[next]};
    }
    if (next == first && !range->is_repeat)
        quiet_add(worker->options->quiet, range->hash);
    if (!range->is_repeat)
        *next_event = next;
    return true;
}

static bool map_events(Worker *worker, const Store *store)
{
    size_t next_event = 0;
    worker->found.count = 0;
    for (size_t i = 0; i < store->ranges.count; i++) {
        if (i + RANGES_AHEAD < store->ranges.count)
            quiet_prefetch(worker->options->quiet, VECTOR_AT(&store->ranges, Range, i + RANGES_AHEAD)->hash);
        if (!map_range(worker, store, VECTOR_AT(&store->ranges, Range, i), &next_event))
            return false;
    }
    return true;
}

/* --- anchors of the base --------------------------------------------------------------------------------------- */

static size_t first_from(const AnchorList *list, uint32_t end)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].end < end)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Is an anchor's place, with what may stand around it, too wide for this region? */
static bool is_too_small(const Slot *slot, const Region *region, size_t width)
{
    bool is_start = region->start == 0, is_end = region->start + (size_t)region->size == slot->size;
    return region->size < width + 2 && !is_start && !is_end;
}

static bool inherit_region(Worker *worker, const Slot *slot, const Region *region, const AnchorList *base)
{
    if (is_too_small(slot, region, worker->options->width))
        return true;
    for (size_t i = first_from(base, region->base); i < base->count; i++) {
        Anchor anchor = base->items[i];
        if (anchor.end > (uint64_t)region->base + region->size)
            break;
        anchor.end = anchor.end - region->base + region->start;
        if (!is_copied(slot, region, anchor.end, worker->options->width))
            continue;
        Reach reach = worker->options->reaches[anchor.tag];
        anchor.is_inherited =
            region_covers(slot, region, (int64_t)anchor.end - reach.before, (int64_t)anchor.end + reach.after);
        Anchor *kept = vector_add(&worker->merged, sizeof *kept);
        if (kept == NULL)
            return false;
        *kept = anchor;
    }
    return true;
}

static bool inherit_base(Worker *worker, const Store *store, const Slot *slot)
{
    worker->merged.count = 0;
    const AnchorList *base = slot->parent_list;
    if (slot->parent_slot != NO_SLOT)
        base = VECTOR_AT(&store->slots, Slot, slot->parent_slot)->anchors;
    if (base == NULL || slot->is_whole)
        return true;
    for (size_t i = 0; i < slot->region_count; i++)
        if (!inherit_region(worker, slot, VECTOR_AT(&store->regions, Region, slot->first_region + i), base))
            return false;
    return true;
}

/* --- resolve --------------------------------------------------------------------------------------------------- */

static bool is_before(const Anchor *anchor, const Found *found)
{
    return anchor->end != found->end ? anchor->end < found->end : anchor->tag <= found->tag;
}

/* Bytes [start, start + length) of a slot's object, good until the next call; NULL when memory is out. */
static const uint8_t *window_bytes(Worker *worker, const Store *store, const Slot *slot, size_t start, size_t length)
{
    if (slot->data != NULL)
        return slot->data + start;
    if (!vector_reserve(&worker->window, LONG_WINDOW + SLACK, 1))
        return NULL;
    Pieces pieces = slot_pieces(store, slot);
    const Region *region = region_at(store, slot, (uint32_t)start + 1);
    size_t first = region != NULL ? (size_t)(region - pieces.regions) : 0;
    pieces_gather(&pieces, &first, start, start + length, worker->window.items);
    return worker->window.items;
}

/* The hash of all that an anchor's confirmation depends on; 0 where that is too long to be worth it. */
static uint64_t window_hash(Worker *worker, const Store *store, const Slot *slot, const Anchor *anchor)
{
    Reach reach = worker->options->reaches[anchor->tag];
    if ((uint64_t)reach.before + reach.after > LONG_WINDOW)
        return 0;
    size_t before = anchor->end < reach.before ? anchor->end : reach.before;
    size_t after = slot->size - anchor->end < reach.after ? slot->size - anchor->end : reach.after;
    /* A window that is cut by an end of the object is shorter: with `before`, its length tells by which. */
    uint64_t salt = (uint64_t)anchor->tag << 32 | before;
    const uint8_t *bytes = window_bytes(worker, store, slot, anchor->end - before, before + after);
    return bytes != NULL ? hash_content(&worker->options->quiet->key, salt, bytes, before + after) : 0;
}

/* Give an origin to what must be confirmed: that of the same window seen before, or a new one, and ask for that. */
static bool ask(Worker *worker, Store *store, uint32_t slot, Anchor *anchor, Vector *out)
{
    uint64_t hash = window_hash(worker, store, VECTOR_AT(&store->slots, Slot, slot), anchor);
    const Known *known = known_find(&worker->windows, hash);
    if (known != NULL) {
        anchor->is_inherited = true;
        anchor->is_confirmed = known->is_confirmed;
        anchor->origin = known->number;
        return true;
    }
    uint64_t *asked = vector_add(&worker->asked, sizeof *asked);
    if (asked == NULL || (hash != 0 && !known_add(&worker->windows, hash, worker->next_origin)))
        return false;
    *asked = hash;
    anchor->is_confirmed = false;
    anchor->origin = worker->next_origin++;
    store->origin_count++;
    Confirmation *confirmation = vector_add(out, sizeof *confirmation);
    if (confirmation == NULL)
        return false;
    *confirmation = (Confirmation){.slot = slot, .tag = anchor->tag, .end = anchor->end, .origin = anchor->origin};
    return true;
}

/* Anchors of the base and *found_count* new ones become the slot's list, by end and tag. */
static bool merge(Worker *worker, Store *store, uint32_t slot, const Found *found, size_t found_count, Vector *out)
{
    size_t count = worker->merged.count + found_count, next = 0;
    if (count == 0)
        return true;
    AnchorList *list = malloc(sizeof *list + count * sizeof *list->items);
    if (list == NULL)
        return false;
    *list = (AnchorList){.references = 1, .count = count};
    VECTOR_AT(&store->slots, Slot, slot)->anchors = list;
    const Anchor *inherited = worker->merged.items, *last = inherited + worker->merged.count;
    for (size_t i = 0; i < count; i++) {
        Anchor *anchor = &list->items[i];
        if (inherited < last && (next == found_count || is_before(inherited, &found[next]))) {
            *anchor = *inherited++;
        } else {
            *anchor = (Anchor){.end = found[next].end, .tag = found[next].tag};
            next++;
        }
        if (!anchor->is_inherited && !ask(worker, store, slot, anchor, out))
            return false;
    }
    return true;
}

bool worker_resolve(Worker *worker, Store *store, const uint64_t *events, size_t count, Vector *out)
{
    if (!sort_events(worker, events, count) || !map_events(worker, store))
        return false;
    const Found *found = worker->found.items;
    size_t left = worker->found.count;
    worker->asked.count = 0;
    for (uint32_t slot = 0; slot < store->slots.count; slot++) {
        size_t here = 0;
        while (here < left && found[here].slot == slot)
            here++;
        if (!inherit_base(worker, store, VECTOR_AT(&store->slots, Slot, slot)) ||
            !merge(worker, store, slot, found, here, out))
            return false;
        left -= here;
        if (here > 0)
            found += here;
    }
    return true;
}

/* --- settle ---------------------------------------------------------------------------------------------------- */

static bool report_slot(const Store *store, uint32_t number, const uint8_t *confirmed, Vector *out)
{
    Slot *slot = VECTOR_AT(&store->slots, Slot, number);
    for (size_t i = 0; slot->anchors != NULL && i < slot->anchors->count; i++) {
        Anchor *anchor = &slot->anchors->items[i];
        uint64_t place = anchor->origin - store->first_origin;
        if (place < store->origin_count)
            anchor->is_confirmed = confirmed[place];
        if (!anchor->is_confirmed || !anchor->is_inherited)
            continue;
        Inherited *row = vector_add(out, sizeof *row);
        if (row == NULL)
            return false;
        *row = (Inherited){
            .slot = number,
            .end = anchor->end,
            .origin = anchor->origin,
        };
    }
    return true;
}

/* Frames refer to this batch's slots by number; from now on they hold the lists themselves. */
static void hand_to_frames(Worker *worker, const Store *store)
{
    for (size_t i = worker->cursor.frames.count; i-- > 0;) {
        Payload *payload = &VECTOR_AT(&worker->cursor.frames, Frame, i)->payload;
        if (payload->slot == NO_SLOT)
            continue;
        AnchorList *list = VECTOR_AT(&store->slots, Slot, payload->slot)->anchors;
        if (list != NULL)
            list->references++;
        *payload = (Payload){.slot = NO_SLOT, .owned = list};
    }
}

bool worker_settle(Worker *worker, Store *store, const uint64_t *origins, size_t count, Vector *out)
{
    uint8_t *confirmed = calloc(store->origin_count + 1, 1);
    if (confirmed == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t place = (size_t)(origins[i] - store->first_origin);
        confirmed[place] = 1;
        Known *known = known_find(&worker->windows, *VECTOR_AT(&worker->asked, uint64_t, place));
        if (known != NULL)
            known->is_confirmed = true;
    }
    bool is_done = true;
    for (uint32_t slot = 0; slot < store->slots.count && is_done; slot++)
        is_done = report_slot(store, slot, confirmed, out);
    free(confirmed);
    hand_to_frames(worker, store);
    for (size_t i = 0; i < store->slots.count; i++) {
        Slot *slot = VECTOR_AT(&store->slots, Slot, i);
        anchors_release(slot->parent_list);
        anchors_release(slot->anchors);
        slot->parent_list = slot->anchors = NULL;
    }
    return is_done;
}
