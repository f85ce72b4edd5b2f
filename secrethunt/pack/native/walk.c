/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the depth-first walk of one worker. Every frame on its stack is an object with deltas still to come; the last
 * delta takes its base's place, so a chain needs no stack. Nothing recurses.
 */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

/* Objects that stand near each other are often walked one after the other. */
#define AHEAD_BYTES ((size_t)4096)
/* A stream longer than twice its contents and this is no stream that any git writes. */
#define STREAM_SLACK ((uint64_t)1 << 20)

Reason cursor_init(Cursor *cursor, Plan *plan, Slab *slab)
{
    *cursor = (Cursor){.plan = plan, .slab = slab, .inflater = inflater_new(), .window = {.ahead = AHEAD_BYTES}};
    return cursor->inflater != NULL ? REASON_NONE : REASON_NO_MEMORY;
}

void cursor_free(Cursor *cursor)
{
    inflater_free(cursor->inflater);
    window_free(&cursor->window);
    vector_free(&cursor->frames);
    delta_free(&cursor->delta);
    vector_free(&cursor->scratch);
    vector_free(&cursor->chain);
    vector_free(&cursor->halves[0]);
    vector_free(&cursor->halves[1]);
    vector_free(&cursor->restored[0]);
    vector_free(&cursor->restored[1]);
}

/* --- one object ------------------------------------------------------------------------------------------------ */

/* Where the next object's bytes go: the slab, or a vector that is used again and again. */
typedef struct {
    Slab *slab;
    Vector *vector;
    bool may_be_apart; /* a delta's result need not be written out */
} Target;

static uint8_t *take(const Target *target, size_t size)
{
    if (target->slab != NULL)
        return slab_take(target->slab, size);
    return vector_reserve(target->vector, size + SLACK, 1) ? target->vector->items : NULL;
}

static Reason check_size(const Cursor *cursor, uint64_t size)
{
    return size > cursor->plan->selection.budget || size > SIZE_LIMIT ? REASON_TOO_LARGE : REASON_NONE;
}

static Reason inflate_entry(Cursor *cursor, const Entry *entry, const Target *target, const uint8_t **out)
{
    if (!inflate_is_plausible(entry->size, entry->stream_limit))
        return entry->size > SIZE_LIMIT ? REASON_TOO_LARGE : REASON_BAD_STREAM;
    Reason reason = check_size(cursor, entry->size);
    if (reason != REASON_NONE)
        return reason;
    uint64_t length = 2 * entry->size + STREAM_SLACK;
    if (length > entry->stream_limit)
        length = entry->stream_limit;
    const uint8_t *stream;
    reason = window_read(&cursor->window, &entry->pack->pack, entry->stream, (size_t)length, &stream);
    if (reason != REASON_NONE)
        return reason;
    uint8_t *bytes = take(target, (size_t)entry->size);
    if (bytes == NULL)
        return REASON_NO_MEMORY;
    *out = bytes;
    size_t readable = window_left(&cursor->window, &entry->pack->pack, entry->stream);
    return inflate_exact(cursor->inflater, stream, (size_t)length, readable, bytes, (size_t)entry->size);
}

/* Write out *node*; *base* is its base's bytes, NULL for a whole object. *out is NULL where the result stays apart: its
 * pieces are in cursor->delta. */
static Reason write_out(Cursor *cursor, uint32_t node, const uint8_t *base, size_t base_size, const Target *target,
                        const uint8_t **out, size_t *size)
{
    Entry entry;
    Reason reason = packset_entry(cursor->plan->set, node, &cursor->window, &entry);
    if (reason != REASON_NONE)
        return reason;
    if (entry.kind < KIND_OFFSET_DELTA) {
        *size = (size_t)entry.size;
        return inflate_entry(cursor, &entry, target, out);
    }
    const uint8_t *bytes;
    reason = inflate_entry(cursor, &entry, &(Target){.vector = &cursor->scratch}, &bytes);
    if (reason == REASON_NONE)
        reason = delta_parse(&cursor->delta, bytes, (size_t)entry.size, base_size);
    if (reason == REASON_NONE)
        reason = check_size(cursor, cursor->delta.result_size);
    if (reason != REASON_NONE)
        return reason;
    *size = (size_t)cursor->delta.result_size;
    *out = NULL;
    if (target->may_be_apart)
        return REASON_NONE;
    uint8_t *result = take(target, *size);
    if (result == NULL)
        return REASON_NO_MEMORY;
    pieces_write(&(Pieces)PIECES_OF(&cursor->delta, base), result);
    *out = result;
    return REASON_NONE;
}

