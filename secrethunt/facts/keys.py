# SPDX-License-Identifier: Apache-2.0
"""
What private keys say: kind, size, whether a passphrase protects them, and the fingerprint of the public key where that
can be read without arithmetic on curves. The fingerprint joins a key to deploy keys and authorized_keys.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence

from secrethunt.facts.der import content, members
from secrethunt.facts.reading import Fact, base64_bytes, json_object, shown

_BEGIN = re.compile(rb"-----BEGIN (?P<kind>[A-Z0-9 ]{0,24}(?i:PRIVATE KEY)(?: BLOCK)?)-----")
_ESCAPES = re.compile(rb"\\[nrt]|[\"'][ \t]{0,8}\+")
"""Line ends as source code writes them; a plus between two quotes joins them and is no base64."""
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_HEADERS = re.compile(rb"(?:Proc-Type|DEK-Info):[^\n\\]*(?:\\n|\n)?")
_RSA_OID = bytes.fromhex("2a864886f70d010101")
_CURVES = {
    bytes.fromhex("2a8648ce3d030107"): ("nistp256", "EC P-256"),
    bytes.fromhex("2b81040022"): ("nistp384", "EC P-384"),
    bytes.fromhex("2b81040023"): ("nistp521", "EC P-521"),
    bytes.fromhex("2b8104000a"): ("", "EC secp256k1"),
}
"""Curves by object identifier (RFC 5480, SEC 2): their name in SSH, if any, and to people."""
_ALGORITHMS = {bytes.fromhex("2b6570"): "Ed25519", bytes.fromhex("2b656e"): "X25519", bytes.fromhex("2b6571"): "Ed448"}
"""RFC 8410."""


def private_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """A key in PEM: PKCS #1 (RFC 8017), SEC 1 (RFC 5915), PKCS #8 (RFC 5208), OpenSSH (PROTOCOL.key)."""
    begin = _BEGIN.search(value)
    if begin is None:
        return
    label = begin.group("kind").decode().upper()
    if "PGP" in label:
        return
    is_locked = "ENCRYPTED" in label or b"Proc-Type: 4,ENCRYPTED" in value[: begin.end() + 80]
    body = _HEADERS.sub(b"", _ESCAPES.sub(b"\n", value[begin.end() :]).partition(b"-----END")[0])
    data = base64_bytes(_NO_BASE64.sub(b"", body))
    if data.startswith(b"openssh-key-v1\0"):
        yield from _openssh(data)
        return
    yield "encrypted", "yes" if is_locked else "no"
    if not is_locked:
        yield from _der(data)


def base64_private_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """A key in PEM that was encoded once more."""
    yield from private_key(base64_bytes(value), b"")


def putty(value: bytes, _text: bytes) -> Iterator[Fact]:
    """PuTTY's own format, whose public part is in clear (PuTTY manual, appendix C)."""
    header = re.match(
        rb"PuTTY-User-Key-File-\d: (\S{1,40})\r?\nEncryption: (\S{1,20})\r?\nComment: ([^\r\n]{0,200})", value
    )
    if header is None:
        return
    yield "encrypted", "no" if header.group(2) == b"none" else "yes"
    if header.group(3):
        yield "comment", shown(header.group(3))
    public = re.search(rb"Public-Lines: \d{1,3}\r?\n((?:[A-Za-z0-9+/=]{1,64}\r?\n){1,100})", value)
    if public:
        yield "fingerprint", _fingerprint(base64_bytes(re.sub(rb"\s", b"", public.group(1))))


def jwk(_value: bytes, text: bytes) -> Iterator[Fact]:
    """What stands before the private member of a JSON Web Key (RFC 7517), if the match holds it."""
    for name in ("kty", "crv", "kid", "alg"):
        if isinstance(found := json_object(text).get(name), str):
            yield name, shown(found)


def _openssh(data: bytes) -> Iterator[Fact]:
    fields, _ = _strings(data, 15, 3)
    if len(fields) < 3:
        return
    yield "encrypted", "no" if fields[0] == b"none" else "yes"
    at = 15 + sum(4 + len(field) for field in fields) + 4
    public, _ = _strings(data, at, 1)
    if public:
        names, _ = _strings(public[0], 0, 1)
        if names:
            yield "algorithm", shown(names[0])
        yield "fingerprint", _fingerprint(public[0])


def _strings(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """*count* strings with their lengths in front (RFC 4251, section 5), fewer where the data ends."""
    found = []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            break
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found, at


def _der(data: bytes) -> Iterator[Fact]:
    fields = members(content(data))
    if len(fields) >= 9 and all(tag == 2 for tag, _ in fields[:9]):
        yield from _rsa(fields[1][1], fields[2][1])
    elif len(fields) >= 3 and [tag for tag, _ in fields[:3]] == [2, 0x30, 4]:
        yield from _pkcs8(members(fields[1][1]), fields[2][1])
    elif len(fields) >= 2 and [tag for tag, _ in fields[:2]] == [2, 4]:
        yield from _ec(fields, b"")


def _pkcs8(algorithm: Sequence[tuple[int, bytes]], key: bytes) -> Iterator[Fact]:
    if not algorithm:
        return
    identifier = algorithm[0][1]
    if identifier == _RSA_OID:
        yield from _der(key)
    elif identifier in _ALGORITHMS:
        yield "algorithm", _ALGORITHMS[identifier]
    elif len(algorithm) > 1:
        yield from _ec(members(content(key)), algorithm[1][1])


def _rsa(modulus: bytes, exponent: bytes) -> Iterator[Fact]:
    bits = int.from_bytes(modulus, "big").bit_length()
    yield "algorithm", f"RSA {bits}"
    yield "fingerprint", _fingerprint(_ssh(b"ssh-rsa", exponent, modulus))


def _ec(fields: Sequence[tuple[int, bytes]], curve: bytes) -> Iterator[Fact]:
    for tag, held in fields:
        inner = members(held) if tag in (0xA0, 0xA1) else []
        if tag == 0xA0 and inner:
            curve = inner[0][1]
    if curve not in _CURVES:
        return
    ssh_name, name = _CURVES[curve]
    yield "algorithm", name
    for tag, held in fields:
        inner = members(held) if tag == 0xA1 else []
        if inner and ssh_name:
            point = inner[0][1][1:]
            yield "fingerprint", _fingerprint(_ssh(f"ecdsa-sha2-{ssh_name}".encode(), ssh_name.encode(), point))


def _ssh(*strings: bytes) -> bytes:
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


def _fingerprint(public: bytes) -> str:
    """As `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).rstrip(b"=").decode()
