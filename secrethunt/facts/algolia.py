# SPDX-License-Identifier: Apache-2.0
"""Secured API keys of Algolia: base64 of an HMAC and of what the key is restricted to, as a query (Algolia, "Generate
secured API key")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.facts.reading import Fact, base64_bytes, moment, query, shown

_SECURED = re.compile(rb"[0-9a-f]{64}(?P<rest>[\x20-\x7e]{1,4000})$")
_RESTRICTIONS = (
    ("restrictIndices", "indices"),
    ("restrictSources", "source_address"),
    ("userToken", "user"),
)


def algolia_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Nothing where the key is a plain one."""
    match = _SECURED.match(base64_bytes(value))
    if match is None:
        return
    parameters = query(match["rest"])
    if not parameters:
        return
    yield "kind", "secured API key"
    for name, fact in _RESTRICTIONS:
        if parameters.get(name):
            yield fact, shown(parameters[name])
    until = parameters.get("validUntil", "")
    if until.isdigit() and len(until) < 12 and (ends := moment(int(until))):
        yield "expires", ends
