/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns scryptROMix (RFC 7914): four inputs at once. One input alone is a single chain of dependent operations, which
 * leaves most of a CPU idle; rows of two inputs share a vector, and two such vectors are worked on in turn.
 *
 * Salsa20/8 takes a block as a matrix of four by four words. Kept here are its diagonals: what a column round and a row
 * round do to them is the same but for which of the other diagonals are turned in between.
 */
#include "mix.h"

#include <stdlib.h>
#include <string.h>

typedef uint32_t Row __attribute__((vector_size(32))); /* four words of one lane, then four of the next */
typedef uint32_t Half __attribute__((vector_size(16), may_alias));
typedef uint32_t Word __attribute__((may_alias));

typedef struct {
    Row low, high; /* lanes 0 and 1, lanes 2 and 3 */
} Quad;

typedef struct {
    Quad row[4];
} Block;

#if defined(__clang__) || __GNUC__ >= 12
#define TURN(row, a, b, c, d) __builtin_shufflevector(row, row, a, b, c, d, a + 4, b + 4, c + 4, d + 4)
#else
#define TURN(row, a, b, c, d) __builtin_shuffle(row, (Row){a, b, c, d, a + 4, b + 4, c + 4, d + 4})
#endif

#define ALWAYS static inline __attribute__((always_inline))

/* target ^= (a + b) rotated left by `bits`, for all lanes. */
#define STEP(target, a, b, bits)                                                                                       \
    do {                                                                                                               \
        Row low_ = (a).low + (b).low, high_ = (a).high + (b).high;                                                     \
        (target).low ^= (low_ << (bits)) | (low_ >> (32 - (bits)));                                                    \
        (target).high ^= (high_ << (bits)) | (high_ >> (32 - (bits)));                                                 \
    } while (0)
#define TURN_LEFT(quad) ((quad).low = TURN((quad).low, 1, 2, 3, 0), (quad).high = TURN((quad).high, 1, 2, 3, 0))
#define TURN_HALF(quad) ((quad).low = TURN((quad).low, 2, 3, 0, 1), (quad).high = TURN((quad).high, 2, 3, 0, 1))
#define TURN_RIGHT(quad) ((quad).low = TURN((quad).low, 3, 0, 1, 2), (quad).high = TURN((quad).high, 3, 0, 1, 2))

/* Salsa20/8 (RFC 7914, section 3) of one block a lane. */
ALWAYS void salsa(Block *block)
{
    Quad a = block->row[0], b = block->row[1], c = block->row[2], d = block->row[3];
    for (int round = 0; round < 8; round += 2) {
        STEP(b, a, d, 7);
        STEP(c, b, a, 9);
        STEP(d, c, b, 13);
        STEP(a, d, c, 18);
        TURN_RIGHT(b);
        TURN_HALF(c);
        TURN_LEFT(d);
        STEP(d, a, b, 7);
        STEP(c, d, a, 9);
        STEP(b, c, d, 13);
        STEP(a, b, c, 18);
        TURN_LEFT(b);
        TURN_HALF(c);
        TURN_RIGHT(d);
    }
    const Quad *mixed[4] = {&a, &b, &c, &d};
    for (int i = 0; i < 4; i++) {
        block->row[i].low += mixed[i]->low;
        block->row[i].high += mixed[i]->high;
    }
}

/* scryptBlockMix (section 4) of `from` into `to`, which are `2 * r` blocks each and not the same. */
ALWAYS void mix_blocks(const Block *from, Block *to, size_t r)
{
    Block running = from[2 * r - 1];
    for (size_t i = 0; i < 2 * r; i++) {
        for (int row = 0; row < 4; row++) {
            running.row[row].low ^= from[i].row[row].low;
            running.row[row].high ^= from[i].row[row].high;
        }
        salsa(&running);
        to[i / 2 + (i % 2) * r] = running;
    }
}

/* XORs into `blocks` what lane l of the past at `picked[l]` holds. */
ALWAYS void mix_past(Block *blocks, const Block *const picked[LANES], size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int row = 0; row < 4; row++) {
            Half *now = (Half *)&blocks[i].row[row];
            for (int lane = 0; lane < LANES; lane++)
                now[lane] ^= ((const Half *)&picked[lane][i].row[row])[lane];
        }
}

/* `space` holds `rounds + 2` times `2 * r` blocks; what is mixed stands in the first of them, before and after. */
ALWAYS void mix_rounds(Block *space, size_t r, size_t rounds)
{
    size_t step = 2 * r;
    for (size_t i = 0; i < rounds; i++)
        mix_blocks(space + i * step, space + (i + 1) * step, r);
    /* The last state needs a place of its own: the past that it is mixed with stays. */
    Block *now = space + rounds * step, *other = now + step;
    for (size_t i = 0; i < rounds; i++) {
        const Block *picked[LANES];
        const Word *words = (const Word *)&now[step - 1].row[0];
        for (int lane = 0; lane < LANES; lane++)
            picked[lane] = space + (words[4 * lane] & (rounds - 1)) * step;
        mix_past(now, picked, step);
        mix_blocks(now, other, r);
        Block *mixed = other;
        other = now;
        now = mixed;
    }
    memmove(space, now, step * sizeof(Block));
}

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
bool mix_is_worth_it(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define WIDE
bool mix_is_worth_it(void)
{
    return false;
}
#endif

WIDE static void mix_lanes(Block *space, size_t r, size_t rounds)
{
    mix_rounds(space, r, rounds);
}

/* Where word i of diagonal d stands in a block. */
static size_t place(size_t diagonal, size_t i)
{
    return (diagonal * 4 + i) * 5 % WORDS;
}

static void load(Block *blocks, const uint8_t *input, size_t count, int lane)
{
    for (size_t i = 0; i < count * WORDS; i++) {
        const uint8_t *at = input + (i / WORDS) * BLOCK + 4 * place(i % WORDS / 4, i % 4);
        uint32_t word = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        memcpy((uint8_t *)&blocks[i / WORDS].row[i % WORDS / 4] + 16 * lane + 4 * (i % 4), &word, 4);
    }
}

static void store(const Block *blocks, uint8_t *output, size_t count, int lane)
{
    for (size_t i = 0; i < count * WORDS; i++) {
        uint8_t *at = output + (i / WORDS) * BLOCK + 4 * place(i % WORDS / 4, i % 4);
        uint32_t word;
        memcpy(&word, (const uint8_t *)&blocks[i / WORDS].row[i % WORDS / 4] + 16 * lane + 4 * (i % 4), 4);
        for (int byte = 0; byte < 4; byte++)
            at[byte] = (uint8_t)(word >> 8 * byte);
    }
}

bool mix_all(uint8_t *inputs, size_t count, size_t r, size_t rounds)
{
    size_t blocks = 2 * r, size = (rounds + 2) * blocks * sizeof(Block);
    Block *space = aligned_alloc(64, size);
    if (space == NULL)
        return false;
    for (size_t first = 0; first < count; first += LANES) {
        size_t lanes = count - first < LANES ? count - first : LANES;
        memset(space, 0, blocks * sizeof(Block));
        for (size_t lane = 0; lane < lanes; lane++)
            load(space, inputs + (first + lane) * blocks * BLOCK, blocks, (int)lane);
        mix_lanes(space, r, rounds);
        for (size_t lane = 0; lane < lanes; lane++)
            store(space, inputs + (first + lane) * blocks * BLOCK, blocks, (int)lane);
    }
    free(space);
    return true;
}
