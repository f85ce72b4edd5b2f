/* SPDX-License-Identifier: Apache-2.0 */
/* Owns growing arrays. */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

bool vector_reserve(Vector *vector, size_t capacity, size_t size)
{
    if (capacity <= vector->capacity)
        return true;
    size_t larger = vector->capacity + vector->capacity / 2;
    if (capacity < larger)
        capacity = larger;
    if (capacity < 16)
        capacity = 16;
    if (capacity > SIZE_MAX / size)
        return false;
    void *items = realloc(vector->items, capacity * size);
    if (items == NULL)
        return false;
    vector->items = items;
    vector->capacity = capacity;
    return true;
}

void *vector_add(Vector *vector, size_t size)
{
    if (vector->count == vector->capacity && !vector_reserve(vector, vector->count + 1, size))
        return NULL;
    return (char *)vector->items + size * vector->count++;
}

bool vector_append(Vector *vector, const Vector *more, size_t size)
{
    if (!vector_reserve(vector, vector->count + more->count, size))
        return false;
    if (more->count > 0)
        memcpy((char *)vector->items + size * vector->count, more->items, size * more->count);
    vector->count += more->count;
    return true;
}

void vector_free(Vector *vector)
{
    free(vector->items);
    *vector = (Vector){0};
}
