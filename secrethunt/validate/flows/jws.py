# SPDX-License-Identifier: Apache-2.0
"""Signs JSON Web Tokens with private keys as they stand in source code: escapes undone, whatever their container."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Mapping
from typing import Any

from secrethunt.online.contract import NoAnswer
from secrethunt.validate.flows.exchange import NeedsExtra

_ESCAPES = re.compile(rb"\\[nrt]|[\"'][ \t]*\+?[ \t\r\n]*[\"']?|,")
_BEGIN = re.compile(rb"-----BEGIN ([A-Za-z0-9 ]{1,30})-----")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")


def tidy_pem(value: bytes) -> bytes:
    """*value* as PEM that libraries read: line ends of source code undone, lines of 64 characters."""
    if value.startswith(b"LS0tLS1CRUdJTi"):
        with contextlib.suppress(binascii.Error, ValueError):
            value = base64.b64decode(value + b"=" * (-len(value) % 4))
    begin = _BEGIN.search(value)
    if begin is None:
        return value
    label = begin.group(1)
    body = _ESCAPES.sub(b"\n", value[begin.end() :].partition(b"-----END")[0])
    if b":" in body:
        return value
    data = _NO_BASE64.sub(b"", body)
    lines = [data[at : at + 64] for at in range(0, len(data), 64)]
    return b"\n".join([b"-----BEGIN " + label + b"-----", *lines, b"-----END " + label + b"-----", b""])


def private_key(value: bytes) -> Any:
    """
    The private key in *value*, an object of `cryptography`.

    Raises:
        NeedsExtra: cryptography is not installed.
        NoAnswer: It is no key that can be used: damaged, or protected by a passphrase.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key
    except ImportError as err:
        raise NeedsExtra("jwt") from err
    pem = tidy_pem(value)
    load = load_ssh_private_key if b"OPENSSH" in pem[:60] else load_pem_private_key
    try:
        return load(pem, None)
    except TypeError as err:
        raise NoAnswer("the key is protected by a passphrase") from err
    except (ValueError, UnsupportedAlgorithm) as err:
        raise NoAnswer("the key cannot be read") from err


def signed_token(claims: Mapping[str, Any], key: bytes, *, algorithm: str, headers: Mapping[str, Any]) -> str:
    """
    *claims* as a JSON Web Token, signed with *key* (PEM).

    Raises:
        NeedsExtra: PyJWT or cryptography is not installed.
        NoAnswer: The key cannot be used.
    """
    try:
        import jwt
    except ImportError as err:
        raise NeedsExtra("jwt") from err
    try:
        return jwt.encode(dict(claims), private_key(key), algorithm=algorithm, headers=dict(headers))
    except (jwt.PyJWTError, TypeError, ValueError) as err:
        raise NoAnswer(f"the key does not sign with {algorithm}") from err