/* The nodes from *node* up to, not including, the nearest of the first *frame_count* frames that still has its bytes.
 * That frame's number comes back, or SIZE_MAX when the chain ends at a whole object. */
static Reason collect_chain(Cursor *cursor, uint32_t node, size_t frame_count, size_t *nearest)
{
    cursor->chain.count = 0;
    *nearest = SIZE_MAX;
    while (node != NO_NODE) {
        while (frame_count > 0 && VECTOR_AT(&cursor->frames, Frame, frame_count - 1)->node == node) {
            if (VECTOR_AT(&cursor->frames, Frame, --frame_count)->data != NULL) {
                *nearest = frame_count;
                return REASON_NONE;
            }
        }
        uint32_t *link = vector_add(&cursor->chain, sizeof *link);
        if (link == NULL)
            return REASON_NO_MEMORY;
        *link = node;
        node = cursor->plan->set->bases[node];
    }
    return REASON_NONE;
}

/* Write out *node* from the nearest object that is at hand; its last step goes to *target*. */
static Reason write_chain(Cursor *cursor, uint32_t node, size_t frame_count, const Target *target, const uint8_t **out,
                          size_t *size)
{
    size_t nearest;
    Reason reason = collect_chain(cursor, node, frame_count, &nearest);
    const uint8_t *base = NULL;
    size_t base_size = 0;
    if (nearest != SIZE_MAX) {
        base = VECTOR_AT(&cursor->frames, Frame, nearest)->data;
        base_size = VECTOR_AT(&cursor->frames, Frame, nearest)->size;
    }
    for (size_t i = cursor->chain.count; i-- > 0 && reason == REASON_NONE;) {
        Target half = {.vector = &cursor->halves[i & 1]};
        reason = write_out(cursor, *VECTOR_AT(&cursor->chain, uint32_t, i), base, base_size, i == 0 ? target : &half,
                           out, size);
        base = *out;
        base_size = *size;
    }
    return reason;
}

Reason cursor_read(Cursor *cursor, uint32_t node, uint8_t **out, size_t *size)
{
    Vector result = {0};
    const uint8_t *bytes = NULL;
    Reason reason = write_chain(cursor, node, 0, &(Target){.vector = &result}, &bytes, size);
    if (reason != REASON_NONE)
        vector_free(&result);
    *out = result.items;
    return reason;
}

/* --- the walk -------------------------------------------------------------------------------------------------- */

/* The next delta of a frame to visit; the heaviest, which always exists, comes last. */
static uint32_t next_child(const Plan *plan, Frame *frame)
{
    const PackSet *set = plan->set;
    uint32_t heavy = plan->heavy[frame->node];
    for (; frame->next_child < set->child_starts[frame->node + 1]; frame->next_child++) {
        uint32_t child = set->children[frame->next_child];
        if (child != heavy && (plan->flags[child] & (NODE_NEEDED | NODE_CUT)) == NODE_NEEDED) {
            frame->next_child++;
            return child;
        }
    }
    return heavy;
}

static bool push_frame(Cursor *cursor, Visit *visit)
{
    if (cursor->plan->heavy[visit->node] == NO_NODE)
        return true;
    Frame *frame = vector_add(&cursor->frames, sizeof *frame);
    if (frame == NULL)
        return false;
    *frame = (Frame){
        .node = visit->node,
        .next_child = cursor->plan->set->child_starts[visit->node],
        .data = visit->data,
        .size = visit->size,
        .is_failed = visit->data == NULL,
        .payload = {.slot = NO_SLOT},
    };
    visit->has_frame = true;
    return true;
}

/* What the visitor must know beside the bytes: too large to be shown, or merely on the way to another. */
static void judge(const Cursor *cursor, Visit *visit)
{
    visit->is_selected = cursor->plan->flags[visit->node] & NODE_SELECTED;
    if (visit->reason == REASON_NONE && visit->size > cursor->plan->selection.max_size)
        visit->reason = REASON_TOO_LARGE;
}

