/* SPDX-License-Identifier: Apache-2.0 */
/* The memory-hard part of scrypt (RFC 7914), for several inputs side by side. Knows nothing of Python. */
#ifndef SECRETHUNT_STRETCH_MIX_H
#define SECRETHUNT_STRETCH_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 4, WORDS = 16, BLOCK = 64 };

/* Whether this CPU has vectors for it; without them the compiler's stand-ins take longer than one input at a time. */
bool mix_is_worth_it(void);

/*
 * scryptROMix (RFC 7914, section 5) of `count` inputs of `2 * r` blocks each, in place; `rounds` is a power of two.
 * False where memory runs out.
 */
bool mix_all(uint8_t *inputs, size_t count, size_t r, size_t rounds);

#endif
