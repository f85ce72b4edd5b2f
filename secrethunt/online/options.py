# SPDX-License-Identifier: Apache-2.0
"""Owns what the user may decide about the network, checked once; nothing below sees an option of the command line."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from secrethunt.errors import UsageError
from secrethunt.online.addresses import Network, parse_allowed
from secrethunt.online.services import ServiceResolver, system_services
from secrethunt.online.targets import Target, endpoint_target

Resolver = Callable[[str], Sequence[str]]
"""Addresses of a name, as texts. Raises `OSError` where there are none."""


def system_resolver(name: str) -> Sequence[str]:
    """
    What the machine's own resolver says.

    Raises:
        OSError: The name is not known, or the resolver does not answer.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is asked at once and in a row."""

    rate_per_s: float = 5.0
    """Requests per second to one host; `math.inf` for no limit."""
    burst: int = 1
    """Requests to one host that need not wait after a rest. With more than 1 a second may hold more than the rate."""
    per_host: int = 4
    """Requests to one host at the same time."""
    total: int = 32
    """Requests at the same time."""
    max_requests: int | None = None
    """Requests that may be sent in all, repeated ones too."""
    retries: int = 2
    """How often one request is repeated."""
    max_wait_s: float = 60.0
    """Longest time that a host's `Retry-After` is waited for."""
    breaker_failures: int = 5
    """Failures in a row after which a host is left alone for a while."""
    breaker_rest_s: float = 30.0
    """How long at first; doubles each time up to ten times that."""

    def __post_init__(self) -> None:
        """Check them."""
        if not self.rate_per_s > 0 or math.isnan(self.rate_per_s):
            raise UsageError("the rate per host must be greater than 0")
        counts = (self.burst, self.per_host, self.total, self.breaker_failures)
        if min(counts) < 1 or self.retries < 0 or (self.max_requests is not None and self.max_requests < 0):
            raise UsageError("limits of requests must be 1 or more, retries and the most requests 0 or more")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much of an answer is waited for, per request."""

    resolve_s: float = 5.0
    connect_s: float = 5.0
    read_s: float = 10.0
    """Longest silence."""
    total_s: float = 20.0
    """From connecting to the last byte."""
    max_body: int = 2 << 20
    """Largest body, decoded or not."""
    max_headers: int = 64 << 10
    """Size of all header fields together."""

    def __post_init__(self) -> None:
        """Check them."""
        if (
            not min(self.resolve_s, self.connect_s, self.read_s, self.total_s) > 0
            or min(self.max_body, self.max_headers) < 1
        ):
            raise UsageError("time and size limits must be greater than 0")


@dataclass(frozen=True, slots=True)
class OnlineOptions:
    """Everything that the client goes by."""

    offline: bool = False
    """Nothing is resolved or sent; every request ends with a reason."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Base URLs by provider; the requests of that provider go there and nowhere else."""
    allow_found_hosts: bool = False
    """Hosts that only the scanned text names may be asked."""
    allow_private: Sequence[str] = ()
    """Addresses and networks that may be asked although they are not public."""
    pace: Pace = field(default_factory=Pace)
    bounds: Bounds = field(default_factory=Bounds)
    proxy: str = field(default="", repr=False)
    """`http://` or `https://` URL of a proxy; never taken from the environment. May hold a password."""
    ca_file: str = ""
    """PEM file with authorities that are trusted besides the usual ones."""
    user_agent: str = "secrethunt"
    resolver: Resolver = system_resolver
    services: ServiceResolver = system_services
    targets: Mapping[str, Target] = field(init=False, repr=False)
    """`endpoints`, taken apart."""
    allowed: tuple[Network, ...] = field(init=False, repr=False)
    """`allow_private`, taken apart."""

    def __post_init__(self) -> None:
        """Check and take apart what is text."""
        targets = {provider: endpoint_target(provider, url) for provider, url in self.endpoints.items()}
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "allowed", parse_allowed(self.allow_private))
        self._check_proxy()

    def _check_proxy(self) -> None:
        if not self.proxy:
            return
        try:
            parts = urlsplit(self.proxy)
            is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_fit = False
        if not is_fit:
            raise UsageError("the proxy is not an http or https URL", hint="Write http://proxy.example:3128")
