/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading files, with pread and not through a mapping: a file that is cut short while it is read then gives a
 * short read and no SIGBUS, and its pages do not count as this process's memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack.h"

#define AHEAD_WHEN_MOVING_ON 8
#define PANES (sizeof ((Window *)NULL)->panes / sizeof(Pane))

Reason file_open(const char *path, File *file)
{
    struct stat status;
    *file = (File){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file->fd < 0)
        return REASON_UNREADABLE;
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
        file_close(file);
        return REASON_UNREADABLE;
    }
    file->size = (uint64_t)status.st_size;
    return REASON_NONE;
}

/* At least *length* bytes and at most *wanted*; *done* counts them. */
static Reason read_at(int fd, uint64_t offset, uint8_t *out, size_t length, size_t wanted, size_t *done)
{
    *done = 0;
    while (*done < length) {
        ssize_t count = pread(fd, out + *done, wanted - *done, (off_t)(offset + *done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return REASON_UNREADABLE;
        if (count == 0)
            return REASON_TRUNCATED;
        *done += (size_t)count;
    }
    return REASON_NONE;
}

/* Take the whole file into memory and close it. */
Reason file_load(File *file)
{
    uint8_t *data = file->size < SIZE_MAX ? malloc((size_t)file->size) : NULL;
    size_t size = (size_t)file->size;
    Reason reason = data != NULL ? read_at(file->fd, 0, data, size, size, &size) : REASON_NO_MEMORY;
    close(file->fd);
    file->fd = -1;
    file->data = file->owned = data;
    return reason;
}

void file_close(File *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->owned);
    *file = (File){.fd = -1};
}

/* The pane that has bytes [offset, end) of *file*. */
static Pane *pane_with(Window *window, const File *file, uint64_t offset, uint64_t end)
{
    for (size_t i = 0; i < PANES; i++) {
        Pane *pane = &window->panes[i];
        if (pane->file == file && offset >= pane->offset && end <= pane->offset + pane->bytes.count)
            return pane;
    }
    return NULL;
}

/* Where to read what no pane has, and how much: more in a pane whose reader moves on from what was read there last. */
static Pane *pane_for(Window *window, const File *file, uint64_t offset, size_t *wanted)
{
    Pane *oldest = &window->panes[0];
    size_t least = *wanted + SLACK;
    *wanted = window->ahead;
    for (size_t i = 0; i < PANES; i++) {
        Pane *pane = &window->panes[i];
        if (pane->file == file && offset >= pane->offset &&
            offset <= pane->offset + pane->bytes.count + window->ahead) {
            *wanted = window->ahead * AHEAD_WHEN_MOVING_ON;
            oldest = pane;
            break;
        }
        if (pane->last_use < oldest->last_use)
            oldest = pane;
    }
    if (*wanted < least)
        *wanted = least;
    if (*wanted > file->size - offset)
        *wanted = (size_t)(file->size - offset);
    return oldest;
}

Reason window_read(Window *window, const File *file, uint64_t offset, size_t length, const uint8_t **bytes)
{
    if (offset > file->size || length > file->size - offset)
        return REASON_TRUNCATED;
    if (file->data != NULL) {
        *bytes = file->data + offset;
        return REASON_NONE;
    }
    Pane *pane = pane_with(window, file, offset, offset + length);
    if (pane == NULL) {
        size_t wanted = length;
        pane = pane_for(window, file, offset, &wanted);
        pane->file = NULL;
        if (!vector_reserve(&pane->bytes, wanted, 1))
            return REASON_NO_MEMORY;
        Reason reason = read_at(file->fd, offset, pane->bytes.items, length, wanted, &pane->bytes.count);
        if (reason != REASON_NONE)
            return reason;
        pane->file = file;
        pane->offset = offset;
    }
    pane->last_use = ++window->uses;
    window->last = pane;
    *bytes = (const uint8_t *)pane->bytes.items + (offset - pane->offset);
    return REASON_NONE;
}

size_t window_left(const Window *window, const File *file, uint64_t offset)
{
    if (file->data != NULL)
        return (size_t)(file->size - offset);
    return (size_t)(window->last->offset + window->last->bytes.count - offset);
}

void window_free(Window *window)
{
    for (size_t i = 0; i < PANES; i++)
        vector_free(&window->panes[i].bytes);
    *window = (Window){0};
}
