# SPDX-License-Identifier: Apache-2.0
"""Sizes as people write them."""

from __future__ import annotations

import re

from secrethunt.errors import UsageError

_SIZE = re.compile(r"(\d+)\s*([KMG]?)(?:i?B)?", re.IGNORECASE)
_FACTOR = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def parse_size(text: str) -> int:
    """Bytes of `65536`, `64M`, `1 GiB`: powers of 1024.

    Raises:
        UsageError: Anything else.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"not a size: {text!r}", hint="Write a number of bytes, or a number with K, M or G.")
    return int(match.group(1)) * _FACTOR[match.group(2).upper()]
