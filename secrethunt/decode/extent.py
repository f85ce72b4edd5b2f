# SPDX-License-Identifier: Apache-2.0
"""Owns how far the decoders of text look, and what base64 of text is made of: the hints need it before any decoder."""

from __future__ import annotations

BASE64_REACH = 1 << 20
"""Longest run of base64 or hexadecimal digits that is decoded, in bytes."""
WRAP_BEHIND = 256
"""How far back the line before is looked for."""
ESCAPE_BEHIND = 256
ESCAPE_AHEAD = 1024
"""How far around an escape the text is unescaped; the next escape beyond gets a piece of its own."""
NOTEBOOK_REACH = 65536
# What printable ASCII makes in base64 (RFC 4648): three bytes below 0x80 leave each of four digits a part of the
# alphabet. In UTF-16 every other byte is zero, which adds A to the first of them.
GROUP = "[ACDI-Za-f][ACDEFGHQSTUVWXgijklmnwyz0123][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
