# SPDX-License-Identifier: Apache-2.0
"""Owns the client's half of a SCRAM exchange (RFC 5802, RFC 7677), without channel binding."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

from secrethunt.online.contract import NoAnswer

_MOST_ITERATIONS = 1_000_000
"""A server may ask for any number: this many take half a second."""


class Scram:
    """One exchange: `first`, then `final` with the server's first message, then `confirm` with its last."""

    def __init__(self, digest: str, user: str, password: bytes) -> None:
        """
        Args:
            digest: `sha1`, `sha256` or `sha512`.
            user: As whom.
            password: As the mechanism wants it, prepared.
        """
        self._digest = digest
        self._password = password
        self._nonce = secrets.token_urlsafe(18)
        name = user.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}".encode()
        self._signature = b""

    def first(self) -> bytes:
        """What the client says first."""
        return b"n,," + self._bare

    def final(self, challenge: bytes) -> bytes:
        """
        The proof, made of the server's first message.

        Raises:
            NoAnswer: The message is not as the RFC has it.
        """
        try:
            fields = dict(field.split(b"=", 1) for field in challenge.split(b","))
            salt, count = base64.b64decode(fields[b"s"], validate=True), int(fields[b"i"])
            nonce = fields[b"r"]
        except (KeyError, ValueError, binascii.Error) as err:
            raise NoAnswer("the SCRAM exchange failed") from err
        if not nonce.startswith(self._nonce.encode()) or not 0 < count <= _MOST_ITERATIONS:
            raise NoAnswer("the SCRAM exchange failed")
        salted = hashlib.pbkdf2_hmac(self._digest, self._password, salt, count)
        client = self._mac(salted, b"Client Key")
        without_proof = b"c=biws,r=" + nonce
        message = b",".join((self._bare, challenge, without_proof))
        signed = self._mac(hashlib.new(self._digest, client).digest(), message)
        self._signature = self._mac(self._mac(salted, b"Server Key"), message)
        proof = bytes(left ^ right for left, right in zip(client, signed, strict=True))
        return without_proof + b",p=" + base64.b64encode(proof)

    def confirm(self, last: bytes) -> None:
        """
        The server knows the password as well.

        Raises:
            NoAnswer: It does not.
        """
        if not hmac.compare_digest(last, b"v=" + base64.b64encode(self._signature)):
            raise NoAnswer("the server does not prove that it knows the password")

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._digest)


def prepared(password: str) -> bytes:
    """
    *password* by SASLprep (RFC 4013).

    Raises:
        NoAnswer: It holds characters that such passwords cannot have.
    """
    if password.isascii():
        return password.encode()
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
    )
    text = unicodedata.normalize("NFKC", mapped)
    prohibited = (
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    if any(test(char) for char in text for test in prohibited):
        raise NoAnswer("the password holds characters that no password of this server has")
    return text.encode()
