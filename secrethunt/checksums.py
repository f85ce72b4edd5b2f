# SPDX-License-Identifier: Apache-2.0
"""
Checks that a credential carries inside itself: checksums and internal structure.

Each entry verifies a value and, for the sample generator, completes one that has the right shape. A checksum that fits
raises confidence; one that does not lowers it, because a provider may change its format before we learn of it. Where
the *structure* itself does not fit (a "JWT" that does not decode), the value is something else and confidence is low.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from secrethunt import azure_keys

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Checksum:
    """One algorithm."""

    verify: Callable[[bytes], bool | None]
    """Whether a value fits; None where it is of a generation that carries no checksum."""
    complete: Callable[[bytes], bytes]
    """A value of the right shape, made to verify."""
    is_structural: bool = False


def _digits(number: int, alphabet: str, width: int) -> bytes:
    digits = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits.rjust(width, alphabet[0]).encode()


def _crc32_base62(value: bytes) -> tuple[bytes, bytes]:
    """Body and expected last six characters: CRC-32 of what stands between the prefix and them, in base62."""
    body = value[:-6]
    payload = body.partition(b"_")[2] or body
    return body, _digits(zlib.crc32(payload), _BASE62, 6)


def _verify_crc32_base62(value: bytes) -> bool:
    body, expected = _crc32_base62(value)
    return value == body + expected


def _complete_crc32_base62(value: bytes) -> bytes:
    body, expected = _crc32_base62(value)
    return body + expected


def _verify_crc32_hex(value: bytes) -> bool:
    body, _, check = value.rpartition(b"_")
    return check.lower() == b"%08x" % zlib.crc32(body)


def _complete_crc32_hex(value: bytes) -> bytes:
    body = value.rpartition(b"_")[0]
    return body + b"_%08x" % zlib.crc32(body)


def _verify_crc32_hex_of_body(value: bytes) -> bool:
    body, _, check = value.rpartition(b"_")
    return check.lower() == b"%08x" % zlib.crc32(body.rpartition(b"_")[2])


def _complete_crc32_hex_of_body(value: bytes) -> bytes:
    body = value.rpartition(b"_")[0]
    return body + b"_%08x" % zlib.crc32(body.rpartition(b"_")[2])


def _crc32_base64(value: bytes) -> bytes:
    """Four characters of prefix, a body, and as six characters of base64 the body's CRC-32, low byte first."""
    return base64.b64encode(zlib.crc32(value[4:-6]).to_bytes(4, "little")).rstrip(b"=")


def _verify_crc32_base64(value: bytes) -> bool:
    return value[-6:] == _crc32_base64(value)


def _complete_crc32_base64(value: bytes) -> bytes:
    return value[:-6] + _crc32_base64(value)


def _verify_crc32_hex_after_equals(value: bytes) -> bool | None:
    body, equals, check = value.rpartition(b"=")
    return check == b"%08X" % zlib.crc32(body + equals) if equals and len(check) == 8 else None


def _complete_crc32_hex_after_equals(value: bytes) -> bytes:
    body = value.partition(b"=")[0] + b"="
    return body + b"%08X" % zlib.crc32(body)


def _gitlab_routable(value: bytes) -> tuple[bytes, bytes]:
    body = value[:-7]
    return body, _digits(zlib.crc32(body), _BASE36, 7)


def _verify_gitlab_routable(value: bytes) -> bool:
    body, expected = _gitlab_routable(value)
    return value == body + expected


def _complete_gitlab_routable(value: bytes) -> bytes:
    """The two characters before the CRC hold the payload's length in base36."""
    head, _, tail = value.rpartition(b".")
    payload = head.partition(b".")[0].partition(b"-")[2]
    body = head + b"." + _digits(len(payload), _BASE36, 2)
    return body + _digits(zlib.crc32(body), _BASE36, 7) if len(tail) == 9 else value


def decode_base64url(part: bytes) -> bytes | None:
    """Unpadded base64url (RFC 4648 section 5), or None where it is none."""
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


_SIGNATURES = {"HS256": 43, "HS384": 64, "HS512": 86}
"""Characters that a signature has at least; a token without it opens nothing."""


