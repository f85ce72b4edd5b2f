/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the memory that written-out objects of one batch share: taken piece by piece, given back at once. */
#include <stdlib.h>

#include "pack.h"

#define CHUNK_BYTES ((size_t)1 << 20)

/* Chunks of the common size are kept for the next batch; larger ones hold one object and are freed. */
struct Chunk {
    struct Chunk *next;
    size_t size;
    uint8_t bytes[];
};

static Chunk *new_chunk(Slab *slab, size_t size)
{
    Chunk *chunk = slab->spare;
    if (size == CHUNK_BYTES && chunk != NULL) {
        slab->spare = chunk->next;
    } else {
        chunk = malloc(sizeof *chunk + size + SLACK);
        if (chunk == NULL)
            return NULL;
        chunk->size = size;
    }
    chunk->next = slab->chunks;
    slab->chunks = chunk;
    return chunk;
}

uint8_t *slab_take(Slab *slab, size_t size)
{
    if (size == 0)
        size = 1; /* NULL means failure */
    if (size > slab->left) {
        bool is_large = size > CHUNK_BYTES / 4;
        Chunk *chunk = new_chunk(slab, is_large ? size : CHUNK_BYTES);
        if (chunk == NULL)
            return NULL;
        slab->total += size;
        if (is_large)
            return chunk->bytes;
        slab->next = chunk->bytes;
        slab->left = CHUNK_BYTES;
    } else {
        slab->total += size;
    }
    uint8_t *taken = slab->next;
    slab->next += size;
    slab->left -= size;
    return taken;
}

void slab_reset(Slab *slab)
{
    while (slab->chunks != NULL) {
        Chunk *chunk = slab->chunks;
        slab->chunks = chunk->next;
        if (chunk->size == CHUNK_BYTES) {
            chunk->next = slab->spare;
            slab->spare = chunk;
        } else {
            free(chunk);
        }
    }
    slab->next = NULL;
    slab->left = slab->total = 0;
}

void slab_free(Slab *slab)
{
    slab_reset(slab);
    while (slab->spare != NULL) {
        Chunk *chunk = slab->spare;
        slab->spare = chunk->next;
        free(chunk);
    }
}
