/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns looking for what text turns into when it is encoded, where no literal shows it: base64, hexadecimal, UTF-16 and
 * UTF-32. As automata these cost as much as hundreds of patterns, since every byte could be their beginning.
 *
 * Bytes become bits, 64 at a time, one word for each class of bytes; where enough bits are set in a row, the bytes
 * themselves are looked at.
 */
#include <string.h>

#include "pack.h"

#define LANES 64
#define BLOCKS 64
#define GROUPS 3
#define BASE64_DIGITS (4 * GROUPS)
#define HEX_DIGITS 16

/*
 * What three bytes leave of four digits of base64 (RFC 4648) if each is printable ASCII, tab, line feed or carriage
 * return; or, in UTF-16, NUL in the first place. Of the fourth digit they leave all. ODD is NUL, FE, FF: hardly any text
 * has these unless it is UTF-16 or UTF-32.
 */
enum { FIRST, SECOND, THIRD, FOURTH, HEX, ODD };
enum { SETS = ODD, CLASSES = ODD + 1 };
static const char *const MEMBERS[SETS] = {
    [FIRST] = "ACDI-Za-f",
    [SECOND] = "ACDEFGHQSTUVWXgijklmnwyz0123",
    [THIRD] = "ABEFIJMNQRUVYZcdghklopstwx014589",
    [FOURTH] = "A-Za-z0-9+/_-",
    [HEX] = "0-9a-fA-F",
};

/* Of 64 bytes one bit each for each class. */
typedef struct {
    uint64_t of[CLASSES];
} Masks;

/* Bit h of rows[set][l]: is the ASCII character with the upper half h and the lower half l in the set? */
typedef struct {
    uint8_t rows[SETS][16];
} Table;

typedef void Classify(const Table *table, const uint8_t *data, size_t size, Masks *masks);

typedef struct {
    const uint8_t *data;
    size_t size;
    const uint16_t *tags;
    Vector *events;
} Search;

/* --- classes of bytes ------------------------------------------------------------------------------------------ */

static void fill_table(Table *table)
{
    memset(table, 0, sizeof *table);
    for (unsigned set = 0; set < SETS; set++)
        for (const char *next = MEMBERS[set]; *next != '\0'; next++) {
            char first = *next, last = first;
            if (next[1] == '-' && next[2] != '\0')
                last = *(next += 2);
            for (char byte = first; byte <= last; byte++)
                table->rows[set][byte & 15] |= (uint8_t)(1 << (byte >> 4));
        }
}

/* At most 64 bytes; what is missing is in no class. */
static void classify_some(const Table *table, const uint8_t *data, size_t size, Masks *masks)
{
    *masks = (Masks){0};
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        for (unsigned set = 0; set < SETS && byte < 0x80; set++)
            masks->of[set] |= (uint64_t)(table->rows[set][byte & 15] >> (byte >> 4) & 1) << i;
        masks->of[ODD] |= (uint64_t)(byte == 0 || byte >= 0xfe) << i;
    }
}

static void classify_plainly(const Table *table, const uint8_t *data, size_t size, Masks *masks)
{
    for (; size > 0; size -= LANES, data += LANES, masks++)
        classify_some(table, data, LANES, masks);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

AVX2 static uint64_t join(const __m256i *halves)
{
    return (uint32_t)_mm256_movemask_epi8(halves[0]) | (uint64_t)(uint32_t)_mm256_movemask_epi8(halves[1]) << 32;
}

AVX2 static void classify_avx2(const Table *table, const uint8_t *data, size_t size, Masks *masks)
{
    const __m256i columns = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i none = _mm256_setzero_si256(), two = _mm256_set1_epi8(2);
    __m256i rows[SETS];
    for (unsigned set = 0; set < SETS; set++)
        rows[set] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table->rows[set]));
    for (; size > 0; size -= LANES, data += LANES, masks++) {
        __m256i bytes[2], column[2], found[2];
        for (int i = 0; i < 2; i++) {
            bytes[i] = _mm256_loadu_si256((const __m256i *)(data + 32 * i));
            __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes[i], 4), _mm256_set1_epi8(15));
            column[i] = _mm256_shuffle_epi8(columns, upper);
        }
        for (unsigned set = 0; set < SETS; set++) {
            for (int i = 0; i < 2; i++) {
                __m256i row = _mm256_shuffle_epi8(rows[set], bytes[i]);
                found[i] = _mm256_cmpeq_epi8(_mm256_and_si256(row, column[i]), none);
            }
            masks->of[set] = ~join(found);
        }
        for (int i = 0; i < 2; i++) {
            __m256i moved = _mm256_add_epi8(bytes[i], two);
            found[i] = _mm256_cmpeq_epi8(_mm256_min_epu8(moved, two), moved);
        }
        masks->of[ODD] = join(found);
    }
}

