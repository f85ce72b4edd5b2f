# SPDX-License-Identifier: Apache-2.0
"""What the client does with answers, and when it asks again."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import threading
import time
from email.utils import formatdate

import pytest

from secrethunt.errors import ConfigError
from secrethunt.online.client import Client
from secrethunt.online.contract import Address, HostOrigin, NoAnswer
from secrethunt.online.options import Bounds, OnlineOptions, Pace
from tests.online.conftest import Connect, ServeReplies
from tests.online.servers import Reply, Seen, Server, ask, local_resolver, users

PATIENT = Pace(rate_per_s=1000.0, retries=2, max_wait_s=3.0)


def test_answer_has_status_lower_case_headers_and_body(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(200, {"X-Scopes": "read", "Content-Type": "application/json"}, b'{"login": "ann"}'))
    answer = connect().send(ask(server.url()))
    assert (200, b'{"login": "ann"}') == (answer.status, answer.body)
    assert ("read", "application/json") == (answer.headers["x-scopes"], answer.headers["content-type"])
    assert 0.0 < answer.duration_s < 10.0


def test_request_arrives_as_it_was_built(serve: ServeReplies, connect: Connect) -> None:
    server = serve()
    url = server.url(path="/v1/%7Bme%7D/a%2Fb?x=%20%2B&y=1+2")
    connect().send(ask(url, method="POST", headers={"Authorization": "Bearer x"}, body=b"a=1"))
    (seen,) = server.seen
    assert ("POST", "/v1/%7Bme%7D/a%2Fb?x=%20%2B&y=1+2", b"a=1") == (seen.method, seen.path, seen.body)
    assert f"api.acme.com:{server.port}" == seen.headers["host"]
    assert "Bearer x" == seen.headers["authorization"]
    assert "secrethunt" == seen.headers["user-agent"]
    assert {"host", "user-agent", "accept-encoding", "content-length", "authorization"} == set(seen.headers)


def test_connection_is_kept_between_requests(serve: ServeReplies, connect: Connect) -> None:
    server, client = serve(), connect()
    for _ in range(3):
        client.send(ask(server.url()))
    assert (3, 1) == (len(server.seen), server.connections)


def test_cookies_are_not_sent_back(serve: ServeReplies, connect: Connect) -> None:
    server, client = serve(Reply(200, {"Set-Cookie": "session=1; Path=/"})), connect()
    client.send(ask(server.url()))
    client.send(ask(server.url()))
    assert "cookie" not in server.seen[1].headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 500])
def test_rejections_and_failures_are_answers_and_are_not_repeated(
    serve: ServeReplies, connect: Connect, status: int
) -> None:
    page = b"<html>Access denied by firewall</html>"
    server = serve(Reply(status, {"Content-Type": "text/html"}, page))
    answer = connect(pace=PATIENT).send(ask(server.url()))
    assert (status, page, 1) == (answer.status, answer.body, len(server.seen))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_and_are_not_followed(serve: ServeReplies, connect: Connect, status: int) -> None:
    other = serve()
    server = serve(Reply(status, {"Location": other.url("api.acme.com", "/stolen")}))
    answer = connect(pace=PATIENT).send(ask(server.url(), headers={"Authorization": "Bearer x"}))
    assert (status, 1, 0) == (answer.status, len(server.seen), other.connections)


def test_retry_after_in_seconds_is_waited_for(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(429, {"Retry-After": "1"}), Reply(200))
    answer = connect(pace=PATIENT).send(ask(server.url()))
    assert (200, 2) == (answer.status, len(server.seen))
    assert 1.0 <= server.seen[1].at - server.seen[0].at < 8.0


def test_retry_after_as_a_date_is_waited_for(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(503, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}), Reply(200))
    answer = connect(pace=PATIENT).send(ask(server.url()))
    assert (200, 2) == (answer.status, len(server.seen))
    # A date has whole seconds: one to two seconds from when it was written.
    assert 0.9 <= server.seen[1].at - server.seen[0].at < 8.0


def test_retry_after_beyond_the_bound_is_the_answer_and_the_host_is_left_alone(
    serve: ServeReplies, connect: Connect
) -> None:
    server, client = serve(Reply(429, {"Retry-After": "3600"})), connect(pace=PATIENT)
    assert 429 == client.send(ask(server.url())).status
    with pytest.raises(NoAnswer, match=r"the host asked to be left alone for 3[56]00 more seconds"):
        client.send(ask(server.url()))
    assert 1 == len(server.seen)


def test_a_hold_of_one_holds_all_who_ask_the_host(serve: ServeReplies, connect: Connect) -> None:
    server, client = serve(Reply(429, {"Retry-After": "1"}), Reply(200)), connect(pace=PATIENT)
    workers = [threading.Thread(target=client.send, args=(ask(server.url()),)) for _ in range(4)]
    workers[0].start()
    while not server.seen:
        time.sleep(0.005)
    time.sleep(0.1)
    for worker in workers[1:]:
        worker.start()
    for worker in workers:
        worker.join()
    assert 5 == len(server.seen)
    assert 1.0 <= min(seen.at for seen in server.seen[1:]) - server.seen[0].at


@pytest.mark.parametrize("status", [502, 503, 504])
def test_get_is_repeated_when_the_server_cannot_take_it(serve: ServeReplies, connect: Connect, status: int) -> None:
    server = serve(Reply(status), Reply(status), Reply(200))
    assert 200 == connect(pace=PATIENT).send(ask(server.url())).status
    assert 3 == len(server.seen)


def test_the_last_answer_counts_when_repeating_did_not_help(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(503, {}, b"busy"))
    answer = connect(pace=PATIENT).send(ask(server.url()))
    assert (503, b"busy", 3) == (answer.status, answer.body, len(server.seen))


@pytest.mark.parametrize(
    ("status", "is_idempotent", "times"), [(503, False, 1), (503, True, 2), (429, False, 2), (429, True, 2)]
)
def test_post_is_repeated_only_where_that_does_no_harm(
    serve: ServeReplies, connect: Connect, status: int, is_idempotent: bool, times: int
) -> None:
    server = serve(Reply(status), Reply(200))
    connect(pace=PATIENT).send(ask(server.url(), method="POST", body=b"{}", is_idempotent=is_idempotent))
    assert times == len(server.seen)


def test_a_host_that_refuses_connections_is_tried_again_then_left_alone(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = connect(pace=Pace(rate_per_s=1000.0, retries=1, breaker_failures=2))
    url = f"https://api.acme.com:{port}/"
    with pytest.raises(NoAnswer, match="the connection was refused"):
        client.send(ask(url, method="POST", body=b"{}"))
    assert 2 == client.sent
    with pytest.raises(NoAnswer, match="the host failed 2 times in a row and is left alone for now"):
        client.send(ask(url))
    assert 2 == client.sent


def test_one_request_probes_whether_the_host_is_back(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(502), Reply(502), Reply(200))
    client = connect(pace=Pace(rate_per_s=1000.0, retries=0, breaker_failures=2, breaker_rest_s=0.3))
    assert [502, 502] == [client.send(ask(server.url())).status for _ in range(2)]
    with pytest.raises(NoAnswer, match="left alone for now"):
        client.send(ask(server.url()))
    time.sleep(0.35)
    assert [200, 200] == [client.send(ask(server.url())).status for _ in range(2)]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_answers_to_a_credential_do_not_open_the_breaker(serve: ServeReplies, connect: Connect, status: int) -> None:
    server = serve(Reply(status))
    client = connect(pace=Pace(rate_per_s=1000.0, retries=0, breaker_failures=2))
    assert [status] * 5 == [client.send(ask(server.url())).status for _ in range(5)]


def test_no_more_requests_than_allowed_are_sent(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(503), Reply(200))
    client = connect(pace=Pace(rate_per_s=1000.0, retries=2, max_requests=3))
    assert [200, 200] == [client.send(ask(server.url())).status for _ in range(2)]
    with pytest.raises(NoAnswer, match="the limit of 3 requests is used up"):
        client.send(ask(server.url()))
    assert (3, 3) == (len(server.seen), client.sent)


def test_an_answer_stands_when_no_request_is_left_to_repeat_it(serve: ServeReplies, connect: Connect) -> None:
    server = serve(Reply(503))
    assert 503 == connect(pace=Pace(rate_per_s=1000.0, max_requests=1)).send(ask(server.url())).status
    assert 1 == len(server.seen)


def test_a_host_gets_no_more_at_once_than_allowed(serve: ServeReplies, connect: Connect) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def answer(seen: Seen) -> Reply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return Reply()

    server, client = serve(answer=answer), connect(pace=Pace(rate_per_s=math.inf, per_host=3))
    workers = [threading.Thread(target=client.send, args=(ask(server.url()),)) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (3, 12) == (most, len(server.seen))
    assert server.connections <= 3


def test_requests_of_a_host_keep_its_rate(serve: ServeReplies, connect: Connect) -> None:
    server, client = serve(), connect(pace=Pace(rate_per_s=20.0, burst=2, per_host=8))
    workers = [threading.Thread(target=client.send, args=(ask(server.url()),)) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    times = sorted(seen.at for seen in server.seen)
    # Two at once, ten more at one each 50 ms.
    assert 0.5 - 0.05 <= times[-1] - times[0] < 5.0


def test_endpoint_takes_the_place_of_a_providers_hosts(connect: Connect) -> None:
    with Server().running() as server:
        base = f"http://localhost:{server.port}/api/v3"
        client = connect(endpoints={"acme": base + "/"}, allow_private=())
        assert (base, None) == (client.endpoint("acme"), client.endpoint("other"))
        client.send(ask("https://api.acme.com/v1/me?x=1", provider="acme"))
        client.send(ask("https://{}.acme.com/v1/me".format("tenant"), provider="acme"))
        client.send(users(base + "/v1/me"))
    assert ["/api/v3/v1/me?x=1", "/api/v3/v1/me", "/api/v3/v1/me"] == [seen.path for seen in server.seen]


def test_endpoint_opens_neither_plain_http_nor_private_addresses_to_others(connect: Connect) -> None:
    with Server().running() as server:
        client = connect(endpoints={"acme": f"http://localhost:{server.port}"}, allow_private=())
        with pytest.raises(NoAnswer, match="only hosts given with --endpoint are asked without TLS"):
            client.send(ask(f"http://api.other.com:{server.port}/", provider="other"))
        with pytest.raises(NoAnswer, match="the host is at a loopback address"):
            client.send(ask(f"https://api.other.com:{server.port}/", provider="other"))
        with pytest.raises(NoAnswer, match="the host is at a loopback address"):
            client.send(ask(f"https://localhost:{server.port + 1}/", origin=HostOrigin.USER))
    assert 0 == server.connections


def test_endpoint_may_be_an_ipv6_address(connect: Connect) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with Server(address="::1").running() as server:
        client = connect(endpoints={"acme": f"http://[::1]:{server.port}"}, allow_private=())
        assert 200 == client.send(ask("https://api.acme.com/v1", provider="acme")).status
    assert f"[::1]:{server.port}" == server.seen[0].headers["host"]


def test_offline_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    for name in ("socket", "getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    client = Client(OnlineOptions(offline=True, endpoints={"acme": "http://localhost:1"}, proxy="http://localhost:2"))
    for request in (ask("https://api.acme.com/"), ask("https://api.acme.com/", provider="acme")):
        with pytest.raises(NoAnswer, match="offline: nothing is sent"):
            client.send(request)
    for origin in HostOrigin:
        with pytest.raises(NoAnswer, match="offline: nothing is sent"):
            client.reach("db.acme.com", 5432, origin)
    client.close()
    assert 0 == client.sent


def test_requests_is_imported_only_when_something_is_sent() -> None:
    program = (
        "import sys; from secrethunt.online.client import Client; from secrethunt.online.options import OnlineOptions; "
        "Client(OnlineOptions(endpoints={'acme': 'http://localhost:1'})).close(); "
        "print(*sorted({'requests', 'urllib3', 'ssl', 'http.client', 'email'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "" == done.stdout.strip()


def test_reach_gives_the_checked_address_and_is_counted(connect: Connect) -> None:
    client = connect(allow_found_hosts=True, pace=Pace(rate_per_s=1000.0, max_requests=1))
    assert Address("db.acme.com", "127.0.0.1", 5432) == client.reach("DB.acme.com", 5432, HostOrigin.FOUND)
    with pytest.raises(NoAnswer, match="the limit of 1 requests is used up"):
        client.reach("db.acme.com", 5432, HostOrigin.FOUND)


def test_reach_prefers_ipv4(connect: Connect) -> None:
    client = connect(resolver=lambda name: ["::1", "127.0.0.1"], allow_private=("127.0.0.1", "::1"))
    assert "127.0.0.1" == client.reach("db.acme.com", 5432, HostOrigin.RULE).ip


def test_found_hosts_are_asked_only_when_allowed(serve: ServeReplies, connect: Connect) -> None:
    server = serve()
    request = ask(server.url("db.acme.com"), origin=HostOrigin.FOUND)
    refused = connect()
    with pytest.raises(NoAnswer, match=r"only the scanned text names the host \(--allow-found-hosts\)"):
        refused.send(request)
    with pytest.raises(NoAnswer, match=r"only the scanned text names the host \(--allow-found-hosts\)"):
        refused.reach("db.acme.com", 5432, HostOrigin.FOUND)
    assert 0 == server.connections


def test_names_that_are_not_known_have_their_reason(connect: Connect) -> None:
    def nobody(name: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(NoAnswer, match="the host's name is not known"):
        connect(resolver=nobody).send(ask("https://api.acme.com/"))


def test_a_resolver_that_hangs_is_not_waited_for(connect: Connect) -> None:
    release = threading.Event()

    def hang(name: str) -> list[str]:
        release.wait(10)
        return ["127.0.0.1"]

    client = connect(resolver=hang, bounds=Bounds(resolve_s=0.1))
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="the host's name was not resolved in time"):
        client.send(ask("https://api.acme.com/"))
    assert time.monotonic() - began < 5.0
    release.set()


def test_cancel_wakes_those_who_wait_and_those_who_read(serve: ServeReplies, connect: Connect) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Reply:
        release.wait(10)
        return Reply()

    server = serve(answer=answer)
    client = connect(pace=Pace(rate_per_s=1.0, burst=2, per_host=4), bounds=Bounds())
    reasons: list[str] = []

    def work() -> None:
        try:
            client.send(ask(server.url()))
        except NoAnswer as error:
            reasons.append(error.reason)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    while len(server.seen) < 2:
        time.sleep(0.005)
    began = time.monotonic()
    client.cancel()
    for worker in workers:
        worker.join()
    assert time.monotonic() - began < 5.0
    release.set()
    assert ["cancelled"] * 6 == reasons
    with pytest.raises(NoAnswer, match="cancelled"):
        client.send(ask(server.url()))


def test_unreadable_authorities_are_a_clear_error(connect: Connect, tmp_path: object) -> None:
    with pytest.raises(ConfigError, match="no certificates could be read from"):
        connect(ca_file=f"{tmp_path}/none.pem").send(ask("https://api.acme.com/"))


def test_names_are_resolved_once(serve: ServeReplies, connect: Connect) -> None:
    asked: list[str] = []

    def resolver(name: str) -> list[str]:
        asked.append(name)
        return list(local_resolver(name))

    server, client = serve(), connect(resolver=resolver)
    workers = [threading.Thread(target=client.send, args=(ask(server.url()),)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (["api.acme.com"], 8) == (asked, len(server.seen))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Authorization", "Bearer a\r\nX-Injected: 1", "a character that header fields cannot have"),
        ("Authorization", "Bearer a\nb", "a character that header fields cannot have"),
        ("Authorization", "Bearer é", "a character that header fields cannot have"),
        ("Author ization", "x", "a character that header fields cannot have"),
        ("Host", "evil.com", "does not set the header field host"),
        ("Transfer-Encoding", "chunked", "does not set the header field transfer-encoding"),
        ("Proxy-Authorization", "x", "does not set the header field proxy-authorization"),
    ],
)
def test_header_fields_that_would_change_the_request_are_refused(
    serve: ServeReplies, connect: Connect, name: str, value: str, reason: str
) -> None:
    server = serve()
    with pytest.raises(NoAnswer, match=reason):
        connect().send(ask(server.url(), headers={name: value}))
    assert 0 == server.connections


@pytest.mark.parametrize("method", ["get", "GET /x", "", "G" * 30])
def test_methods_that_are_none_are_refused(connect: Connect, method: str) -> None:
    with pytest.raises(NoAnswer, match="the request's method is malformed"):
        connect().send(ask("https://api.acme.com/", method=method, label="GET https://api.acme.com/"))
