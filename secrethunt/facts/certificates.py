# SPDX-License-Identifier: Apache-2.0
"""Whose a certificate is: subject, organisations, issuer and end of X.509 in PEM or base64 of it (RFC 5280, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from secrethunt.facts.der import members
from secrethunt.facts.reading import Fact, base64_bytes, shown

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{100,16384}?)-----END CERTIFICATE-----")
_COMMON_NAME, _ORGANIZATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17


def certificate_facts(value: bytes) -> Iterator[Fact]:
    """Of the first certificate in *value*; nothing where there is none that can be read."""
    match = _PEM.search(value) or _PEM.search(base64_bytes(value))
    if match is None:
        return
    outer = members(base64_bytes(re.sub(rb"\s", b"", match.group(1))))
    body = members(outer[0][1]) if outer and outer[0][0] == _SEQUENCE else []
    fields = [item for item in members(body[0][1]) if item[0] != _VERSION] if body else []
    if len(fields) < 5 or any(tag != _SEQUENCE for tag, _ in fields[1:5]):
        return
    subject = list(_names(fields[4][1]))
    for kind, name in ((_COMMON_NAME, "subject"), (_ORGANIZATION, "groups")):
        if texts := [shown(text) for oid, text in subject if oid == kind]:
            yield name, shown(" ".join(texts))
    for oid, text in _names(fields[2][1]):
        if oid == _COMMON_NAME:
            yield "issuer", shown(text)
            break
    times = members(fields[3][1])
    if len(times) == 2 and (ends := _time(*times[1])):
        yield "expires", ends


def _names(name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Attribute type and value of each relative distinguished name."""
    for _, relative in members(name):
        for _, pair in members(relative):
            pairs = members(pair)
            if len(pairs) == 2:
                yield pairs[0][1], pairs[1][1]


def _time(tag: int, content: bytes) -> str:
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    try:
        return datetime.strptime(content.decode("ascii"), form).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""