bool encoded_is_fast(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define classify_avx2 classify_plainly

bool encoded_is_fast(void)
{
    return false;
}
#endif

/* --- what the bytes say ---------------------------------------------------------------------------------------- */

static bool report(const Search *search, unsigned shape, size_t end)
{
    uint64_t *event = vector_add(search->events, sizeof *event);
    if (event != NULL)
        *event = (uint64_t)end << TAG_BITS | search->tags[shape];
    return event != NULL;
}

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

/* Pairs of digits that are ASCII from space on. */
static bool is_hex_text(const uint8_t *digits)
{
    for (const uint8_t *pair = digits; pair < digits + HEX_DIGITS; pair += 2)
        if (*pair < '2' || *pair > '7')
            return false;
    return true;
}

/* The byte behind which hexadecimal begins: none, or anything but a letter or digit; of letters x, as in 0x. */
static bool may_precede_hex(const Search *search, size_t place)
{
    if (place == 0)
        return true;
    uint8_t byte = search->data[place - 1];
    return byte == 'x' || (!is_letter(byte) && !is_digit(byte));
}

static bool is_character(uint8_t byte)
{
    return (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Four characters of UTF-16, with NUL in place *nul* of each. */
static bool is_utf16(const uint8_t *bytes, unsigned nul)
{
    for (unsigned i = 0; i < 8; i += 2)
        if (bytes[i + nul] != 0 || !is_character(bytes[i + 1 - nul]))
            return false;
    return true;
}

/* One character of UTF-32 in either order. */
static bool is_utf32(const uint8_t *bytes)
{
    if (bytes[1] != 0 || bytes[2] != 0)
        return false;
    return bytes[0] == 0 ? is_character(bytes[3]) : is_character(bytes[0]) && bytes[3] == 0;
}

static bool check_line(const Search *search, size_t place)
{
    const uint8_t *bytes = search->data + place;
    size_t left = search->size - place;
    bool is_done = true;
    if (left >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        is_done = report(search, SHAPE_BYTE_ORDER_MARK, place + 2);
    if (left >= 4 && memcmp(bytes, "\0\0\xfe\xff", 4) == 0)
        is_done = report(search, SHAPE_BYTE_ORDER_MARK, place + 4);
    if (left >= 8 && (is_utf16(bytes, 0) || is_utf16(bytes, 1)))
        is_done = is_done && report(search, SHAPE_UTF16, place + 8);
    if (left >= 8 && is_utf32(bytes) && is_utf32(bytes + 4))
        is_done = is_done && report(search, SHAPE_UTF32, place + 8);
    return is_done;
}

/* --- from bits to bytes ---------------------------------------------------------------------------------------- */

/* Bits of a class as they stand *by* places later, from 1 to 63. */
static inline uint64_t ahead(const Masks *masks, unsigned class, unsigned by)
{
    return masks[0].of[class] >> by | masks[1].of[class] << (LANES - by);
}

/* Places that no byte of the class stands before. */
static inline uint64_t fresh(const Masks *masks, unsigned class)
{
    return ~(masks[0].of[class] << 1 | masks[-1].of[class] >> (LANES - 1));
}

/* Where text in base64 begins. */
static inline uint64_t find_base64(const Masks *masks)
{
    const uint64_t *next = masks[1].of;
    uint64_t here = masks->of[FIRST] & ahead(masks, SECOND, 1) & ahead(masks, THIRD, 2) & ahead(masks, FOURTH, 3);
    uint64_t there = next[FIRST] & next[SECOND] >> 1 & next[THIRD] >> 2 & next[FOURTH] >> 3;
    uint64_t found = here & fresh(masks, FOURTH);
    for (unsigned by = 4; by < BASE64_DIGITS; by += 4)
        found &= here >> by | there << (LANES - by);
    return found;
}

/* Where a run of hexadecimal digits begins, as long as is needed. */
static inline uint64_t find_hex(const Masks *masks)
{
    uint64_t here = masks[0].of[HEX], there = masks[1].of[HEX], found = fresh(masks, HEX);
    for (unsigned by = 1; by < HEX_DIGITS; by *= 2) {
        here &= here >> by | there << (LANES - by);
        there &= there >> by;
    }
    return here & found;
}

/* *masks: those of the 64 bytes at *start*, between those before and behind. */
static bool look_at(const Search *search, size_t start, const Masks *masks)
{
    bool is_done = true;
    uint64_t bits;
    for (bits = find_base64(masks); bits != 0 && is_done; bits &= bits - 1)
        is_done = report(search, SHAPE_BASE64, start + (unsigned)__builtin_ctzll(bits) + BASE64_DIGITS);
    for (bits = find_hex(masks); bits != 0 && is_done; bits &= bits - 1) {
        size_t place = start + (unsigned)__builtin_ctzll(bits);
        if (is_hex_text(search->data + place) && may_precede_hex(search, place))
            is_done = report(search, SHAPE_HEX, place + HEX_DIGITS);
    }
    /* The first character of a line, or its upper half, may stand before the first NUL. */
    for (bits = masks->of[ODD] | ahead(masks, ODD, 1); bits != 0 && is_done; bits &= bits - 1) {
        size_t place = start + (unsigned)__builtin_ctzll(bits);
        if (place == 0 || search->data[place - 1] == '\n')
            is_done = check_line(search, place);
    }
    return is_done;
}

bool encoded_find(const uint8_t *data, size_t size, const uint16_t *tags, Vector *events)
{
    const Search search = {data, size, tags, events};
    Classify *classify = encoded_is_fast() ? classify_avx2 : classify_plainly;
    Table table;
    Masks masks[1 + BLOCKS + 1] = {0};
    fill_table(&table);
    for (size_t start = 0; start < size; start += BLOCKS * LANES) {
        size_t left = size - start, whole = left / LANES;
        if (whole > BLOCKS + 1)
            whole = BLOCKS + 1;
        classify(&table, data + start, whole * LANES, masks + 1);
        for (size_t i = whole; i < BLOCKS + 1; i++)
            classify_some(&table, data + start + whole * LANES, i == whole ? left % LANES : 0, masks + 1 + i);
        for (size_t i = 0; i < BLOCKS; i++) {
            /* What is looked at costs less than waiting for it: arenas are larger than the nearer caches. */
            size_t later = start + (BLOCKS + 1 + i) * LANES;
            if (later < size)
                __builtin_prefetch(data + later);
            if (!look_at(&search, start + i * LANES, masks + 1 + i))
                return false;
        }
        masks[0] = masks[BLOCKS];
    }
    return true;
}
