# SPDX-License-Identifier: Apache-2.0
"""Containers of keys: PEM, private keys in DER, PKCS#12."""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterator

from secrethunt.coverage import Skip
from secrethunt.decode.contract import Budget, Piece
from secrethunt.decode.magic import is_binary_format, is_pkcs12, is_private_key
from secrethunt.decode.text import Data, _decode64

PEM_REACH = 65536
_PEM = re.compile(rb"(?:[^-\r\n]{0,200}\r?\n){1,900}?-----END ")
_HEADER = re.compile(rb"[A-Za-z-]{1,40}:[^\r\n]*\r?\n")
_PASSWORDS = (b"", b"changeit", b"password", b"changeme", b"secret", b"123456", b"notasecret")
"""What containers of keys are closed with where nobody meant to close them."""


def open_pem(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """What a PEM block (RFC 7468) holds, the hint ending behind its label, unless it is a key that reads as text."""
    body = _PEM.match(data, end, end + PEM_REACH)
    if body is None:
        return
    text = _HEADER.sub(b"", body.group().removesuffix(b"-----END "))
    decoded = _decode64(text)
    if is_binary_format(decoded) and not is_private_key(decoded) and budget.take(len(decoded)):
        yield Piece("pem", decoded, end, body.end())


def open_der(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """An unencrypted private key in DER, as the PEM that it stands for."""
    if end > 16 or not is_private_key(data):
        return
    length = _der_length(data)
    if length is None or length > len(data):
        return
    label = "PRIVATE KEY"
    body = data[:64]
    if body[4:].find(b"\x02\x01\x00\x02") == 0:
        label = "RSA PRIVATE KEY"
    elif b"\x02\x01\x01\x04" in body[2:8]:
        label = "EC PRIVATE KEY"
    pem = _armoured(label, data[:length])
    if budget.take(len(pem)):
        yield Piece("der", pem, 0, length, is_container=True)


def _der_length(data: bytes) -> int | None:
    """Length of the first value in *data*, its header included (X.690 section 8.1.3)."""
    first = data[1] if len(data) > 1 else 0x80
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 1 <= count <= 3:
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def _armoured(label: str, der: bytes) -> bytes:
    lines = textwrap.wrap(base64.b64encode(der).decode("ascii"), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def open_pkcs12(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """The private key of a PKCS#12 container that has no password or a customary one."""
    if end > 16 or not is_pkcs12(data):
        return
    try:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
    except ImportError:
        budget.note(Skip.NEEDS_EXTRA, "a PKCS#12 container: pip install 'secrethunt[keys]'")
        return
    budget.log.containers += 1
    for password in _PASSWORDS:
        try:
            key, _, _ = pkcs12.load_key_and_certificates(data, password or None)
        except ValueError:
            continue
        # What is damaged or made of unknown algorithms fails in the library's own ways.
        except Exception as err:  # noqa: BLE001
            budget.note(Skip.UNOPENED, f"PKCS#12: {type(err).__name__}")
            return
        if key is not None:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            if budget.take(len(pem)):
                yield Piece("pkcs12", pem, 0, len(data), is_container=True)
        return
    budget.note(Skip.ENCRYPTED, "a PKCS#12 container")
