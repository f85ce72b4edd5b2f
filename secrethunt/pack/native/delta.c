/* SPDX-License-Identifier: Apache-2.0 */
/* Owns git's delta format: checking, applying, and the ranges that are copied in one piece. */
#include <string.h>

#include "pack.h"

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

/* Offset and size of a copy; each set bit of *code* announces one byte, least significant first. */
static bool read_copy(const uint8_t **bytes, const uint8_t *end, uint8_t code, DeltaOp *op)
{
    uint32_t fields[7] = {0};
    for (int i = 0; i < 7; i++)
        if (code >> i & 1) {
            if (*bytes == end)
                return false;
            fields[i] = *(*bytes)++;
        }
    op->source = fields[0] | fields[1] << 8 | fields[2] << 16 | fields[3] << 24;
    op->size = fields[4] | fields[5] << 8 | fields[6] << 16;
    if (op->size == 0)
        op->size = 0x10000;
    op->is_copy = true;
    return true;
}

static Reason add_region(Delta *delta, const DeltaOp *op, uint64_t written)
{
    if (delta->regions.count > 0) {
        Region *last = VECTOR_AT(&delta->regions, Region, delta->regions.count - 1);
        if (last->start + (uint64_t)last->size == written && last->base + (uint64_t)last->size == op->source) {
            last->size += op->size;
            return REASON_NONE;
        }
    }
    Region *region = vector_add(&delta->regions, sizeof *region);
    if (region == NULL)
        return REASON_NO_MEMORY;
    *region = (Region){.start = (uint32_t)written, .base = op->source, .size = op->size};
    return REASON_NONE;
}

static Reason parse_op(Delta *delta, const uint8_t *start, const uint8_t **bytes, const uint8_t *end, uint64_t written)
{
    DeltaOp *op = vector_add(&delta->ops, sizeof *op);
    if (op == NULL)
        return REASON_NO_MEMORY;
    uint8_t code = *(*bytes)++;
    if (code & 0x80) {
        if (!read_copy(bytes, end, code, op) || (uint64_t)op->source + op->size > delta->base_size)
            return REASON_BAD_DELTA;
        if (op->size > delta->result_size - written)
            return REASON_BAD_DELTA;
        return add_region(delta, op, written);
    }
    if (code == 0 || code > end - *bytes || code > delta->result_size - written)
        return REASON_BAD_DELTA;
    *op = (DeltaOp){.source = (uint32_t)(*bytes - start), .size = code, .is_copy = false};
    *bytes += code;
    return REASON_NONE;
}

Reason delta_parse(Delta *delta, const uint8_t *bytes, size_t length, uint64_t base_size)
{
    const uint8_t *start = bytes, *end = bytes + length;
    delta->ops.count = delta->regions.count = 0;
    if (!read_varint(&bytes, end, &delta->base_size) || !read_varint(&bytes, end, &delta->result_size))
        return REASON_BAD_DELTA;
    if (delta->base_size != base_size)
        return REASON_BAD_DELTA;
    if (delta->result_size > SIZE_LIMIT)
        return REASON_TOO_LARGE;
    uint64_t written = 0;
    while (bytes < end) {
        Reason reason = parse_op(delta, start, &bytes, end, written);
        if (reason != REASON_NONE)
            return reason;
        written += VECTOR_AT(&delta->ops, DeltaOp, delta->ops.count - 1)->size;
    }
    return written == delta->result_size ? REASON_NONE : REASON_BAD_DELTA;
}

void delta_apply(const Delta *delta, const uint8_t *bytes, const uint8_t *base, uint8_t *out)
{
    const DeltaOp *ops = delta->ops.items;
    for (size_t i = 0; i < delta->ops.count; i++) {
        memcpy(out, (ops[i].is_copy ? base : bytes) + ops[i].source, ops[i].size);
        out += ops[i].size;
    }
}

void delta_free(Delta *delta)
{
    vector_free(&delta->ops);
    vector_free(&delta->regions);
}