static void visit_task(Cursor *cursor, uint32_t node, Visit *visit)
{
    Target target = {.slab = cursor->slab};
    *visit = (Visit){.node = node, .is_whole = true, .parent = {.slot = NO_SLOT}};
    visit->reason = write_chain(cursor, node, 0, &target, &visit->data, &visit->size);
}

/* Write a dropped frame's bytes out again. They stand outside the slab, two frames' at most: a slab is given back only
 * with its batch, and a walk back up the stack would fill it. */
static Reason restore(Cursor *cursor, size_t top)
{
    cursor->last_restored = !cursor->last_restored;
    Vector *bytes = &cursor->restored[cursor->last_restored];
    for (size_t i = 0; i < cursor->frames.count; i++) {
        Frame *frame = VECTOR_AT(&cursor->frames, Frame, i);
        if (frame->data == bytes->items)
            frame->data = NULL;
    }
    Frame *frame = VECTOR_AT(&cursor->frames, Frame, top);
    Reason reason = write_chain(cursor, frame->node, top, &(Target){.vector = bytes}, &frame->data, &frame->size);
    if (reason != REASON_NONE)
        frame->data = NULL;
    return reason;
}

/* May an object without deltas of its own stay apart? Its base must stand in the slab, to be there as long. */
static bool may_be_apart(const Cursor *cursor, uint32_t node, const Frame *frame)
{
    return cursor->leaves_are_apart && cursor->plan->heavy[node] == NO_NODE && frame->is_known &&
           cursor->plan->set->kinds[node] != KIND_COMMIT && frame->data != cursor->restored[0].items &&
           frame->data != cursor->restored[1].items;
}

static void visit_child(Cursor *cursor, uint32_t node, Visit *visit)
{
    size_t top = cursor->frames.count - 1;
    Frame *frame = VECTOR_AT(&cursor->frames, Frame, top);
    Target target = {.slab = cursor->slab};
    *visit = (Visit){.node = node, .is_whole = !frame->is_known, .parent = frame->payload};
    if (frame->is_failed)
        visit->reason = REASON_BASE_SKIPPED;
    else if (frame->data == NULL)
        visit->reason = restore(cursor, top);
    visit->parent_size = frame->size;
    target.may_be_apart = may_be_apart(cursor, node, frame);
    if (visit->reason == REASON_NONE)
        visit->reason = write_out(cursor, node, frame->data, frame->size, &target, &visit->data, &visit->size);
    if (visit->reason == REASON_NONE && visit->data == NULL)
        visit->base = frame->data;
    visit->is_parent_moved = node == cursor->plan->heavy[frame->node];
    if (visit->is_parent_moved)
        cursor->frames.count--;
}

bool cursor_next(Cursor *cursor, Visit *visit)
{
    if (cursor->frames.count > 0) {
        Frame *frame = VECTOR_AT(&cursor->frames, Frame, cursor->frames.count - 1);
        visit_child(cursor, next_child(cursor->plan, frame), visit);
    } else {
        Plan *plan = cursor->plan;
        size_t task = atomic_fetch_add(&plan->next_task, 1);
        if (task >= plan->tasks.count)
            return false;
        visit_task(cursor, *VECTOR_AT(&plan->tasks, uint32_t, task), visit);
    }
    if (visit->reason != REASON_NONE) {
        visit->data = NULL;
        visit->size = 0;
    }
    cursor->is_out_of_memory = !push_frame(cursor, visit);
    judge(cursor, visit);
    return true;
}

void cursor_keep(Cursor *cursor, Payload payload)
{
    Frame *frame = VECTOR_AT(&cursor->frames, Frame, cursor->frames.count - 1);
    frame->is_known = true;
    frame->payload = payload;
}

/* The deepest frames are needed first and are kept; others are dropped and written out again on return. */
void cursor_evacuate(Cursor *cursor, Slab *slab)
{
    uint64_t kept = 0;
    for (size_t i = cursor->frames.count; i-- > 0;) {
        Frame *frame = VECTOR_AT(&cursor->frames, Frame, i);
        if (frame->data == NULL)
            continue;
        kept += frame->size;
        uint8_t *copy = kept <= cursor->plan->selection.budget ? slab_take(slab, frame->size) : NULL;
        if (copy != NULL)
            memcpy(copy, frame->data, frame->size);
        frame->data = copy;
    }
    cursor->slab = slab;
}
