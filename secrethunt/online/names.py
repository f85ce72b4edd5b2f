# SPDX-License-Identifier: Apache-2.0
"""
Owns names: each is resolved once for as long as the client lives, and only addresses that passed the guard leave here.

Whoever connects gets an address, never a name, so a name that resolves to something else later changes nothing.
"""

from __future__ import annotations

import ipaddress
import threading

from secrethunt.online.addresses import IP, refusal
from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import OnlineOptions, Resolver
from secrethunt.online.targets import parse_literal


class _Lookup:
    """One name's addresses, or why there are none; whoever comes second waits for the first."""

    def __init__(self) -> None:
        self._is_done = threading.Event()
        self._addresses: tuple[IP, ...] = ()
        self._reason = ""

    def finish(self, addresses: tuple[IP, ...], reason: str = "") -> None:
        if not self._is_done.is_set():
            self._addresses, self._reason = addresses, reason
            self._is_done.set()

    def result(self, timeout_s: float) -> tuple[IP, ...]:
        if not self._is_done.wait(timeout_s):
            self.finish((), "the host's name was not resolved in time")
        if self._reason:
            raise NoAnswer(self._reason)
        return self._addresses


class Names:
    """Checked addresses by name. Safe for threads."""

    def __init__(self, options: OnlineOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._lookups: dict[str, _Lookup] = {}
        self._is_cancelled = False

    def addresses(self, host: str, *, is_users_host: bool = False) -> tuple[str, ...]:
        """
        The addresses of *host* (lower case, a name or an address), IPv4 before IPv6.

        Raises:
            NoAnswer: It has none, or one of them may not be asked.
        """
        literal = parse_literal(host)
        found = self._resolve(host) if literal is None else (literal,)
        for ip in found:
            # One bad address condemns the name: no provider mixes them, but whoever tests for a gap does.
            why = refusal(ip, self._options.allowed, is_users_host=is_users_host)
            if why is not None:
                raise NoAnswer(f"the host is at {why}")
        return tuple(str(ip) for ip in sorted(found, key=lambda ip: ip.version))

    def unguarded(self, host: str) -> tuple[str, ...]:
        """
        The addresses of the user's own proxy, whatever they are.

        Raises:
            NoAnswer: It has none.
        """
        literal = parse_literal(host)
        return (str(literal),) if literal is not None else tuple(str(ip) for ip in self._resolve(host))

    def cancel(self) -> None:
        """Wake everybody who waits for a name, and let nobody wait any more."""
        with self._lock:
            self._is_cancelled = True
            lookups = list(self._lookups.values())
        for lookup in lookups:
            lookup.finish((), "cancelled")

    def _resolve(self, host: str) -> tuple[IP, ...]:
        with self._lock:
            if self._is_cancelled:
                raise NoAnswer("cancelled")
            lookup = self._lookups.get(host)
            if lookup is None:
                lookup = self._lookups[host] = _Lookup()
                # A thread of its own, because the system's resolver can be neither bounded nor interrupted.
                work = threading.Thread(target=_look_up, args=(host, self._options.resolver, lookup), daemon=True)
                work.start()
        return lookup.result(self._options.bounds.resolve_s)


def _look_up(host: str, resolver: Resolver, lookup: _Lookup) -> None:
    try:
        texts = resolver(host)
    except (OSError, UnicodeError):
        lookup.finish((), "the host's name is not known")
        return
    try:
        addresses = tuple(ipaddress.ip_address(text) for text in dict.fromkeys(texts) if "%" not in text)
    except ValueError:
        addresses = ()
    lookup.finish(addresses, "" if addresses else "the host's name has no address")
