# SPDX-License-Identifier: Apache-2.0
"""Servers with TLS on loopback, and the clients that trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from secrethunt.online.client import Client
from tests.online.servers import Authority, RawServer, Reply, Script, Server, make_client, raw_server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the servers' certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened."""
    with ExitStack() as opened:
        yield opened


ServeReplies = Callable[..., Server]
ServeScript = Callable[[Script], RawServer]
Connect = Callable[..., Client]


@pytest.fixture
def serve(stack: ExitStack, authority: Authority) -> ServeReplies:
    """Starts a server with TLS that gives these replies in turn."""

    def start(*replies: Reply, **options: object) -> Server:
        return stack.enter_context(Server(*replies, **options).running(authority.context()))  # type: ignore[arg-type]  # passed on

    return start


@pytest.fixture
def serve_raw(stack: ExitStack, authority: Authority) -> ServeScript:
    """Starts a server with TLS that writes raw bytes."""
    return lambda script: stack.enter_context(raw_server(script, authority.context()))


@pytest.fixture
def connect(stack: ExitStack, authority: Authority) -> Connect:
    """Makes clients that trust the authority."""
    return lambda **options: stack.enter_context(make_client(**{"ca_file": authority.file, **options}))
