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

/* How much to read: more where the reader moves on from what it read last. */
static size_t wanted_from(const Window *window, const File *file, uint64_t offset, size_t length)
{
    uint64_t end = window->offset + window->bytes.count;
    bool moves_on = window->file == file && offset >= window->offset && offset <= end + window->ahead;
    size_t ahead = moves_on ? window->ahead * AHEAD_WHEN_MOVING_ON : window->ahead;
    size_t wanted = length + SLACK > ahead ? length + SLACK : ahead;
    return wanted < file->size - offset ? wanted : (size_t)(file->size - offset);
}

Reason window_read(Window *window, const File *file, uint64_t offset, size_t length, const uint8_t **bytes)
{
    if (offset > file->size || length > file->size - offset)
        return REASON_TRUNCATED;
    if (file->data != NULL) {
        *bytes = file->data + offset;
        return REASON_NONE;
    }
    if (window->file != file || offset < window->offset || offset + length > window->offset + window->bytes.count) {
        size_t wanted = wanted_from(window, file, offset, length);
        window->file = NULL;
        if (!vector_reserve(&window->bytes, wanted, 1))
            return REASON_NO_MEMORY;
        Reason reason = read_at(file->fd, offset, window->bytes.items, length, wanted, &window->bytes.count);
        if (reason != REASON_NONE)
            return reason;
        window->file = file;
        window->offset = offset;
    }
    *bytes = (const uint8_t *)window->bytes.items + (offset - window->offset);
    return REASON_NONE;
}

size_t window_left(const Window *window, const File *file, uint64_t offset)
{
    return (size_t)(file->data != NULL ? file->size - offset : window->offset + window->bytes.count - offset);
}

void window_free(Window *window)
{
    vector_free(&window->bytes);
    window->file = NULL;
}
