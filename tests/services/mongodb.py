# SPDX-License-Identifier: Apache-2.0
"""
A server that speaks as much of MongoDB's protocol as a login needs. No MongoDB is in Debian, on PyPI or on npm, so this
one stands in for it; SCRAM is scramp's, and PyMongo itself must be able to log in here (`test_mongodb.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import socketserver
import struct
import threading
from collections.abc import Iterator
from typing import Any

import bson
import scramp

from tests.services.databases import password

_OP_MSG = 2013


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.user = ""
        while head := self.rfile.read(16):
            size, request, _, code = struct.unpack("<iiii", head)
            body = self.rfile.read(size - 16)
            if code != _OP_MSG:
                return
            answer = self._answer(bson.decode(body[5:]))
            data = b"\0\0\0\0\0" + bson.encode(answer)
            self.wfile.write(struct.pack("<iiii", 16 + len(data), 1, request, _OP_MSG) + data)

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(command))
        if name in ("hello", "isMaster", "ismaster"):
            return self._greeting(command)
        if name == "saslStart":
            return self._start(command)
        if name == "saslContinue":
            return self._continue(command)
        if name == "connectionStatus":
            users = [{"user": self.user, "db": "admin"}] if self.user else []
            roles = [{"role": "readWrite", "db": "shop"}] if self.user else []
            return {"authInfo": {"authenticatedUsers": users, "authenticatedUserRoles": roles}, "ok": 1.0}
        if name in ("ping", "endSessions"):
            return {"ok": 1.0} if self.user else {"ok": 0.0, "code": 13, "codeName": "Unauthorized"}
        return {"ok": 0.0, "code": 59, "codeName": "CommandNotFound"}

    def _greeting(self, command: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {"ismaster": True, "isWritablePrimary": True}
        if "saslSupportedMechs" in command:
            answer["saslSupportedMechs"] = self.server.mechanisms
        return answer | {
            "maxWireVersion": 17,
            "minWireVersion": 0,
            "maxBsonObjectSize": 16777216,
            "maxMessageSizeBytes": 48000000,
            "ok": 1.0,
        }

    def _start(self, command: dict[str, Any]) -> dict[str, Any]:
        mechanism = scramp.ScramMechanism(command["mechanism"])
        self.exchange = mechanism.make_server(lambda user: self.server.known(mechanism, user))
        try:
            self.exchange.set_client_first(command["payload"].decode())
        except (scramp.ScramException, KeyError):
            return _FAILED
        first = self.exchange.get_server_first().encode()
        return {"conversationId": 1, "done": False, "payload": first, "ok": 1.0}

    def _continue(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            self.exchange.set_client_final(command["payload"].decode())
        except scramp.ScramException:
            return _FAILED
        self.user = "app"
        return {"conversationId": 1, "done": True, "payload": self.exchange.get_server_final().encode(), "ok": 1.0}


_FAILED = {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mechanisms: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.mechanisms = mechanisms
        self.word = password()

    def known(self, mechanism: scramp.ScramMechanism, user: str) -> tuple[bytes, bytes, bytes, int]:
        """What the server keeps of the password of `app`."""
        if user != "app":
            raise KeyError(user)
        word = self.word
        if mechanism.name == "SCRAM-SHA-1":
            word = hashlib.md5(f"app:mongo:{word}".encode()).hexdigest()
        kept: tuple[bytes, bytes, bytes, int] = mechanism.make_auth_info(word, iteration_count=4096)
        return kept


@contextlib.contextmanager
def mongodb(*mechanisms: str) -> Iterator[tuple[int, str]]:
    """The stand-in with the user `app`: its port and that user's password."""
    with _Server(list(mechanisms)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1], server.word
        finally:
            server.shutdown()
            thread.join()
