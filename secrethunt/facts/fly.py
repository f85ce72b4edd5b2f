# SPDX-License-Identifier: Apache-2.0
"""What the macaroons of Fly.io say: organisation, apps, user, time (github.com/superfly/macaroon, `caveat.go` and
`flyio/caveats.go`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secrethunt.facts.msgpack import Cut, unpack
from secrethunt.facts.reading import Fact, base64_bytes, moment, shown

_ORGANIZATION, _APPS, _VALIDITY, _MUTATIONS, _CONFINED_USER, _CONFINED_ORGANIZATION, _IS_USER = 0, 3, 4, 6, 8, 9, 10


def fly_macaroon(value: bytes, _text: bytes) -> Iterator[Fact]:
    """`fm2_` and base64 of [nonce, location, [type, caveat, …], tail] in MessagePack; discharges follow."""
    try:
        token = unpack(base64_bytes(value.partition(b",")[0].partition(b"_")[2]))
    except Cut:
        return
    if not isinstance(token, list) or len(token) < 3 or not isinstance(token[1], bytes):
        return
    yield "kind", "macaroon"
    yield "host", shown(token[1]).removeprefix("https://").partition("/")[0]
    caveats = token[2] if isinstance(token[2], list) else []
    for number, body in zip(caveats[::2], caveats[1::2], strict=False):
        yield from _caveat(number, body)


def _caveat(number: object, body: Any) -> Iterator[Fact]:
    if not isinstance(body, list) or not body:
        return
    first = body[0]
    if number in (_ORGANIZATION, _CONFINED_ORGANIZATION) and isinstance(first, int):
        yield "organization", str(first)
    elif number in (_CONFINED_USER, _IS_USER) and isinstance(first, int):
        yield "user", str(first)
    elif number == _APPS and isinstance(first, dict):
        yield "apps", shown([key for key in first if isinstance(key, int)])
    elif number == _VALIDITY and len(body) > 1 and (ends := moment(body[1])):
        yield "expires", ends
    elif number == _MUTATIONS and isinstance(first, list):
        yield "mutations", shown([name for name in first if isinstance(name, bytes)])
