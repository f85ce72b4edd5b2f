# SPDX-License-Identifier: Apache-2.0
"""
When certificates end: X.509 in PEM or base64 (RFC 5280, section 4.1.2.5), read by hand because only one field of it is
needed; PKCS #12 (RFC 7292) through the `keys` extra, where that is installed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s\\\"',]{100,16384}?)-----END CERTIFICATE-----")
_LAYOUT = re.compile(rb"\\[nrt]|[^A-Za-z0-9+/]")
_UTC_TIME, _GENERALIZED_TIME, _SEQUENCE, _INTEGER, _VERSION = 0x17, 0x18, 0x30, 0x02, 0xA0
_LARGEST = 1 << 18


def ends_at(value: bytes, passwords: Iterable[bytes] = ()) -> datetime | None:
    """
    The end of the first certificate in *value*, which belongs to the key; None where there is none that can be read.

    Args:
        value: PEM, or base64 of a certificate or of a PKCS #12 file.
        passwords: What may open a PKCS #12 file; none at all is tried as well.
    """
    if match := _PEM.search(value[:_LARGEST]):
        return _not_after(_decoded(match.group(1)))
    if not value.startswith(b"MI") or len(value) > _LARGEST:
        return None
    data = _decoded(value)
    return _not_after(data) or _end_of_store(data, passwords)


def _decoded(text: bytes) -> bytes:
    plain = _LAYOUT.sub(b"", text)
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return b""


def _not_after(certificate: bytes) -> datetime | None:
    """`Certificate` → `tbsCertificate` → `validity` → `notAfter`."""
    for _, outer in _elements(certificate):
        for tag, body in _elements(outer):
            if tag == _SEQUENCE:
                return _end_of(body)
        return None
    return None


def _end_of(body: bytes) -> datetime | None:
    fields = [element for element in _elements(body) if element[0] != _VERSION]
    if len(fields) < 4 or [tag for tag, _ in fields[:4]] != [_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE]:
        return None
    times = list(_elements(fields[3][1]))
    return _time(*times[1]) if len(times) == 2 else None


def _time(tag: int, content: bytes) -> datetime | None:
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
    if form is None:
        return None
    try:
        moment = datetime.strptime(content.decode("ascii"), form).replace(tzinfo=UTC)
    except ValueError:
        return None
    # RFC 5280, section 4.1.2.5.1: two digits from 50 up are of the last century; Python's border is 69.
    return moment.replace(year=moment.year - 100) if tag == _UTC_TIME and moment.year >= 2050 else moment


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element in *data*, up to the first that is cut (X.690, section 8)."""
    at = 0
    while at + 2 <= len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if not size or at + size > len(data):
            return
        yield tag, data[at : at + size]
        at += size


def _end_of_store(data: bytes, passwords: Iterable[bytes]) -> datetime | None:
    if [tag for tag, _ in _elements(data)] != [_SEQUENCE]:
        return None
    try:
        from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
    except ImportError:
        return None
    for password in (None, b"", *passwords):
        try:
            store = load_pkcs12(data, password)
        except ValueError:
            continue
        if store.cert is not None:
            return store.cert.certificate.not_valid_after_utc
    return None
