# SPDX-License-Identifier: Apache-2.0
"""
The checksums of Microsoft's keys: Marvin32 over what stands before them, seeded by the kind of key.

Facts from Microsoft's own open library, github.com/microsoft/security-utilities (`IdentifiableSecrets`,
`IdentifiableMetadata`, `Marvin`), the algorithm also from github.com/microsoft/SymCrypt (`lib/marvin32.c`).
"""

from __future__ import annotations

import base64
import binascii

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ENTRA_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
_WORD = 0xFFFFFFFF


def _seed(kind: str) -> int:
    """A seed is the name of a kind of key in eight ASCII characters."""
    return int.from_bytes(kind.encode("ascii"), "big")


_MESSAGING = tuple(_seed(kind) for kind in ("Send0000", "Manage00", "Listen00", "Unknown0", "System00"))
_SEEDS: dict[bytes, tuple[int, ...]] = {
    b"+ASt": (_seed("Default0"),),
    b"AZEG": (_seed("Default0"),),
    b"+ASb": _MESSAGING,
    b"+AEh": _MESSAGING,
    b"+ARm": _MESSAGING,
    b"+ABa": (_seed("AbAcct00"),),
    b"AzFu": (_seed("Master00"), _seed("System00"), _seed("Functi00")),
    b"ACDb": tuple(
        _seed(kind) for kind in ("MastRO00", "MastRW00", "SysAll00", "Resour00", "SystRO00", "SystRW00", "Encryp00")
    ),
    b"AzCa": (_seed("Access00"),),
    b"AzSe": (_seed("Query000"), _seed("PAdmin00")),
    b"+AMC": (_seed("Classic0"),),
    b"+ACR": (_seed("ACRDflt0"),),
    b"AIoT": (_seed("IoTHub00"), _seed("DpsKey00"), _seed("Device00")),
    b"APIM": (_seed("Tenant00"), _seed("IoTHub00"), _seed("Gateway0"), _seed("GitKey00")),
}
"""Seeds by the four characters before the checksum that name the service."""
_ANNOTATED_SEED = _seed("Default0")
_ENTRA_SEED = _seed("AadPwd00")


def marvin32(data: bytes, seed: int) -> int:
    """Marvin32 of *data*, its two 32-bit halves as one number."""
    low, high = seed & _WORD, seed >> 32
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 4)
    for start in range(0, len(padded), 4):
        low = (low + int.from_bytes(padded[start : start + 4], "little")) & _WORD
        low, high = _mix(low, high)
    low, high = _mix(low, high)
    return high << 32 | low


def _mix(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = (_rotate(low, 20) + high) & _WORD
    high = _rotate(high, 9) ^ low
    low = (_rotate(low, 27) + high) & _WORD
    return low, _rotate(high, 19)


def _rotate(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & _WORD


def _folded(data: bytes, seed: int) -> int:
    digest = marvin32(data, seed)
    return (digest >> 32) ^ (digest & _WORD)


def verify_identifiable(value: bytes) -> bool | None:
    """Keys that end in a service's four characters and six of checksum, in base64 of either alphabet."""
    seeds = _SEEDS.get(_signature(value))
    if seeds is None:
        return None
    decoded = _decoded(value)
    if any(decoded[-4:] == _folded(decoded[:-4], seed).to_bytes(4, "little") for seed in seeds):
        return True
    # Of keys for the cache, symbols were replaced by letters for a time, after the checksum was made.
    return None if _signature(value) == b"AzCa" else False


def complete_identifiable(value: bytes) -> bytes:
    """*value* with the checksum of the first kind of key of its service."""
    seeds = _SEEDS.get(_signature(value))
    decoded = _decoded(value)
    if seeds is None or len(decoded) < 8:
        return value
    body = decoded[:-4]
    encoded = base64.b64encode(body + _folded(body, seeds[0]).to_bytes(4, "little"))
    if _signature(value) == b"AzFu":
        # Function keys stand in URLs, and so in base64url.
        encoded = encoded.replace(b"+", b"-").replace(b"/", b"_")
    return encoded if value.endswith(b"=") else encoded.rstrip(b"=")


def _signature(value: bytes) -> bytes:
    return value.rstrip(b"=")[-10:-6]


def _decoded(value: bytes) -> bytes:
    plain = value.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def verify_annotated(value: bytes) -> bool | None:
    """Common annotated security keys: 80 characters of base64, then four or (with `==`) six of checksum."""
    if value[52:56] != b"JQQJ" or len(value) not in (84, 88):
        return None
    body = _decoded(value[:80])
    if len(body) != 60:
        return False
    checksum = _folded(body, _ANNOTATED_SEED).to_bytes(4, "little")
    return value[80:] in (_as_base62(checksum)[: len(value) - 80], base64.b64encode(checksum)[: len(value) - 80])


def complete_annotated(value: bytes) -> bytes:
    """*value*, if it has the format's mark, with the right checksum."""
    body = _decoded(value[:80])
    if value[52:56] != b"JQQJ" or len(body) != 60:
        return value
    return value[:80] + _as_base62(_folded(body, _ANNOTATED_SEED).to_bytes(4, "little"))[: len(value) - 80]


def _as_base62(checksum: bytes) -> bytes:
    """Six digits in base62, zeros behind, of which base64 then keeps the 32 bits that a checksum has."""
    number, digits = int.from_bytes(checksum, "big"), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return base64.b64encode(base64.b64decode(digits.ljust(6, "0") + "=="))


def verify_entra(value: bytes) -> bool | None:
    """Client secrets of Entra with `8Q~`: three characters of checksum at the end; older ones have none."""
    return value[-3:] == _entra_checksum(value[:-3]) if value[3:6] == b"8Q~" else None


def complete_entra(value: bytes) -> bytes:
    """*value* with the right checksum, if it is of the generation that has one."""
    return value[:-3] + _entra_checksum(value[:-3]) if value[3:6] == b"8Q~" else value


def _entra_checksum(body: bytes) -> bytes:
    number, digits = _folded(body, _ENTRA_SEED), ""
    while number:
        number, digit = divmod(number, len(_ENTRA_ALPHABET))
        digits = _ENTRA_ALPHABET[digit] + digits
    return digits.rjust(6, _ENTRA_ALPHABET[0])[:3].encode()
