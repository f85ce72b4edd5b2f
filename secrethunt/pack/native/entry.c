/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the headers of a pack's entries. Format: gitformat-pack(5). */
#include "pack.h"

/* Type, size, and the name of a base take at most this much. */
#define HEADER_BYTES 64

/* Type and size, seven bits a byte; the bytes read, or 0 if malformed. */
static size_t read_size(const uint8_t *bytes, size_t limit, Entry *entry)
{
    if (limit == 0)
        return 0;
    size_t used = 1;
    uint8_t byte = bytes[0];
    entry->kind = byte >> 4 & 7;
    entry->size = byte & 15;
    for (unsigned shift = 4; byte & 0x80; shift += 7) {
        if (used == limit || shift > 57)
            return 0;
        byte = bytes[used++];
        entry->size |= (uint64_t)(byte & 0x7f) << shift;
    }
    return used;
}

static size_t read_distance(const uint8_t *bytes, size_t limit, uint64_t *distance)
{
    if (limit == 0)
        return 0;
    size_t used = 1;
    uint8_t byte = bytes[0];
    *distance = byte & 0x7f;
    while (byte & 0x80) {
        if (used == limit || *distance >> 56)
            return 0;
        byte = bytes[used++];
        *distance = (*distance + 1) << 7 | (byte & 0x7f);
    }
    return used;
}

static size_t read_base(const uint8_t *bytes, size_t limit, unsigned hash_size, uint64_t offset, Entry *entry)
{
    if (entry->kind == KIND_REF_DELTA) {
        entry->base_id = bytes;
        return limit >= hash_size ? hash_size : 0;
    }
    uint64_t distance = 0;
    size_t used = read_distance(bytes, limit, &distance);
    if (distance == 0 || distance > offset)
        return 0;
    entry->base_offset = offset - distance;
    return used;
}

Reason packset_entry(const PackSet *set, uint32_t node, Window *window, Entry *entry)
{
    uint64_t offset;
    uint64_t extent = packset_extent(set, node, &offset);
    if (extent == 0)
        return REASON_BAD_OFFSET;
    *entry = (Entry){.pack = packset_pack_of(set, node)};
    size_t limit = extent < HEADER_BYTES ? (size_t)extent : HEADER_BYTES;
    const uint8_t *bytes;
    Reason reason = window_read(window, &entry->pack->pack, offset, limit, &bytes);
    if (reason != REASON_NONE)
        return reason;
    size_t used = read_size(bytes, limit, entry);
    if (used == 0 || entry->kind == KIND_NONE || entry->kind == 5)
        return REASON_BAD_HEADER;
    if (entry->kind >= KIND_OFFSET_DELTA) {
        size_t more = read_base(bytes + used, limit - used, set->hash_size, offset, entry);
        if (more == 0)
            return REASON_BAD_HEADER;
        used += more;
    }
    entry->stream = offset + used;
    entry->stream_limit = extent - used;
    return REASON_NONE;
}
