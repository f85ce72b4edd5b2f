# SPDX-License-Identifier: Apache-2.0
"""A provider on loopback that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FIREWALL_PAGE = (
    b"<html><head><title>Access denied</title></head><body>Your request was blocked by policy.</body></html>"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """*value* as `application/json`."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


def xml_reply(status: int, body: str, headers: Mapping[str, str] | None = None) -> Reply:
    """*body* as `application/xml`."""
    return Reply(status, body.encode(), {"Content-Type": "application/xml", **(headers or {})})


DISTURBANCES: Mapping[str, Reply] = {
    "firewall 403": Reply(403, FIREWALL_PAGE, {"Content-Type": "text/html"}),
    "firewall 401": Reply(401, FIREWALL_PAGE, {"Content-Type": "text/html"}),
    "portal 200": Reply(200, FIREWALL_PAGE, {"Content-Type": "text/html"}),
    "empty 200": Reply(200),
    "no content": Reply(204),
    "json that is another's": json_reply(200, {"status": "ok", "id": 1, "data": [], "error": None}),
    "list": json_reply(200, []),
    "xml that is another's": xml_reply(200, "<ok/>"),
    "proxy's json 403": json_reply(403, {"error": "blocked by policy", "message": "Forbidden"}),
    "proxy's json 401": json_reply(401, {"error": "proxy authentication required"}),
    "redirect": Reply(302, b"", {"Location": "https://login.example.net/"}),
    "bad request": Reply(400, b"bad request", {"Content-Type": "text/plain"}),
    "not found": Reply(404, b"<html>404</html>", {"Content-Type": "text/html"}),
    "too many requests": json_reply(429, {"message": "slow down"}, {"Retry-After": "1"}),
    "error 500": Reply(500, b"oops", {"Content-Type": "text/plain"}),
    "error 503": json_reply(503, {"message": "unavailable"}),
    "garbage": Reply(200, b"\x00\xff\xfe{<" * 40, {"Content-Type": "application/json"}),
    "half a json": Reply(200, b'{"id": 1, "name": "', {"Content-Type": "application/json"}),
    "half an xml": Reply(200, b"<ListAllMyBucketsResult><Owner>", {"Content-Type": "application/xml"}),
}
"""Answers that prove nothing, whatever was asked."""


class Provider:
    """Answers with *reply*, a `Reply` or a function of what was asked."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[Asked], Reply] = Reply(404)
        self.asked: list[Asked] = []
        self.url = ""

    def answer(self, asked: Asked) -> Reply:
        """What goes back."""
        self.asked.append(asked)
        return self.reply(asked) if callable(self.reply) else self.reply


@contextmanager
def serve() -> Iterator[Provider]:
    """A provider on a free port of 127.0.0.1, for as long as the block runs."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = provider.answer(Asked(self.command, self.path, headers, body))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD" and reply.status != 204:
                self.wfile.write(reply.body)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _any

        def log_message(self, *_arguments: object) -> None:
            """Nothing: what was asked holds secrets."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
