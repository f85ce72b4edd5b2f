# SPDX-License-Identifier: Apache-2.0
"""When two values are the same secret: ids and ordinals are made of what this leaves of a value."""

from __future__ import annotations

import re

_PEM_LAYOUT = re.compile(rb"\\[nrt]|\s|[\"'+,\\]")


def canonical_value(value: bytes) -> bytes:
    """A key block reads the same however its lines are folded, escaped or quoted."""
    return _PEM_LAYOUT.sub(b"", value) if value.startswith(b"-----BEGIN") else value
