# SPDX-License-Identifier: Apache-2.0
"""Real servers on loopback: one answers as it is told and remembers what it was asked, one speaks raw bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from secrethunt.online.client import Client
from secrethunt.online.contract import HostOrigin, Request
from secrethunt.online.options import Bounds, OnlineOptions, Pace

NAME = "api.acme.com"
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    """`time.monotonic` when its header had arrived."""
    client_port: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server says to one request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    delay_s: float = 0.0


Answering = Callable[[Seen], Reply]


class Server:
    """An HTTP server; answers each request with the next of its replies, the last one for ever."""

    def __init__(self, *replies: Reply, answer: Answering | None = None, address: str = "127.0.0.1") -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self._replies = replies or (Reply(),)
        self._answer = answer or self._next
        self._lock = threading.Lock()
        self._http = _Http((address, 0), self)
        self.port: int = self._http.server_address[1]

    def url(self, host: str = NAME, path: str = "/v1/me", scheme: str = "https") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def reply(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
        return self._answer(seen)

    def _next(self, seen: Seen) -> Reply:
        return self._replies[min(len(self.seen), len(self._replies)) - 1]

    @contextlib.contextmanager
    def running(self, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
        self._http.tls = tls
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join(PATIENCE_S)
            self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)
        self.server = server
        self.tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self.server.connections += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients of these tests break off on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    timeout = PATIENCE_S

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        at = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, self.rfile.read(size), at, self.client_address[1])
        reply = self.server.server.reply(seen)
        time.sleep(reply.delay_s)
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """A server that reads one request's header per connection and then does what *script* says."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    threading.Thread(target=_serve, args=(listener, script, server, tls), daemon=True).start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class RawServer:
    """What a raw server saw."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests = 0


def _serve(listener: socket.socket, script: Script, server: RawServer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_converse, args=(connection, script, server, tls), daemon=True).start()


def _converse(connection: socket.socket, script: Script, server: RawServer, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError, ValueError):
        connection.settimeout(PATIENCE_S)
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65536)
            if not piece:
                break
            got += piece
        else:
            server.requests += 1
            script(connection)
    connection.close()


class Authority:
    """Issues the certificates of one test run; its own is in `file`."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.file)

    def context(self, *names: str, **options: object) -> ssl.SSLContext:
        """For a server that is called *names*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or (NAME,)), **options).configure_cert(context)  # type: ignore[arg-type]  # passed on
        return context


def local_resolver(name: str) -> Sequence[str]:
    """Every name is this machine's."""
    return ["127.0.0.1"]


def make_client(**options: object) -> Client:
    """A client that may ask loopback by whatever name, fast and without patience, unless *options* say otherwise."""
    defaults: dict[str, object] = {
        "resolver": local_resolver,
        "allow_private": ("127.0.0.0/8",),
        "pace": Pace(rate_per_s=1000.0, retries=0),
        "bounds": Bounds(connect_s=10.0, read_s=10.0, total_s=20.0),
    }
    return Client(OnlineOptions(**{**defaults, **options}))  # type: ignore[arg-type]  # names and types are checked there


def ask(url: str, *, method: str = "GET", label: str = "", **fields: object) -> Request:
    """A request whose label is its URL up to the query, unless another is given."""
    return Request(method, url, label or f"{method} {url.partition('?')[0]}", **fields)  # type: ignore[arg-type]  # as above


def users(url: str) -> Request:
    """A request to the provider `acme`, whose endpoint the user gave."""
    return ask(url, origin=HostOrigin.USER, provider="acme")
