# SPDX-License-Identifier: Apache-2.0
"""Owns how binary formats begin."""

from __future__ import annotations

import re

_WIDE_LE = re.compile(rb"(?:\xff\xfe)?(?:[\t\n\r\x20-\x7e]\0){8}")
_WIDE_BE = re.compile(rb"(?:\xfe\xff)?(?:\0[\t\n\r\x20-\x7e]){8}")
_DER = re.compile(
    rb"\x30(?:[\x20-\x7f]|\x81.|\x82..|\x83...)(?:"
    rb"\x02\x01[\x00\x01]\x30.\x06"  # PrivateKeyInfo, RFC 5958 section 2
    rb"|\x02\x01\x00\x02(?:[\x20-\x7f]|\x81.|\x82..)"  # RSAPrivateKey, RFC 8017 appendix A.1.2
    rb"|\x02\x01\x01\x04[\x1c-\x42]"  # ECPrivateKey, RFC 5915 section 3
    rb")",
    re.DOTALL,
)
_PKCS12 = re.compile(rb"\x30(?:\x80|\x82..|\x83...)\x02\x01\x03\x30", re.DOTALL)  # RFC 7292 section 4
_HEADS = (
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"\xfd7zXZ\0",
    b"%PDF-",
    b"SQLite format 3\0",
    b"x\x01",
    b"x\x9c",
    b"x\xda",
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")


def is_private_key(data: bytes) -> bool:
    """Begins as an unencrypted private key in DER does."""
    return _DER.match(data) is not None


def is_pkcs12(data: bytes) -> bool:
    """Begins as a PKCS#12 container does."""
    return _PKCS12.match(data) is not None


def is_wide(data: bytes) -> bool:
    """Begins as UTF-16 does."""
    return _WIDE_LE.match(data) is not None or _WIDE_BE.match(data) is not None


def is_binary_format(data: bytes) -> bool:
    """Begins as something that another decoder opens."""
    return (
        data.startswith(_HEADS)
        or _BZIP2.match(data) is not None
        or is_private_key(data)
        or is_pkcs12(data)
        or is_wide(data)
        or data[257:262] == b"ustar"
    )
