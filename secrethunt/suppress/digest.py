# SPDX-License-Identifier: Apache-2.0
"""
Names a value without giving it away: what entries of an ignore file are keyed by.

A token reads `kind:salt:digest`. Long random values get an HMAC, which is fast and cannot be searched; values that
somebody may have thought of get scrypt (RFC 7914), so that whoever reads the file pays for each guess. The salt is the
file's, not the entry's: one scrypt for each value that was found then answers for all entries. What that costs is that
two entries of one file with the same value would look the same, of which there are none; that two repositories share
no salt keeps tables of guesses from serving twice.

Which values are guessable is decided here, once for all versions: an entry must still mean its value in ten years.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Collection, Iterable

from secrethunt.candidates.canonical import canonical_value

SLOW = "scrypt"
FAST = "hmac"
_SCRYPT = {"n": 2**11, "r": 8, "p": 1, "dklen": 16}
"""2 MiB and some 4 ms a value: ten thousand guesses take a core 40 seconds."""
_SALT_BYTES = 8
_LONG = 20
_FEW_DISTINCT = 10
_FEW_CHANGES = 8
_RUNS = re.compile(rb"[a-z]+|[A-Z]+|[0-9]+|[^a-zA-Z0-9]+")
_TOKEN = re.compile(r"(?P<kind>scrypt|hmac):(?P<salt>[0-9a-f]{16}):[0-9a-f]{32}")
_MANY = 24
"""Slow digests from which on it pays to start threads."""


def new_salt() -> str:
    """A salt for a new file."""
    return os.urandom(_SALT_BYTES).hex()


def split_token(token: str) -> tuple[str, str] | None:
    """Kind and salt of a well-formed *token*, else None."""
    match = _TOKEN.fullmatch(token)
    return (match["kind"], match["salt"]) if match else None


def is_guessable(value: bytes) -> bool:
    """Whether somebody may have thought of *value*: short, few signs, or letters and digits in runs as words have."""
    return len(value) < _LONG or len(set(value)) < _FEW_DISTINCT or len(_RUNS.findall(value)) < _FEW_CHANGES


class Digester:
    """Makes tokens and remembers them: slow ones cost milliseconds each."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, str], str] = {}

    @staticmethod
    def kind(value: bytes) -> str:
        """How *value* is digested."""
        return SLOW if is_guessable(canonical_value(value)) else FAST

    def token(self, value: bytes, salt: str) -> str:
        """The token of *value* under *salt*."""
        value = canonical_value(value)
        known = self._known.get((value, salt))
        if known is None:
            known = self._known[value, salt] = _token(value, salt)
        return known

    def warm(self, values: Iterable[bytes], salts: Collection[str]) -> None:
        """Compute the slow tokens of *values* ahead, in threads where there are many."""
        wanted = [
            (value, salt)
            for value in {canonical_value(value) for value in values}
            if is_guessable(value)
            for salt in salts
            if (value, salt) not in self._known
        ]
        if len(wanted) < _MANY:
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="digest") as pool:
            self._known.update(zip(wanted, pool.map(lambda pair: _token(*pair), wanted), strict=True))


def _token(value: bytes, salt: str) -> str:
    key = bytes.fromhex(salt)
    if is_guessable(value):
        return f"{SLOW}:{salt}:{hashlib.scrypt(value, salt=key, **_SCRYPT).hex()}"
    return f"{FAST}:{salt}:{hmac.new(key, value, hashlib.sha256).hexdigest()[:32]}"
