# SPDX-License-Identifier: Apache-2.0
"""
Makes guessable values expensive to guess: scrypt (RFC 7914) of many values at once, natively where that was built.

One value after the other, `hashlib.scrypt` waits most of the time for its own last result.
"""

from secrethunt.stretch.scrypt import IS_NATIVE, scrypt_all

__all__ = ["IS_NATIVE", "scrypt_all"]
