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

/* Events that end in *range*, as places in its slot; those that the base answers are dropped. */
static bool map_range(Worker *worker, const Store *store, const Range *range, size_t *next)
{
    const Slot *slot = VECTOR_AT(&store->slots, Slot, range->slot);
    uint64_t last = range->start + range->size;
    for (; *next < worker->events.count; ++*next) {
        uint64_t event = *VECTOR_AT(&worker->events, uint64_t, *next), end = event >> TAG_BITS;
        if (end > last)
            return true;
        bool is_repeated = *next > 0 && event == *VECTOR_AT(&worker->events, uint64_t, *next - 1);
        if (end <= range->start || is_repeated)
            continue;
        uint32_t place = range->offset + (uint32_t)(end - range->start);
        const Region *region = slot->is_whole ? NULL : region_at(store, slot, place);
        if (region != NULL && is_copied(slot, region, place, worker->options->width))
            continue;
        Found *found = vector_add(&worker->found, sizeof *found);
        if (found == NULL)
            return false;
        *found = (Found){.slot = range->slot, .end = place, .tag = (uint16_t)event};
    }
    return true;
}

static bool map_events(Worker *worker, const Store *store)
{
    size_t next = 0;
    worker->found.count = 0;
    for (size_t i = 0; i < store->ranges.count && next < worker->events.count; i++)
        if (!map_range(worker, store, VECTOR_AT(&store->ranges, Range, i), &next))
            return false;
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

static bool inherit_region(Worker *worker, const Slot *slot, const Region *region, const AnchorList *base)
{
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

/* Give a new origin to what must be confirmed, and ask for it. */
static bool ask(Worker *worker, Store *store, uint32_t slot, Anchor *anchor, Vector *out)
{
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

/* Lines are counted from one inherited anchor of a blob to the next. */
typedef struct {
    uint32_t counted, line, line_start;
} LineCount;

static void count_lines(LineCount *lines, const uint8_t *data, uint32_t end)
{
    const uint8_t *from = data + lines->counted, *last = data + end;
    uint32_t newlines = 0;
    for (const uint8_t *byte = from; byte < last; byte++)
        newlines += *byte == '\n';
    if (newlines > 0) {
        while (last[-1] != '\n')
            last--;
        lines->line_start = (uint32_t)(last - data);
    }
    lines->line += newlines;
    lines->counted = end;
}

static bool report_slot(const Store *store, uint32_t number, const uint8_t *confirmed, Vector *out)
{
    Slot *slot = VECTOR_AT(&store->slots, Slot, number);
    LineCount lines = {.line = 1};
    for (size_t i = 0; slot->anchors != NULL && i < slot->anchors->count; i++) {
        Anchor *anchor = &slot->anchors->items[i];
        uint64_t place = anchor->origin - store->first_origin;
        if (place < store->origin_count)
            anchor->is_confirmed = confirmed[place];
        if (!anchor->is_confirmed || !anchor->is_inherited)
            continue;
        count_lines(&lines, slot->data, anchor->end);
        Inherited *row = vector_add(out, sizeof *row);
        if (row == NULL)
            return false;
        *row = (Inherited){
            .slot = number,
            .end = anchor->end,
            .line = lines.line,
            .line_start = lines.line_start,
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
    for (size_t i = 0; i < count; i++)
        confirmed[origins[i] - store->first_origin] = 1;
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