def _verify_jwt(value: bytes) -> bool:
    """RFC 7519: two base64url JSON objects, the first with `alg`; an HMAC signature (RFC 7518) is not cut off."""
    objects = [decode_base64url(part) for part in value.split(b".")[:2]]
    try:
        header, claims = (json.loads(part) if part is not None else None for part in objects)
    except (ValueError, RecursionError):
        # Brackets nested a thousand deep are cheap to write into a token.
        return False
    if not (isinstance(header, dict) and "alg" in header and isinstance(claims, dict)):
        return False
    return len(value.split(b".")[-1]) >= _SIGNATURES.get(str(header["alg"]), 0)


def _complete_jwt(value: bytes) -> bytes:
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": value[-12:-2].hex(), "iat": 1700000000}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = base64.urlsafe_b64encode(value.rjust(32, b"0")[-32:]).rstrip(b"=")
    return b".".join([*parts, signature])


def _verify_basic_auth(value: bytes) -> bool | None:
    """
    RFC 7617: base64 of `user:password`, printable, with a password of some length; its last digit may be cut off.
    Google's registries take a key file for a password (https://cloud.google.com/artifact-registry/docs/docker/authentication):
    that is told by what is in it.
    """
    if len(value) % 4 == 1:
        value = value[:-1]
    try:
        decoded = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    user, colon, password = decoded.partition(b":")
    if user == b"_json_key" and b'"private_key"' in password:
        return None
    return bool(colon) and len(password) >= 3 and decoded.isascii() and decoded.decode("ascii").isprintable()


def _complete_basic_auth(value: bytes) -> bytes:
    return base64.b64encode(b"deploy:" + value.rjust(12, b"k")[-12:])


def _verify_pypi(value: bytes) -> bool:
    """A version-2 macaroon whose location is pypi.org or test.pypi.org (https://pypi.org/help/#apitoken)."""
    decoded = decode_base64url(value.partition(b"-")[2].rstrip(b"="))
    return decoded is not None and decoded.startswith((b"\x02\x01\x08pypi.org", b"\x02\x01\x0dtest.pypi.org"))


def _complete_pypi(value: bytes) -> bytes:
    is_test = value.startswith(b"pypi-AgEN")
    location = b"\x02\x01\x0dtest.pypi.org\x02" if is_test else b"\x02\x01\x08pypi.org\x02"
    return b"pypi-" + base64.urlsafe_b64encode(location + value[-99:].rjust(99, b"x")).rstrip(b"=")


CHECKSUMS: dict[str, Checksum] = {
    # GitHub: "Behind GitHub's new authentication token formats" (2021); npm and Vercel took the same scheme.
    "crc32-base62": Checksum(_verify_crc32_base62, _complete_crc32_base62),
    # Grafana service account tokens: pkg/components/satokengen, CRC-32 of all before the last underscore, in hex.
    "crc32-hex": Checksum(_verify_crc32_hex, _complete_crc32_hex),
    # Zuplo: zuplo.com/docs/articles/api-key-best-practices has the form, mongodb/kingfisher's zuplo.yml the algorithm.
    "crc32-hex-of-body": Checksum(_verify_crc32_hex_of_body, _complete_crc32_hex_of_body),
    # Confluent: docs.confluent.io, cloud/current/client-apps/api-keys.html, "API secret format", with an example.
    "crc32-base64": Checksum(_verify_crc32_base64, _complete_crc32_base64),
    # Atlassian API tokens: CRC-32 of all before it, the equals sign too; told from published tokens that are revoked.
    "crc32-hex-after-equals": Checksum(_verify_crc32_hex_after_equals, _complete_crc32_hex_after_equals),
    "azure-identifiable": Checksum(azure_keys.verify_identifiable, azure_keys.complete_identifiable),
    "azure-annotated": Checksum(azure_keys.verify_annotated, azure_keys.complete_annotated),
    "azure-entra": Checksum(azure_keys.verify_entra, azure_keys.complete_entra),
    # GitLab "routable tokens": handbook, architecture design document "Cells: routable tokens".
    "gitlab-routable": Checksum(_verify_gitlab_routable, _complete_gitlab_routable),
    "jwt": Checksum(_verify_jwt, _complete_jwt, is_structural=True),
    "basic-auth": Checksum(_verify_basic_auth, _complete_basic_auth, is_structural=True),
    "pypi-macaroon": Checksum(_verify_pypi, _complete_pypi),
}
"""Algorithms by the name that rules use."""
