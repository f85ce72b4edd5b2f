# SPDX-License-Identifier: Apache-2.0
"""Database servers for the tests of this room, one of each kind for a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import databases
from tests.services.databases import Service


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Service]:
    with databases.postgresql() as service:
        yield service


@pytest.fixture(scope="session")
def redis() -> Iterator[Service]:
    with databases.redis() as service:
        yield service


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Service]:
    with databases.mariadb() as service:
        yield service
