# SPDX-License-Identifier: Apache-2.0
"""
Tricks that would take a request to where it must not go. A trap listens on loopback; nothing may ever connect to it.

The resolver sends every name to the trap, as a hostile zone would, so a name that gets past the syntax is still caught
by its address. Each trick has its own test id. The first tests show that the trap catches whoever is let through.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

import dnslib
import dnslib.server
import pytest

from secrethunt.online.contract import HostOrigin, NoAnswer, Request
from tests.online.conftest import Connect, ServeReplies
from tests.online.servers import Authority, Reply, Server, ask, local_resolver, make_client


class Trap:
    """Accepts connections on one port of 127.0.0.1 and ::1, and counts them."""

    def __init__(self) -> None:
        self.caught = 0
        self._listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._listeners[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.caught += 1
                connection.close()

    def close(self) -> None:
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    try:
        yield made
    finally:
        made.close()


def assert_refused(trap: Trap, request: Request, **options: object) -> str:
    """*request* ends without a connection; the reason."""
    with make_client(**{"allow_private": (), "allow_found_hosts": True, **options}) as client:
        with pytest.raises(NoAnswer) as caught:
            client.send(request)
        assert 0 == client.sent
    assert 0 == trap.caught
    return caught.value.reason


def found(host: str, port: int, path: str = "/") -> Request:
    """A request to a host that the scanned text names, port and all."""
    return Request("GET", f"https://{host}:{port}{path}", "GET https://{{host}}:{{port}}/", origin=HostOrigin.FOUND)


def test_the_trap_catches_who_may_go_there(trap: Trap) -> None:
    with make_client(allow_found_hosts=True) as client, pytest.raises(NoAnswer):
        client.send(found("127.0.0.1", trap.port))
    assert 1 == trap.caught


def test_the_trap_catches_whoever_resolves_there(trap: Trap) -> None:
    with make_client(allow_found_hosts=True) as client, pytest.raises(NoAnswer):
        client.send(found("db.evil.com", trap.port))
    assert 1 == trap.caught


HOSTS = {
    "loopback": "127.0.0.1",
    "loopback-other": "127.8.9.10",
    "loopback-name": "localhost",
    "loopback-name-upper": "LOCALHOST",
    "loopback-name-dot": "localhost.",
    "loopback-subname": "x.localhost",
    "loopback-domain": "localhost.localdomain",
    "wildcard-dns": "127.0.0.1.nip.io",
    "short-two": "127.1",
    "short-three": "127.0.1",
    "one-number": "2130706433",
    "one-number-hex": "0x7f000001",
    "one-number-hex-upper": "0X7F000001",
    "one-number-octal": "017700000001",
    "one-number-overflow": "4294967297",
    "octal-parts": "0177.0.0.01",
    "octal-zeros": "0000127.0.0.1",
    "hex-parts": "0x7f.0x0.0x0.0x1",
    "mixed-parts": "0x7f.0.0.01",
    "hex-empty": "0x",
    "dot-after-address": "127.0.0.1.",
    "dot-after-number": "2130706433.",
    "zero": "0.0.0.0",
    "zero-short": "0",
    "zero-padded-v6": "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "v6-loopback": "[::1]",
    "v6-unspecified": "[::]",
    "v6-mapped": "[::ffff:127.0.0.1]",
    "v6-mapped-hex": "[::ffff:7f00:1]",
    "v6-compatible": "[::127.0.0.1]",
    "v6-translated": "[::ffff:0:127.0.0.1]",
    "v6-nat64": "[64:ff9b::127.0.0.1]",
    "v6-nat64-local": "[64:ff9b:1::127.0.0.1]",
    "v6-6to4": "[2002:7f00:1::]",
    "v6-teredo": "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "v6-isatap": "[2001:4860:4860::5efe:7f00:1]",
    "v6-zone": "[fe80::1%25lo]",
    "v6-zone-loopback": "[::1%25lo]",
    "v6-link-local": "[fe80::1]",
    "v6-site-local": "[fec0::1]",
    "v6-unique-local": "[fd12:3456::1]",
    "v6-multicast": "[ff02::1]",
    "v6-documentation": "[2001:db8::1]",
    "v6-discard": "[100::1]",
    "v6-future": "[v1.x]",
    "v6-without-brackets": "::1",
    "v6-inner-name": "[localhost]",
    "private-10": "10.0.0.1",
    "private-172": "172.16.0.1",
    "private-192": "192.168.1.1",
    "carrier": "100.64.0.1",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "metadata-number": "2852039166",
    "metadata-hex": "0xa9fea9fe",
    "metadata-octal": "0251.0376.0251.0376",
    "metadata-mapped": "[::ffff:169.254.169.254]",
    "metadata-v6": "[fd00:ec2::254]",
    "metadata-google-v6": "[fd20:ce::254]",
    "metadata-alibaba": "100.100.100.200",
    "metadata-ecs": "169.254.170.2",
    "metadata-azure": "168.63.129.16",
    "metadata-name": "metadata.google.internal",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "benchmark": "198.18.0.1",
    "documentation": "192.0.2.1",
    "ietf": "192.0.0.8",
    "relay": "192.88.99.1",
    "user-info": "api.acme.com@127.0.0.1",
    "user-info-password": "api.acme.com:443@127.0.0.1",
    "user-info-encoded": "api.acme.com%40127.0.0.1",
    "user-info-twice": "a@api.acme.com@127.0.0.1",
    "backslash": "127.0.0.1\\@api.acme.com",
    "backslash-alone": "127.0.0.1\\.acme.com",
    "fragment": "127.0.0.1#.acme.com",
    "encoded-dot": "127%2e0%2e0%2e1",
    "encoded-letters": "%6c%6f%63%61%6c%68%6f%73%74",
    "encoded-null": "127.0.0.1%00.acme.com",
    "null": "127.0.0.1\0.acme.com",
    "tab": "127.0.0.1\t.acme.com",
    "newline": "127.0.0.1\n.acme.com",
    "request-splitting": "127.0.0.1 HTTP/1.1\r\nX: y\r\n",
    "space": "127.0.0.1 .acme.com",
    "circled-digits": "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "full-width": "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "ideographic-dots": "127\u30020\u30020\u30021",
    "letters-beyond-ascii": "\u24dbocalhost",
    "soft-hyphen": "local\u00adhost",
    "homograph": "\u0430cme.com",
    "punycode": "xn--cme-5cd.com",
    "punycode-inside": "api.xn--cme-5cd.com",
    "dot-at-end": "api.acme.com.",
    "dot-at-start": ".acme.com",
    "dots": "api..acme.com",
    "empty": "",
    "hyphen-first": "-api.acme.com",
    "long-label": "a" * 64 + ".acme.com",
    "long-name": ".".join(["a" * 60] * 5),
    "comma": "127.0.0.1,api.acme.com",
    "two-ports": "127.0.0.1:80",
    "port-in-words": "127.0.0.1:http",
}


@pytest.mark.parametrize("trick", HOSTS)
def test_found_host_does_not_lead_inside(trap: Trap, trick: str) -> None:
    reason = assert_refused(trap, found(HOSTS[trick], trap.port))
    assert all(len(part) < 4 or part not in reason for part in HOSTS[trick].split("."))


@pytest.mark.parametrize("trick", HOSTS)
def test_wire_protocols_get_no_address_inside(trap: Trap, trick: str) -> None:
    with make_client(allow_private=(), allow_found_hosts=True) as client, pytest.raises(NoAnswer):
        client.reach(HOSTS[trick], trap.port, HostOrigin.FOUND)


VALUES = {
    "slash": "127.0.0.1/",
    "question-mark": "127.0.0.1?",
    "fragment": "127.0.0.1#",
    "backslash": "127.0.0.1\\",
    "user-info": "x@127.0.0.1/",
    "user-info-before": "evil.com@",
    "port": "evil.com:8443/",
    "port-of-domain": "evil.com:8443",
    "encoded-slash": "evil.com%2f",
    "encoded-question-mark": "evil.com%3f",
    "newline": "evil.com\n",
    "carriage-return": "evil.com\r\nHost: evil.com\r\n\r\n",
    "space": "evil.com ",
    "null": "evil.com\0",
    "tab": "evil\t",
    "empty": "",
    "dot": ".",
    "dots": "a..b",
    "dot-before": ".evil",
    "too-many-labels": "a.b.c.d",
    "punycode": "xn--80ak6aa92e",
    "homograph": "\u0430cme",
    "full-width-slash": "evil.com\uff0f",
    "full-width-dot": "evil\uff0ecom",
    "fraction-slash": "evil.com\u2044",
    "account-of": "evil.com\u2100",
    "brackets": "[::1]",
    "variable": "{{host}}",
    "wildcard": "*",
    "semicolon": "evil.com;",
    "comma": "evil.com,",
    "long": "a" * 64,
}


@pytest.mark.parametrize("trick", VALUES)
def test_value_does_not_leave_its_label(trap: Trap, trick: str) -> None:
    url = f"https://{VALUES[trick]}.acme.com:{trap.port}/v1/me"
    request = Request("GET", url, f"GET https://{{{{tenant}}}}.acme.com:{trap.port}/v1/me")
    assert_refused(trap, request)
    assert_refused(trap, request, allow_private=("127.0.0.0/8",))


@pytest.mark.parametrize("tenant", ["acme-1", "a.b", "a.b.c", "Acme", "my_team"])
def test_value_that_is_a_label_gets_through(serve: ServeReplies, connect: Connect, tenant: str) -> None:
    server = serve()
    request = Request(
        "GET", f"https://{tenant}.acme.com:{server.port}/", f"GET https://{{{{tenant}}}}.acme.com:{server.port}/"
    )
    with pytest.raises(NoAnswer, match="the certificate is for another name"):
        connect().send(request)
    assert 1 == server.connections


LEFT = {
    "other-host": ("https://evil.com/v1", "GET https://api.acme.com/v1"),
    "suffix": ("https://api.acme.com.evil.com/v1", "GET https://api.acme.com/v1"),
    "prefix": ("https://evilapi.acme.com/v1", "GET https://api.acme.com/v1"),
    "glued": ("https://evil-acme.com/v1", "GET https://{{tenant}}.acme.com/v1"),
    "domain-itself": ("https://acme.com/v1", "GET https://{{tenant}}.acme.com/v1"),
    "regex-dot": ("https://api.acmexcom/v1", "GET https://api.acme.com/v1"),
    "other-port": ("https://api.acme.com:8443/v1", "GET https://api.acme.com/v1"),
    "plain-http": ("http://api.acme.com/v1", "GET https://api.acme.com/v1"),
    "plain-http-port": ("http://api.acme.com:443/v1", "GET https://api.acme.com/v1"),
    "middle": ("https://sts.evil.com/.amazonaws.com/", "POST https://sts.{{region}}.amazonaws.com/"),
    "plain-http-of-the-rule": ("http://api.acme.com/v1", "GET http://api.acme.com/v1"),
    "address": ("https://127.0.0.1/v1", "GET https://127.0.0.1/v1"),
    "no-domain": ("https://localhost/v1", "GET https://localhost/v1"),
    "no-label": ("https://api.acme.com/v1", "login"),
    "other-scheme": ("ftp://api.acme.com/v1", "GET ftp://api.acme.com/v1"),
    "file": ("file:///etc/passwd", "GET file:///etc/passwd"),
    "gopher": ("gopher://127.0.0.1:6379/_FLUSHALL", "GET gopher://127.0.0.1:6379/"),
    "no-scheme": ("//api.acme.com/v1", "GET https://api.acme.com/v1"),
    "one-slash": ("https:/api.acme.com/v1", "GET https://api.acme.com/v1"),
    "upper-case-scheme": ("HTTPS://api.acme.com/v1", "GET https://api.acme.com/v1"),
    "leading-space": (" https://api.acme.com/v1", "GET https://api.acme.com/v1"),
    "dot-segment": ("https://api.acme.com/v1/../admin", "GET https://api.acme.com/v1/{{account}}"),
    "dot-segment-encoded": ("https://api.acme.com/v1/%2e%2E/admin", "GET https://api.acme.com/v1/{{account}}"),
    "dot-segment-last": ("https://api.acme.com/v1/..", "GET https://api.acme.com/v1/{{account}}"),
    "port-zero": ("https://api.acme.com:0/v1", "GET https://api.acme.com/v1"),
    "port-high": ("https://api.acme.com:70000/v1", "GET https://api.acme.com/v1"),
    "port-padded": ("https://api.acme.com:0443/v1", "GET https://api.acme.com/v1"),
    "port-empty": ("https://api.acme.com:/v1", "GET https://api.acme.com/v1"),
    "port-other-digits": ("https://api.acme.com:\uff14\uff14\uff13/v1", "GET https://api.acme.com/v1"),
}


@pytest.mark.parametrize("trick", LEFT)
def test_url_does_not_leave_what_its_rule_names(trap: Trap, trick: str) -> None:
    url, label = LEFT[trick]
    assert_refused(trap, Request("GET", url, label), allow_private=("127.0.0.0/8",))


def test_found_host_does_not_choose_a_port_that_its_rule_does_not_leave_open(trap: Trap) -> None:
    request = Request("GET", f"https://db.acme.com:{trap.port}/", "GET https://{{host}}/", origin=HostOrigin.FOUND)
    reason = assert_refused(trap, request, allow_private=("127.0.0.0/8",))
    assert "the URL left the port or scheme that its rule names" == reason


ANSWERS = {
    "loopback": ["127.0.0.1"],
    "loopback-v6": ["::1"],
    "private": ["10.1.2.3"],
    "metadata": ["169.254.169.254"],
    "metadata-v6": ["fd00:ec2::254"],
    "mapped": ["::ffff:127.0.0.1"],
    "nat64": ["64:ff9b::7f00:1"],
    "unspecified": ["0.0.0.0"],
    "unspecified-v6": ["::"],
    "one-of-two": ["93.184.215.14", "127.0.0.1"],
    "one-of-two-first": ["127.0.0.1", "93.184.215.14"],
    "one-of-two-families": ["93.184.215.14", "::1"],
    "zone": ["fe80::1%lo"],
    "odd-spelling": ["127.1"],
    "no-address": ["localhost"],
    "nothing": [],
}


@pytest.mark.parametrize("trick", ANSWERS)
@pytest.mark.parametrize("origin", [HostOrigin.RULE, HostOrigin.FOUND])
def test_name_that_resolves_inside_is_not_asked(trap: Trap, trick: str, origin: HostOrigin) -> None:
    request = ask(f"https://api.acme.com:{trap.port}/", origin=origin)
    assert_refused(trap, request, resolver=lambda name: ANSWERS[trick])


@pytest.mark.parametrize("allowed", ["169.254.0.0/16", "0.0.0.0/0", "fd00::/8", "::/0"])
def test_a_whole_network_allowed_does_not_open_metadata_services(trap: Trap, allowed: str) -> None:
    for address in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"):
        reason = assert_refused(
            trap,
            ask(f"https://api.acme.com:{trap.port}/"),
            resolver=lambda name, address=address: [address],
            allow_private=(allowed,),
        )
        assert reason.startswith("the host is at ")


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", "::"])
def test_the_users_endpoint_does_not_open_what_nobody_means(trap: Trap, address: str) -> None:
    assert_refused(
        trap,
        ask("https://api.acme.com/", provider="acme"),
        endpoints={"acme": f"http://intern.example:{trap.port}"},
        resolver=lambda name: [address],
    )


def test_the_users_endpoint_opens_its_own_host_and_port_only(trap: Trap) -> None:
    with Server().running() as server:
        for host, port in (("localhost", trap.port), ("other.example", server.port), ("127.0.0.1", server.port)):
            request = Request("GET", f"http://{host}:{port}/", "GET http://x", origin=HostOrigin.USER)
            assert_refused(trap, request, endpoints={"acme": f"http://localhost:{server.port}"})
        assert 0 == server.connections


@pytest.mark.parametrize("hops", [1, 3])
def test_redirects_lead_nowhere(trap: Trap, serve: ServeReplies, connect: Connect, hops: int) -> None:
    places = [f"http://127.0.0.1:{trap.port}/", "http://169.254.169.254/latest/", "//localhost/", "file:///etc/passwd"]
    chain = [serve(Reply(302, {"Location": place})) for place in places[:hops]]
    client = connect()
    for place in places:
        server = serve(Reply(307, {"Location": place, "Refresh": f"0; url={place}", "Alt-Svc": 'h2="localhost:1"'}))
        assert 307 == client.send(ask(server.url(), headers={"Authorization": "Bearer x"})).status
    for server in chain:
        assert 302 == client.send(ask(server.url())).status
    assert 0 == trap.caught


class Rebinding(dnslib.server.BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """A name server whose answer to the first question for a name is one address, and to all later ones another."""

    def __init__(self, first: str, later: str) -> None:
        self.first, self.later = first, later
        self.questions = 0

    def resolve(self, request: dnslib.DNSRecord, handler: object) -> dnslib.DNSRecord:
        self.questions += 1
        reply = request.reply()
        address = self.first if self.questions == 1 else self.later
        reply.add_answer(dnslib.RR(request.q.qname, rdata=dnslib.A(address), ttl=0))
        return reply


@contextlib.contextmanager
def name_server(resolver: Rebinding) -> Iterator[Sequence[object]]:
    """*resolver* behind a UDP socket; a resolver that asks it."""
    server = dnslib.server.DNSServer(resolver, address="127.0.0.1", port=0, logger=dnslib.server.DNSLogger("-all"))
    server.start_thread()
    port = server.server.server_address[1]

    def look_up(name: str) -> list[str]:
        answer = dnslib.DNSRecord.question(name).send("127.0.0.1", port, timeout=5)
        return [str(record.rdata) for record in dnslib.DNSRecord.parse(answer).rr]

    try:
        yield [look_up]
    finally:
        server.stop()
        server.server.server_close()


def test_rebinding_after_the_check_changes_nothing(authority: Authority) -> None:
    """The name is at an allowed address when it is checked, and at the trap's whenever somebody asks again."""
    good = Server(address="127.0.0.2")
    trap = Server(address="127.0.0.1")
    trap_port = good.port
    resolver = Rebinding("127.0.0.2", "127.0.0.1")
    with contextlib.ExitStack() as stack:
        stack.enter_context(good.running(authority.context()))
        same_port = stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", trap_port))))
        same_port.settimeout(0.2)
        (look_up,) = stack.enter_context(name_server(resolver))
        for _ in range(2):
            client = stack.enter_context(
                make_client(resolver=look_up, allow_private=("127.0.0.2",), ca_file=authority.file)
            )
            if resolver.questions == 0:
                for _ in range(3):
                    assert 200 == client.send(ask(good.url())).status
                assert "127.0.0.2" == client.reach("api.acme.com", 5432, HostOrigin.RULE).ip
                assert 1 == resolver.questions
            else:
                # A new run asks again, and then the check sees the new address.
                with pytest.raises(NoAnswer, match="the host is at a loopback address"):
                    client.send(ask(good.url()))
        with pytest.raises(TimeoutError):
            same_port.accept()
    trap._http.server_close()
    assert 3 == len(good.seen)


def test_the_system_resolver_is_not_asked_when_connecting(
    serve: ServeReplies, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a second resolution")

    server, client = serve(), connect(resolver=local_resolver)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    assert 200 == client.send(ask(server.url())).status


def test_there_are_enough_tricks() -> None:
    assert 40 <= len(HOSTS) and 150 <= len(HOSTS) + len(VALUES) + len(LEFT) + len(ANSWERS)
