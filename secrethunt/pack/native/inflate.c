/* SPDX-License-Identifier: Apache-2.0 */
/* Owns zlib streams: libdeflate where the build found it, zlib otherwise. */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

/* deflate cannot shrink more than 1032:1; the constant covers a stream's header and trailer. */
bool inflate_is_plausible(uint64_t size, uint64_t length)
{
    return size <= SIZE_LIMIT && size / 1032 <= length;
}

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>

struct Inflater {
    struct libdeflate_decompressor *decompressor;
};

Inflater *inflater_new(void)
{
    Inflater *inflater = malloc(sizeof *inflater);
    if (inflater == NULL)
        return NULL;
    inflater->decompressor = libdeflate_alloc_decompressor();
    if (inflater->decompressor == NULL) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void inflater_free(Inflater *inflater)
{
    if (inflater != NULL)
        libdeflate_free_decompressor(inflater->decompressor);
    free(inflater);
}

/* libdeflate decodes the last bytes of either buffer one by one, so it is shown some more of both. */
Reason inflate_exact(Inflater *inflater, const uint8_t *stream, size_t length, size_t readable, uint8_t *out,
                     size_t size)
{
    size_t used, written;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(inflater->decompressor, stream, readable, out, size + SLACK, &used, &written);
    return result == LIBDEFLATE_SUCCESS && written == size && used <= length ? REASON_NONE : REASON_BAD_STREAM;
}

#else
#include <zlib.h>

struct Inflater {
    z_stream stream;
};

Inflater *inflater_new(void)
{
    Inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater != NULL && inflateInit(&inflater->stream) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void inflater_free(Inflater *inflater)
{
    if (inflater != NULL)
        inflateEnd(&inflater->stream);
    free(inflater);
}

/* NOTE: sizes fit zlib's unsigned int: plausible ones are below SIZE_LIMIT; more input than that is never needed. */
Reason inflate_exact(Inflater *inflater, const uint8_t *stream, size_t length, size_t readable, uint8_t *out,
                     size_t size)
{
    (void)readable;
    z_stream *z = &inflater->stream;
    uint8_t nothing;
    if (inflateReset(z) != Z_OK)
        return REASON_BAD_STREAM;
    z->next_in = (Bytef *)stream;
    z->avail_in = (uInt)(length < SIZE_LIMIT ? length : SIZE_LIMIT);
    z->next_out = size > 0 ? out : &nothing;
    z->avail_out = (uInt)(size > 0 ? size : 1);
    int result = inflate(z, Z_FINISH);
    return result == Z_STREAM_END && z->total_out == size ? REASON_NONE : REASON_BAD_STREAM;
}
#endif
