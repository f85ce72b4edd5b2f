# SPDX-License-Identifier: Apache-2.0
"""Servers that waste time or memory, break off, or are somebody else: the client gives up within its bounds."""

from __future__ import annotations

import datetime
import gzip
import itertools
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import trustme

from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import Bounds, Pace
from tests.online.conftest import Connect, ServeReplies, ServeScript
from tests.online.servers import NAME, Authority, Reply, Server, ask, raw_server

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SHORT = Bounds(connect_s=2.0, read_s=0.4, total_s=0.6, max_body=100_000, max_headers=20_000)
ROOMY = Bounds(total_s=30.0, max_body=SHORT.max_body, max_headers=SHORT.max_headers)
"""For what ends by itself, however busy the machine is."""


def drip(start: bytes, pieces: Iterator[bytes], every_s: float = 0.05) -> Callable[[socket.socket], None]:
    """Send *start*, then a piece now and then for ever."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every_s)

    return script


def flood(start: bytes, pieces: Iterator[bytes]) -> Callable[[socket.socket], None]:
    """As `drip`, as fast as it goes."""
    return drip(start, pieces, 0.0)


DRIPS = {
    "status-line": (b"HTTP/1.1 2", itertools.repeat(b"0")),
    "header-name": (OK, itertools.repeat(b"x")),
    "header-lines": (OK, (f"X-{i}: y\r\n".encode() for i in itertools.count())),
    "continue-for-ever": (b"", itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "body-of-known-length": (OK + b"Content-Length: 5000\r\n\r\n", itertools.repeat(b" ")),
    "body-until-close": (OK + b"\r\n", itertools.repeat(b" ")),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"1\r\n \r\n")),
    "chunk-size": (OK + b"Transfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"0")),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", itertools.repeat(b"X: y\r\n")),
    "gzip": (OK + b"Content-Encoding: gzip\r\n\r\n", itertools.repeat(b"\x1f\x8b")),
}


@pytest.mark.parametrize("name", DRIPS)
def test_slow_drip_ends_at_the_total_time(serve_raw: ServeScript, connect: Connect, name: str) -> None:
    start, pieces = DRIPS[name]
    server = serve_raw(drip(start, pieces))
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"within 0\.6 s|fell silent|larger than"):
        connect(bounds=SHORT).send(ask(f"https://{NAME}:{server.port}/"))
    assert time.monotonic() - began < 5.0


FLOODS = {
    "body-until-close": (OK + b"\r\n", itertools.repeat(b" " * 65536)),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"1000\r\n" + b" " * 4096 + b"\r\n")),
    "chunk-size": (OK + b"Transfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"0" * 65536)),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", itertools.repeat(b"X: y\r\n" * 1000)),
    "header-value": (OK + b"X: ", itertools.repeat(b"x" * 65536)),
    "header-lines": (OK, itertools.repeat(b"X: " + b"y" * 1000 + b"\r\n")),
    "huge-claim": (OK + b"Content-Length: 99999999999999\r\n\r\n", itertools.repeat(b" " * 65536)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood_ends_at_the_size_limit(serve_raw: ServeScript, connect: Connect, name: str) -> None:
    start, pieces = FLOODS[name]
    server = serve_raw(flood(start, pieces))
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"larger than|broke, or fell silent|within 0\.6 s"):
        connect(bounds=SHORT).send(ask(f"https://{NAME}:{server.port}/"))
    assert time.monotonic() - began < 5.0


def test_memory_stays_bounded_under_a_flood() -> None:
    """In a process of its own, so that its peak is that of the floods alone."""
    program = (
        "import resource\n"
        "from tests.online.servers import ask, make_client, raw_server\n"
        "from tests.online.test_hostile import FLOODS, SHORT, flood\n"
        "from secrethunt.online.contract import NoAnswer\n"
        "import secrethunt.online.transport\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for start, pieces in FLOODS.values():\n"
        "    with raw_server(flood(start, pieces)) as server:\n"
        "        base = f'http://localhost:{server.port}'\n"
        "        with make_client(endpoints={'acme': base}, bounds=SHORT) as client:\n"
        "            try: client.send(ask('https://api.acme.com/', provider='acme'))\n"
        "            except NoAnswer: pass\n"
        "            else: raise SystemExit('an answer')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "" == done.stderr
    assert int(done.stdout) < 24 << 10


@pytest.mark.parametrize("size", [100_000, 100_001, 50_000_000])
def test_body_up_to_the_limit_is_read(serve: ServeReplies, connect: Connect, size: int) -> None:
    server, client = serve(Reply(200, {}, b" " * size)), connect(bounds=ROOMY)
    if size <= SHORT.max_body:
        assert size == len(client.send(ask(server.url())).body)
    else:
        with pytest.raises(NoAnswer, match="the answer is larger than 100000 bytes"):
            client.send(ask(server.url()))


def test_a_redirects_body_is_bounded_too(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(302, {"Location": "https://evil.example/"}, b" " * 50_000_000))
    with pytest.raises(NoAnswer, match="the answer is larger than 100000 bytes"):
        connect(bounds=ROOMY).send(ask(server.url()))


BOMB = gzip.compress(bytes(200_000_000), 9)
"""Some 200 KB."""


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(bytes(5_000_000)), "larger than 100000"),
        ("gzip", BOMB, "larger than 100000"),
        ("deflate", zlib.compress(bytes(5_000_000)), "larger than 100000"),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(5_000_000))), "content coding was not asked for"),
        ("br", b"\x0b\x02\x80abc\x03", "content coding was not asked for"),
        ("zstd", b"\x28\xb5\x2f\xfd", "content coding was not asked for"),
        ("gzip", b"no gzip at all", "body is damaged"),
        ("gzip", gzip.compress(b"{}" * 99)[:-12], "body is cut off"),
    ],
    ids=["gzip", "gzip-200-mb", "deflate", "gzip-twice", "brotli", "zstandard", "no-gzip", "gzip-cut-off"],
)
def test_bombs_and_unasked_codings_give_no_answer(
    serve: ServeReplies, connect: Connect, coding: str, body: bytes, reason: str
) -> None:
    server = serve(Reply(200, {"Content-Encoding": coding}, body))
    with pytest.raises(NoAnswer, match=reason):
        connect(bounds=ROOMY).send(ask(server.url()))


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "deflate raw", "identity", "GZIP"])
def test_usual_codings_are_undone(serve: ServeReplies, connect: Connect, coding: str) -> None:
    text = b'{"login": "ann"}' * 50
    raw = zlib.compressobj(wbits=-15)
    bodies = {"deflate": zlib.compress(text), "deflate raw": raw.compress(text) + raw.flush(), "identity": text}
    server = serve(Reply(200, {"Content-Encoding": coding.split()[0]}, bodies.get(coding, gzip.compress(text))))
    assert text == connect(bounds=ROOMY).send(ask(server.url())).body


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(connection, ssl.SSLSocket):
        socket.socket(fileno=connection.detach()).close()


BROKEN = {
    "reset": _reset,
    "closed-at-once": lambda connection: None,
    "half-closed": lambda connection: connection.shutdown(socket.SHUT_WR),
    "half-a-body": lambda connection: connection.sendall(OK + b'Content-Length: 40\r\n\r\n{"login": "a'),
    "half-a-chunk": lambda connection: connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "no-last-chunk": lambda connection: connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "another-protocol": lambda connection: connection.sendall(b"220 mail.acme.com ESMTP\r\n"),
    "bad-chunk": lambda connection: connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "bad-length": lambda connection: connection.sendall(OK + b"Content-Length: 1, 2\r\n\r\n{}"),
    "bad-status": lambda connection: connection.sendall(b"HTTP/1.1 9999 ?\r\n\r\n"),
    "binary": lambda connection: connection.sendall(bytes(range(256)) * 10),
}


@pytest.mark.parametrize("name", BROKEN)
def test_connections_that_break_give_no_answer(serve_raw: ServeScript, connect: Connect, name: str) -> None:
    server = serve_raw(BROKEN[name])
    with pytest.raises(NoAnswer, match="the connection broke"):
        connect(bounds=ROOMY).send(ask(f"https://{NAME}:{server.port}/"))


def test_an_answer_cut_off_in_its_header_has_no_body(serve_raw: ServeScript, connect: Connect) -> None:
    server = serve_raw(lambda connection: connection.sendall(OK))
    assert b"" == connect(bounds=ROOMY).send(ask(f"https://{NAME}:{server.port}/")).body


def test_lost_requests_are_repeated_only_where_that_does_no_harm(serve_raw: ServeScript, connect: Connect) -> None:
    server = serve_raw(_reset)
    client = connect(pace=Pace(rate_per_s=1000.0, retries=1))
    for method, times in (("POST", 1), ("GET", 3)):
        with pytest.raises(NoAnswer, match="the connection broke"):
            client.send(ask(f"https://{NAME}:{server.port}/", method=method))
        assert times == server.requests


def test_a_connection_closed_while_idle_is_no_failure(connect: Connect, stack: ExitStack, authority: Authority) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    server = stack.enter_context(raw_server(script, authority.context()))
    client = connect()
    for _ in range(3):
        assert b"{}" == client.send(ask(f"https://{NAME}:{server.port}/", method="POST")).body
        time.sleep(0.05)
    assert 3 == server.requests


def test_wrong_content_type_is_the_judges_business(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(200, {"Content-Type": "image/png"}, b"\x89PNG"))
    answer = connect().send(ask(server.url()))
    assert ("image/png", b"\x89PNG") == (answer.headers["content-type"], answer.body)


@pytest.fixture
def stranger() -> trustme.CA:
    """An authority that nobody trusts."""
    return trustme.CA()


def _strangers(authority: Authority, stranger: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stranger.issue_cert(NAME).configure_cert(context)
    return context


def _expired(authority: Authority, stranger: trustme.CA) -> ssl.SSLContext:
    return authority.context(NAME, not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))


def _future(authority: Authority, stranger: trustme.CA) -> ssl.SSLContext:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)
    return authority.context(NAME, not_before=later, not_after=later + datetime.timedelta(days=1))


def _old_protocol(authority: Authority, stranger: trustme.CA) -> ssl.SSLContext:
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


TLS: dict[str, tuple[Callable[[Authority, trustme.CA], ssl.SSLContext], str]] = {
    "other-name": (lambda authority, _: authority.context("other.com"), "the certificate is for another name"),
    "name-inside-other": (lambda authority, _: authority.context("api.acme.com.evil.com"), "for another name"),
    "wildcard-too-deep": (lambda authority, _: authority.context("*.com"), "for another name"),
    "common-name-only": (
        lambda authority, _: authority.context("other.com", common_name=NAME),
        "the certificate is for another name",
    ),
    "expired": (_expired, "the certificate has expired"),
    "not-yet": (_future, "the certificate is not valid yet"),
    "unknown-authority": (_strangers, "the certificate's authority is not trusted"),
    "tls-1.1": (_old_protocol, "the handshake failed"),
}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("name", TLS)
def test_tls_that_proves_nothing_is_no_answer(
    connect: Connect, authority: Authority, stranger: trustme.CA, name: str
) -> None:
    make, reason = TLS[name]
    with Server().running(make(authority, stranger)) as server, pytest.raises(NoAnswer, match=f"TLS: .*{reason}"):
        connect(pace=Pace(rate_per_s=1000.0, retries=2)).send(ask(server.url(), headers={"Authorization": "Bearer x"}))
    assert [] == server.seen
    assert 1 == server.connections


def test_tls_signed_by_itself_is_no_answer(connect: Connect, tmp_path: object, authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = trustme.CA()
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    with Server().running(context) as server, pytest.raises(NoAnswer, match="TLS: the certificate is signed by itself"):
        connect().send(ask(server.url()))
    assert [] == server.seen


def test_plain_http_where_tls_is_due_is_no_answer(connect: Connect) -> None:
    with Server().running() as server, pytest.raises(NoAnswer, match="TLS: the handshake failed"):
        connect().send(ask(server.url()))
    assert [] == server.seen


def test_tls_handshake_that_drips_ends_in_time(connect: Connect) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                for byte in itertools.cycle(b"\x16\x03\x03\x40\x00"):
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    began = time.monotonic()
    with listener, pytest.raises(NoAnswer):
        connect(bounds=SHORT).send(ask(f"https://{NAME}:{listener.getsockname()[1]}/"))
    assert time.monotonic() - began < 5.0
    thread.join(5)


def test_no_connection_or_descriptor_is_left_behind(serve_raw: ServeScript, connect: Connect) -> None:
    import os

    server = serve_raw(lambda connection: connection.sendall(OK + b"Content-Length: 40\r\n\r\n{"))
    client = connect(bounds=ROOMY, pace=Pace(rate_per_s=1000.0, retries=0, breaker_failures=1000))
    counts = []
    for _ in range(6):
        for _ in range(5):
            with pytest.raises(NoAnswer):
                client.send(ask(f"https://{NAME}:{server.port}/"))
        time.sleep(0.05)
        counts.append(len(os.listdir("/proc/self/fd")))
    assert max(counts) - min(counts) < 5
