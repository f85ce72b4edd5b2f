# SPDX-License-Identifier: Apache-2.0
"""Nothing that a request or its answer holds gets into logs, errors, files or the environment's proxies."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import logging
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from secrethunt.errors import UsageError
from secrethunt.online.contract import Answer, HostOrigin, NoAnswer, Request
from secrethunt.online.options import OnlineOptions, Pace
from tests.online.conftest import Connect, ServeReplies, ServeScript
from tests.online.servers import Authority, Reply, Seen, Server, ask, make_client, raw_server

PLANTED = "pl4nted" + "S3cretValue"
"""Stands in the URL's path and query, in a header, in the body, and in what the servers answer."""


def planted(base: str, **fields: object) -> Request:
    """A request that holds it everywhere."""
    return ask(
        f"{base}/bot{PLANTED}/me?key={PLANTED}",
        method="POST",
        label=f"POST {base}/bot{{{{secret}}}}/me",
        headers={"Authorization": f"Bearer {PLANTED}", "X-Key": PLANTED},
        body=f"token={PLANTED}".encode(),
        is_idempotent=True,
        **fields,
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file that gets every log line there is, as `logging` and the libraries' own switches allow."""
    path = tmp_path / "debug.log"
    handler = logging.FileHandler(path)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    names = ("urllib3", "urllib3.connectionpool", "urllib3.connection", "requests", "http.client")
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield path
    finally:
        for name in names:
            logging.getLogger(name).setLevel(logging.NOTSET)
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()


def _everything(error: BaseException) -> str:
    """All that a person or a crash report could see of *error*, with what it hangs on to."""
    shown = io.StringIO()
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        shown.write("".join(traceback.format_exception(current)) + repr(current) + str(current.args))
        queue += [current.__cause__, current.__context__]
    return shown.getvalue()


FAILURES = {
    "reset": lambda connection: None,
    "bad-headers": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nX: y\r\nno colon " + PLANTED.encode() + b"\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "bad-status": lambda connection: connection.sendall(b"HTTP/1.1 abc " + PLANTED.encode() + b"\r\n\r\n"),
    "bad-length": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}"),
    "bad-chunk": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + PLANTED.encode() + b"\r\n"
    ),
    "cut-off": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + PLANTED.encode()
    ),
    "redirect": lambda connection: connection.sendall(
        b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/" + PLANTED.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    ),
    "bad-gzip": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n" + PLANTED.encode()
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_neither_logs_nor_errors_hold_it(
    serve_raw: ServeScript, connect: Connect, log: Path, failure: str, capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve_raw(FAILURES[failure])
    shown = ""
    try:
        shown = repr(
            connect(pace=Pace(rate_per_s=1000.0, retries=1)).send(planted(f"https://api.acme.com:{server.port}"))
        )
    except NoAnswer as error:
        shown = _everything(error)
    assert 1 <= server.requests
    assert PLANTED not in shown + log.read_text() + "".join(capfd.readouterr())


def test_a_failed_connection_does_not_tell_it(connect: Connect, log: Path, serve: ServeReplies) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    server = serve()
    for base in (f"https://api.acme.com:{closed}", f"https://other.com:{server.port}", "https://api.acme.com:1"):
        with pytest.raises(NoAnswer) as caught:
            connect().send(planted(base))
        assert PLANTED not in _everything(caught.value)
    assert PLANTED not in log.read_text()


def test_a_refused_request_does_not_tell_it(connect: Connect) -> None:
    for url in (
        f"https://api.acme.com/{PLANTED}\n",
        f"https://{PLANTED}@api.acme.com/",
        f"https://{PLANTED}.evil.com/",
    ):
        with pytest.raises(NoAnswer) as caught:
            connect().send(Request("GET", url, "GET https://api.acme.com/"))
        assert PLANTED.lower() not in _everything(caught.value).lower()
    with pytest.raises(NoAnswer) as caught:
        connect().send(ask("https://api.acme.com/", headers={"Authorization": f"{PLANTED}\n"}))
    assert PLANTED not in _everything(caught.value)


def test_a_success_is_not_logged_either(
    serve: ServeReplies, connect: Connect, log: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    server = serve(Reply(200, {"X-Echo": PLANTED}, PLANTED.encode()))
    answer = connect().send(planted(server.url(path="")))
    assert PLANTED.encode() == answer.body
    assert PLANTED not in repr(answer) + log.read_text() + "".join(capfd.readouterr())


def test_other_users_of_urllib3_keep_their_logs(log: Path, connect: Connect, serve: ServeReplies) -> None:
    import urllib3

    connect().send(ask(serve().url()))
    with Server().running() as plain, urllib3.PoolManager() as manager:
        assert 200 == manager.request("GET", f"http://127.0.0.1:{plain.port}/own", retries=False).status
    assert "/own" in log.read_text()


def test_records_do_not_show_it() -> None:
    request = planted("https://api.acme.com")
    answer = Answer(200, {"x": PLANTED}, PLANTED.encode())
    options = OnlineOptions(proxy=f"http://ann:{PLANTED}@proxy.example:3128")
    assert PLANTED not in repr(request) + repr(answer) + repr(options)


@pytest.mark.parametrize("proxy", ["ftp://p:{}@x", "socks5://p:{}@x", "http://", "http://p:{}@x:y", "p:{}@x"])
def test_a_bad_proxy_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(UsageError, match="the proxy is not an http or https URL") as caught:
        OnlineOptions(proxy=proxy.format(PLANTED))
    assert PLANTED not in _everything(caught.value)


def test_proxies_passwords_and_key_logs_of_the_environment_are_not_used(
    serve: ServeReplies, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Server().running() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        (tmp_path / ".netrc").write_text(f"default login ann password {PLANTED}\n")
        (tmp_path / ".netrc").chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
        monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "none.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        server = serve()
        assert 200 == connect().send(ask(server.url())).status
    assert 0 == proxy.connections
    assert "authorization" not in server.seen[0].headers
    assert not (tmp_path / "keys.log").exists()


def _tunnel(connection: socket.socket, destination: tuple[str, int]) -> None:
    """Answer CONNECT and carry bytes both ways."""
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with socket.create_connection(destination) as onward:
        back = threading.Thread(target=_carry, args=(onward, connection), daemon=True)
        back.start()
        _carry(connection, onward)
        back.join(5)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_a_configured_proxy_is_used_and_sees_only_the_name(
    serve: ServeReplies, connect: Connect, stack: ExitStack
) -> None:
    server = serve()
    proxy = stack.enter_context(raw_server(lambda connection: _tunnel(connection, ("127.0.0.1", server.port))))
    client = connect(proxy=f"http://ann:{PLANTED}@127.0.0.1:{proxy.port}")
    assert 200 == client.send(planted(server.url(path=""))).status
    assert 200 == client.send(planted(server.url(path=""))).status
    assert 1 == proxy.requests
    assert f"/bot{PLANTED}/me?key={PLANTED}" == server.seen[0].path
    assert "proxy-authorization" not in server.seen[0].headers


def test_a_proxy_decides_for_names_that_are_not_known_inside(
    serve: ServeReplies, connect: Connect, stack: ExitStack
) -> None:
    def inside(name: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    server = serve()
    proxy = stack.enter_context(raw_server(lambda connection: _tunnel(connection, ("127.0.0.1", server.port))))
    client = connect(proxy=f"http://127.0.0.1:{proxy.port}", resolver=inside)
    assert 200 == client.send(ask(server.url())).status
    with pytest.raises(NoAnswer, match="not asked through a proxy"):
        make_proxied = ask(server.url(), origin=HostOrigin.FOUND)
        connect(proxy=f"http://127.0.0.1:{proxy.port}", allow_found_hosts=True).send(make_proxied)


def test_a_proxy_does_not_open_addresses_inside(connect: Connect, stack: ExitStack) -> None:
    proxy = stack.enter_context(raw_server(lambda connection: None))
    client = connect(proxy=f"http://127.0.0.1:{proxy.port}", allow_private=())
    with pytest.raises(NoAnswer, match="the host is at a loopback address"):
        client.send(ask("https://api.acme.com/"))
    assert 0 == proxy.requests


def test_the_users_own_network_is_asked_without_the_proxy(connect: Connect) -> None:
    with Server().running() as server, Server().running() as proxy:
        client = connect(
            proxy=f"http://127.0.0.1:{proxy.port}",
            endpoints={"acme": f"http://localhost:{server.port}"},
            allow_private=(),
        )
        assert 200 == client.send(ask("https://api.acme.com/", provider="acme")).status
    assert (1, 0) == (len(server.seen), proxy.connections)


def test_a_proxy_without_tls_gets_absolute_urls_for_plain_endpoints(connect: Connect) -> None:
    with Server().running() as proxy:
        client = connect(
            proxy=f"http://127.0.0.1:{proxy.port}",
            endpoints={"acme": "http://ghe.example/api"},
            resolver=lambda name: ["93.184.215.14"],
        )
        assert 200 == client.send(ask("https://api.acme.com/me", provider="acme")).status
    assert ["http://ghe.example/api/me"] == [seen.path for seen in proxy.seen]


def test_the_process_list_and_the_environment_do_not_hold_it(tmp_path: Path, authority: Authority) -> None:
    """A process in the middle of a request, as another user of the machine sees it."""
    started = threading.Event()
    release = threading.Event()

    def answer(seen: Seen) -> Reply:
        started.set()
        release.wait(10)
        return Reply(200, {}, json.dumps({"login": "ann"}).encode())

    program = (
        "import sys\n"
        "from tests.online.servers import make_client\n"
        "from tests.online.test_secrecy import planted\n"
        "base, ca_file = sys.argv[1:]\n"
        "with make_client(ca_file=ca_file) as client: print(client.send(planted(base)))\n"
    )
    with Server(answer=answer).running(authority.context()) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", program, server.url(path=""), authority.file], stdout=subprocess.PIPE, text=True
        )
        try:
            assert started.wait(10)
            folder = Path(f"/proc/{process.pid}")
            # The secret of this test stands in a module that the program imports, not in its arguments.
            assert PLANTED.encode() not in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            assert [] == (folder / "task" / str(process.pid) / "children").read_text().split()
        finally:
            release.set()
            shown, _ = process.communicate(timeout=10)
    assert shown.startswith("Answer(status=200") and PLANTED not in shown


def test_silence_ends_with_the_exchange() -> None:
    from secrethunt.online import transport

    with Server().running() as server, make_client(endpoints={"acme": f"http://localhost:{server.port}"}) as client:
        client.send(ask("https://api.acme.com/", provider="acme"))
    assert transport._scope.exchange is None
