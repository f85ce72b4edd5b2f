/* SPDX-License-Identifier: Apache-2.0 */
/* Owns git's delta format: checking it, what is copied in one piece and what is not, and putting that together. */
#include "pack.h"

/* A region takes more memory than the two bytes that can ask for one. Deltas of git have thousands at most. */
#define MAX_REGIONS ((size_t)1 << 22)

static bool read_varint(const uint8_t **bytes, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *bytes < end && shift <= 56; shift += 7) {
        uint8_t byte = *(*bytes)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* The operations being read, and what the result is made of so far. */
typedef struct {
    const uint8_t *next, *end;
    uint8_t *literal; /* where the next one goes */
    uint64_t written;
    Region *region; /* the last one, if any */
} Parser;

/* A copy's operands: each set bit of *code* announces one byte, least significant first. Which bits are set cannot be
 * foreseen, so nothing branches on them, and up to 7 bytes are read that may not belong to the copy. */
static const uint8_t *read_copy(const uint8_t *next, uint32_t code, uint32_t *source, uint32_t *size)
{
    uint32_t fields[7];
    for (int i = 0; i < 7; i++) {
        uint32_t is_there = code >> i & 1;
        fields[i] = *next & -is_there;
        next += is_there;
    }
    *source = fields[0] | fields[1] << 8 | fields[2] << 16 | fields[3] << 24;
    *size = fields[4] | fields[5] << 8 | fields[6] << 16;
    *size += (uint32_t)(*size == 0) << 16;
    return next;
}

/* The copied range becomes a region, or lengthens the last one. */
static Reason add_copy(Delta *delta, Parser *parser, uint32_t source, uint32_t size)
{
    Region *last = parser->region;
    if (last != NULL && last->start + (uint64_t)last->size == parser->written &&
        last->base + (uint64_t)last->size == source) {
        last->size += size;
        return REASON_NONE;
    }
    last = delta->regions.count < MAX_REGIONS ? vector_add(&delta->regions, sizeof *last) : NULL;
    if (last == NULL)
        return delta->regions.count < MAX_REGIONS ? REASON_NO_MEMORY : REASON_TOO_LARGE;
    size_t literals = (size_t)(parser->literal - (uint8_t *)delta->literals.items);
    *last = (Region){
        .start = (uint32_t)parser->written,
        .base = source,
        .size = size,
        .literals = (uint32_t)literals,
    };
    parser->region = last;
    return REASON_NONE;
}

static Reason parse_ops(Delta *delta, Parser *parser)
{
    while (parser->next < parser->end) {
        uint32_t code = *parser->next++, source, size = code;
        if (code & 0x80)
            parser->next = read_copy(parser->next, code, &source, &size);
        if (size > delta->result_size - parser->written)
            return REASON_BAD_DELTA;
        if (code & 0x80) {
            if (parser->next > parser->end || (uint64_t)source + size > delta->base_size)
                return REASON_BAD_DELTA;
            Reason reason = add_copy(delta, parser, source, size);
            if (reason != REASON_NONE)
                return reason;
        } else {
            if (code == 0 || code > parser->end - parser->next)
                return REASON_BAD_DELTA;
            copy_loosely(parser->literal, parser->next, code);
            parser->literal += code;
            parser->next += code;
        }
        parser->written += size;
    }
    return parser->written == delta->result_size ? REASON_NONE : REASON_BAD_DELTA;
}

Reason delta_parse(Delta *delta, const uint8_t *bytes, size_t length, uint64_t base_size)
{
    Parser parser = {.next = bytes, .end = bytes + length};
    delta->regions.count = delta->literals.count = 0;
    if (!read_varint(&parser.next, parser.end, &delta->base_size) ||
        !read_varint(&parser.next, parser.end, &delta->result_size))
        return REASON_BAD_DELTA;
    if (delta->base_size != base_size)
        return REASON_BAD_DELTA;
    if (delta->result_size > SIZE_LIMIT)
        return REASON_TOO_LARGE;
    if (!vector_reserve(&delta->literals, length + SLACK, 1))
        return REASON_NO_MEMORY;
    parser.literal = delta->literals.items;
    Reason reason = parse_ops(delta, &parser);
    if (reason != REASON_NONE)
        return reason;
    delta->literals.count = (size_t)(parser.literal - (uint8_t *)delta->literals.items);
    Region *last = vector_add(&delta->regions, sizeof *last);
    if (last == NULL)
        return REASON_NO_MEMORY;
    *last = (Region){.start = (uint32_t)delta->result_size, .literals = (uint32_t)delta->literals.count};
    delta->regions.count--;
    return REASON_NONE;
}

void delta_free(Delta *delta)
{
    vector_free(&delta->regions);
    vector_free(&delta->literals);
}

/* --- pieces ---------------------------------------------------------------------------------------------------- */

void pieces_write(const Pieces *pieces, uint8_t *out)
{
    const uint8_t *literals = pieces->literals;
    size_t written = 0;
    for (size_t i = 0; i <= pieces->count; i++) {
        const Region *region = &pieces->regions[i];
        size_t gap = region->start - written;
        copy_loosely(out + written, literals, gap);
        literals += gap;
        copy_loosely(out + region->start, pieces->base + region->base, region->size);
        written = (size_t)region->start + region->size;
    }
}

void pieces_gather(const Pieces *pieces, size_t *first, size_t start, size_t end, uint8_t *out)
{
    const Region *region = &pieces->regions[*first];
    while (start < end) {
        /* The last region is empty and ends behind everything. */
        while (region->start + (size_t)region->size <= start && region < &pieces->regions[pieces->count])
            region++;
        const uint8_t *from;
        size_t stop;
        if (start < region->start) {
            stop = region->start < end ? region->start : end;
            from = pieces->literals + region->literals - (region->start - start);
        } else {
            stop = region->start + (size_t)region->size < end ? region->start + (size_t)region->size : end;
            from = pieces->base + region->base + (start - region->start);
        }
        copy_loosely(out, from, stop - start);
        out += stop - start;
        start = stop;
    }
    *first = (size_t)(region - pieces->regions);
}
