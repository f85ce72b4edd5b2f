# SPDX-License-Identifier: Apache-2.0
"""
Owns the way of a request: where it may go, its turn, its repetition. The `Session` that checks are given.

    with Client(OnlineOptions()) as client:
        answer = client.send(request)

Nothing is imported for it, resolved or opened before the first request. `cancel` may be called from any thread:
everybody who waits or reads gets `NoAnswer` at once.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from secrethunt.online.contract import Address, Answer, HostOrigin, NoAnswer, Request
from secrethunt.online.names import Names
from secrethunt.online.options import OnlineOptions
from secrethunt.online.pacing import Pacer, Place
from secrethunt.online.repeat import Lost, asked_pause_s, back_off_s, is_healthy, is_limited, may_repeat
from secrethunt.online.targets import Target, check_host, check_label, check_port, parse_literal, parse_target

if TYPE_CHECKING:
    from secrethunt.online.transport import Transport

_METHOD: Final = re.compile(r"[A-Z]{3,10}")
_FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
_CONNECTION_FIELDS: Final = frozenset(
    ("connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)
_HTTPS_PORTS: Final = {"http": 80, "https": 443}


class Client:
    """Asks providers, within all guards. Safe for threads."""

    def __init__(self, options: OnlineOptions) -> None:
        self._options = options
        self._names = Names(options)
        self._pacer = Pacer(options.pace)
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._is_cancelled = False
        self._users_places = {(target.scheme, target.host, target.port) for target in options.targets.values()}

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sent(self) -> int:
        """Requests sent so far, repeated ones and connections of wire protocols included."""
        return self._pacer.sent

    @property
    def ca_file(self) -> str:
        """PEM file with authorities that wire protocols trust besides the usual ones; empty where there is none."""
        return self._options.ca_file

    def send(self, request: Request) -> Answer:
        """
        The answer to *request*: any status, redirects too. Waits for its host's turn; repeats what may be repeated.

        Raises:
            NoAnswer: There is none.
            ConfigError: The file of authorities cannot be read.
        """
        self._refuse_offline()
        target, origin = self._target(request)
        headers = self._headers(request)
        addresses, is_proxied = self._addresses(target, origin)
        transport = self._started()
        place = (target.host, target.port)

        def exchange() -> Answer | Lost:
            with self._pacer.turn(place) as turn:
                try:
                    answer = transport.exchange(
                        request,
                        target,
                        headers,
                        addresses,
                        is_proxied=is_proxied,
                        sending=lambda: self._pacer.sending(place, turn),
                    )
                except Lost as lost:
                    turn.health = False if lost.is_hosts else None
                    return lost
                turn.health = is_healthy(answer)
                return answer

        outcome = self._repeat(request, place, exchange)
        if self._is_cancelled:
            raise NoAnswer("cancelled")
        if isinstance(outcome, Lost):
            raise outcome.with_traceback(None) from None
        return outcome

    def reach(self, host: str, port: int, origin: HostOrigin) -> Address:
        """
        A checked address for a wire protocol's own library, counted and paced like a request.

        Raises:
            NoAnswer: The host may not be asked, or is not known.
        """
        self._refuse_offline()
        check_port(port)
        name = check_host(host, origin)
        self._refuse_found(origin)
        is_users = origin is HostOrigin.USER and any(name == known for _, known, _ in self._users_places)
        address = self._names.addresses(name, is_users_host=is_users)[0]
        with self._pacer.turn((name, port)):
            return Address(name, address, port)

    def services(self, service: str, domain: str, origin: HostOrigin) -> list[tuple[str, int]]:
        """
        Host and port of the servers that *domain* names for *service* (`_mongodb._tcp`), best first. None of them is
        checked yet: `reach` does that.

        Raises:
            NoAnswer: There are none, or the domain may not be asked for.
        """
        self._refuse_offline()
        name = check_host(domain, origin)
        self._refuse_found(origin)
        if parse_literal(name) is not None:
            raise NoAnswer("an address has no servers")
        with self._pacer.turn((name, 53)):
            return list(self._options.services(f"{service}.{name}"))

    def endpoint(self, provider: str) -> str | None:
        """Base URL (no slash at its end) that the user gave for *provider*."""
        target = self._options.targets.get(provider)
        return None if target is None else target.base

    def cancel(self) -> None:
        """End everything under way and all that comes after with `NoAnswer`."""
        self._is_cancelled = True
        self._pacer.cancel()
        self._names.cancel()
        transport = self._transport
        if transport is not None:
            transport.cancel()

    def close(self) -> None:
        """Cancel, and close all connections."""
        self.cancel()
        with self._lock:
            if self._transport is not None:
                self._transport.close()

    def _refuse_offline(self) -> None:
        if self._options.offline:
            raise NoAnswer("offline: nothing is sent")
        if self._is_cancelled:
            raise NoAnswer("cancelled")

    def _refuse_found(self, origin: HostOrigin) -> None:
        if origin is HostOrigin.FOUND and not self._options.allow_found_hosts:
            raise NoAnswer("only the scanned text names the host (--allow-found-hosts)")

    def _target(self, request: Request) -> tuple[Target, HostOrigin]:
        """Where *request* goes, and who says so."""
        base = self._options.targets.get(request.provider)
        if base is not None:
            return _moved(parse_target(request.url, HostOrigin.USER), base), HostOrigin.USER
        target = parse_target(request.url, request.origin)
        self._refuse_found(request.origin)
        check_label(target, request.label, request.origin)
        is_users = request.origin is HostOrigin.USER and self._is_users(target)
        if target.scheme != "https" and not is_users:
            raise NoAnswer("only hosts given with --endpoint are asked without TLS")
        return target, request.origin

    def _is_users(self, target: Target) -> bool:
        return (target.scheme, target.host, target.port) in self._users_places

    def _headers(self, request: Request) -> Mapping[str, str]:
        if not _METHOD.fullmatch(request.method):
            raise NoAnswer("the request's method is malformed")
        for name, value in request.headers.items():
            if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
                raise NoAnswer("a header field would hold a character that header fields cannot have")
            if name.lower() in _CONNECTION_FIELDS or name.lower().startswith("proxy-"):
                raise NoAnswer(f"a request does not set the header field {name.lower()}")
        if any(name.lower() == "user-agent" for name in request.headers):
            return request.headers
        return {"User-Agent": self._options.user_agent, **request.headers}

    def _addresses(self, target: Target, origin: HostOrigin) -> tuple[Mapping[tuple[str, int], tuple[str, ...]], bool]:
        """Checked addresses of what is connected to, and whether that is the proxy."""
        is_users = origin is HostOrigin.USER and self._is_users(target)
        if not self._options.proxy:
            return {(target.host, target.port): self._names.addresses(target.host, is_users_host=is_users)}, False
        return self._proxied(target, origin, is_users)

    def _proxied(
        self, target: Target, origin: HostOrigin, is_users: bool
    ) -> tuple[Mapping[tuple[str, int], tuple[str, ...]], bool]:
        """As `_addresses`; the proxy resolves names again, so what only the scanned text names is not trusted to it."""
        if origin is HostOrigin.FOUND:
            raise NoAnswer("hosts that only the scanned text names are not asked through a proxy")
        parts = urlsplit(self._options.proxy)
        host, port = parts.hostname or "", parts.port or _HTTPS_PORTS[parts.scheme]
        try:
            addresses = self._names.addresses(target.host, is_users_host=is_users)
        except NoAnswer as error:
            # Behind a proxy the outer world's names are often not known inside; then the proxy is the guard.
            if error.reason.startswith("the host is at "):
                raise
        else:
            if is_users and self._is_inside(addresses):
                return {(target.host, target.port): addresses}, False
        return {(host, port): self._names.unguarded(host)}, True

    def _is_inside(self, addresses: tuple[str, ...]) -> bool:
        """Addresses that are not public: the user's own network, which no proxy leads to."""
        return any(not ipaddress.ip_address(address).is_global for address in addresses)

    def _started(self) -> Transport:
        with self._lock:
            if self._transport is None:
                from secrethunt.online.transport import Transport

                self._transport = Transport(self._options)
            return self._transport

    def _repeat(self, request: Request, place: Place, exchange: Callable[[], Answer | Lost]) -> Answer | Lost:
        """The outcome of *exchange*, repeated while that may help; the last one where there is no other turn."""
        outcome = exchange()
        for attempt in range(self._options.pace.retries):
            pause_s = back_off_s(attempt)
            if isinstance(outcome, Answer) and (is_limited(outcome) or is_healthy(outcome) is False):
                # For everybody: whoever asks the same host meanwhile would only make it worse.
                self._pacer.hold(place, asked_pause_s(outcome) or pause_s)
            if not may_repeat(request, outcome):
                break
            try:
                self._pacer.pause(pause_s)
                outcome = exchange()
            except NoAnswer:
                break
        return outcome


def _moved(target: Target, base: Target) -> Target:
    """*target* at the user's base URL, unless whoever built it already put it there."""
    if (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port):
        prefix = base.path.rstrip("/")
        if target.path == prefix or target.path.startswith(f"{prefix}/"):
            return target
    return replace(target, scheme=base.scheme, host=base.host, port=base.port, path=base.path.rstrip("/") + target.path)
