# SPDX-License-Identifier: Apache-2.0
"""Where a value stands in formats that are lines of names and values: properties, INI, dotenv."""

from __future__ import annotations

import re

from secrethunt.candidates.context import roles
from secrethunt.records import SyntaxContext

_LINE = re.compile(rb"[ \t]*(?:export[ \t]+|set[ \t]+)?([\w.\-\[\]/]+)[ \t]*[=:]?[ \t]*[\"']?$")


def plain_context(data: bytes, start: int) -> SyntaxContext:
    """The context of the value at *start*: in a comment, or behind a name."""
    line = data[max(0, start - 400) : start].rpartition(b"\n")[2]
    if line.lstrip()[:1] in (b"#", b";", b"!"):
        return SyntaxContext("properties", literal=roles.COMMENT)
    match = _LINE.match(line)
    name = match[1].decode("utf-8", "replace") if match else ""
    return SyntaxContext("properties", literal=roles.TEXT, use=roles.ASSIGNED, name=name, is_part=match is None)
