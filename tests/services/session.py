# SPDX-License-Identifier: Apache-2.0
"""A plain session for checks that are tried against servers on loopback: no pacing, no retries, one request each."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from secrethunt.online.contract import Address, Answer, HostOrigin, NoAnswer, Request

TIMEOUT_S = 20


@dataclass
class PlainSession:
    """Sends to what `endpoints` or `hosts` name, and to nothing else."""

    endpoints: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Where a host's name really leads: address and port, without TLS."""
    allow_found: bool = False
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Answer:
        """The answer of the server on loopback that stands for the request's host."""
        self.sent.append(request)
        if request.origin == HostOrigin.FOUND and not self.allow_found:
            raise NoAnswer("the host was found in the scanned text; --allow-found-hosts asks it")
        parts = urlsplit(request.url)
        default = (parts.hostname or "", parts.port or 0) if request.origin == HostOrigin.USER else None
        target = self.hosts.get(parts.hostname or "", default)
        if target is None:
            raise NoAnswer("host not known here")
        began = time.monotonic()
        connection = http.client.HTTPConnection(*target, timeout=TIMEOUT_S)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(request.method, path, request.body or None, {"Host": parts.netloc, **request.headers})
            reply = connection.getresponse()
            headers = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, headers, reply.read(), time.monotonic() - began)
        except (OSError, http.client.HTTPException) as err:
            raise NoAnswer(f"no answer: {type(err).__name__}") from err
        finally:
            connection.close()

    def reach(self, host: str, port: int, origin: HostOrigin) -> Address:
        """The address that stands for *host*."""
        if origin == HostOrigin.FOUND and not self.allow_found:
            raise NoAnswer("the host was found in the scanned text; --allow-found-hosts asks it")
        if host not in self.hosts:
            raise NoAnswer("host not known here")
        return Address(host, *self.hosts[host])

    def endpoint(self, provider: str) -> str | None:
        """What the test gave for *provider*."""
        return self.endpoints.get(provider)
