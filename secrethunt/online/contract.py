# SPDX-License-Identifier: Apache-2.0
"""
The records that pass between those who ask a provider something and the client that does the asking.

A request is complete when it gets here: every template is filled in, every value encoded. The client owns everything
that can go wrong on the way (addresses, TLS, pacing, retries, sizes, time) and gives either an answer or `NoAnswer`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class HostOrigin(enum.Enum):
    """Who named the host of a request."""

    RULE = "rule"
    """A rule file: the host, or its domain where only a label before it comes from the scanned text."""
    USER = "user"
    """`--endpoint` or the user's configuration."""
    FOUND = "found"
    """The scanned text. Asked only with `--allow-found-hosts`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to send."""

    method: str
    url: str = field(repr=False)
    """Absolute, percent-encoded; may hold the secret, so it is never logged. `label` is what may be shown."""
    label: str
    """Method and URL as the rule writes them, templates not filled in: `GET https://api.acme.com/v1/{{account}}`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    origin: HostOrigin = HostOrigin.RULE
    provider: str = ""
    is_idempotent: bool = False
    """Sending it twice does no more than once, though its method is not GET or HEAD: it may be repeated when lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any status is an answer, redirects too (they are not followed)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; of several fields of one name the values joined by `, `."""
    body: bytes = field(repr=False)
    """At most the client's bound, content encodings undone; never logged."""
    duration_s: float = 0.0


class NoAnswer(Exception):
    """
    Nothing came back that could be judged: refused address, DNS failure, timeout, broken TLS, too large, circuit open,
    requests used up, offline. `reason` is a short clause without secret, URL parameters or body.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was resolved once and passed the guard; connect to this, not to the name."""

    host: str
    """The name that was asked for: for TLS (SNI, certificate) and the Host header."""
    ip: str
    port: int


class Session(Protocol):
    """What a check may do on the network; everything else about it is the client's."""

    def send(self, request: Request) -> Answer:
        """
        The answer to *request*, sent within all guards; waits for its host's turn.

        Raises:
            NoAnswer: There is none.
        """

    def reach(self, host: str, port: int, origin: HostOrigin) -> Address:
        """
        A checked address for a wire protocol's own library, counted and paced like a request.

        Raises:
            NoAnswer: The host may not be asked, or is not known.
        """

    def endpoint(self, provider: str) -> str | None:
        """Base URL (no slash at its end) that the user gave for *provider*: `--endpoint provider=URL`."""
