# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one server of each kind for all tests of a session that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import brokers, databases, directory, logins, registries
from tests.services.databases import Service


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Service]:
    with databases.postgresql() as service:
        yield service


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Service]:
    with databases.mariadb() as service:
        yield service


@pytest.fixture(scope="session")
def redis() -> Iterator[Service]:
    with databases.redis() as service:
        yield service


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Service]:
    with brokers.rabbitmq() as service:
        yield service


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Service]:
    with brokers.mosquitto() as service:
        yield service


@pytest.fixture(scope="session")
def slapd() -> Iterator[Service]:
    with directory.slapd() as service:
        yield service


@pytest.fixture(scope="session")
def dovecot() -> Iterator[tuple[Service, Service]]:
    with logins.dovecot() as services:
        yield services


@pytest.fixture(scope="session")
def docker_registry() -> Iterator[Service]:
    with registries.docker_registry() as service:
        yield service


@pytest.fixture(scope="session")
def verdaccio() -> Iterator[tuple[Service, str]]:
    with registries.verdaccio() as service:
        yield service
