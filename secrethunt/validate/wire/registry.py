# SPDX-License-Identifier: Apache-2.0
"""
Owns the names that a rule's `validate: {wire: NAME}` may give. A protocol's module is imported when a check is run.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome


@dataclass(frozen=True, slots=True)
class Entry:
    """One protocol."""

    target: str
    """Module of this package and function."""
    endpoints: tuple[str, ...]
    """What it may connect to; `{{host}}` is a host from the scanned text."""
    extra: str = ""
    """The extra that brings the library it needs."""


def _at_host(*schemes: str) -> tuple[str, ...]:
    return tuple(f"{scheme}://{{{{host}}}}:{{{{port}}}}" for scheme in schemes)


_NPM = ("GET https://registry.npmjs.org/-/whoami", "GET https://{{host}}:{{port}}/-/whoami")
_DATABASES = _at_host("postgresql", "mysql")

WIRES: dict[str, Entry] = {
    "postgresql": Entry("postgresql:check", _at_host("postgresql"), "postgresql"),
    "mysql": Entry("mysql:check", _at_host("mysql"), "mysql"),
    "mongodb": Entry("mongodb:check", _at_host("mongodb"), "mongodb"),
    "redis": Entry("redis:check", _at_host("redis", "rediss")),
    "amqp": Entry("amqp:check", _at_host("amqp", "amqps")),
    "mqtt": Entry("mqtt:check", _at_host("mqtt", "mqtts")),
    "ldap": Entry("ldap:check", _at_host("ldap", "ldaps")),
    "smtp": Entry("smtp:check", _at_host("smtp", "smtps")),
    "imap": Entry("imap:check", _at_host("imap", "imaps")),
    "pop3": Entry("pop3:check", _at_host("pop3", "pop3s")),
    "ftp": Entry("ftp:check", _at_host("ftp", "ftps")),
    "ssh": Entry("ssh:check", _at_host("ssh"), "ssh"),
    "jdbc": Entry("schemes:check", _DATABASES),
    "odbc": Entry("schemes:check_driver", _DATABASES),
    "messages": Entry("schemes:check", _at_host("amqp", "amqps", "mqtt", "mqtts")),
    "mail": Entry("schemes:check", _at_host("smtp", "smtps", "imap", "imaps", "pop3", "pop3s")),
    "uri": Entry(
        "schemes:check", (*_at_host("ftp", "ftps", "ssh", "sftp"), "GET https://{{host}}:{{port}}/", *_DATABASES)
    ),
    "http-basic": Entry("http_basic:check", ("GET https://{{host}}:{{port}}/",)),
    "docker-registry": Entry(
        "docker_registry:check",
        (
            "GET https://registry-1.docker.io/v2/",
            "GET https://auth.docker.io/token",
            "GET https://{{host}}:{{port}}/v2/",
        ),
    ),
    "npm-token": Entry("npm_registry:check_token", _NPM),
    "npm-basic": Entry("npm_registry:check_basic", _NPM),
    "npm-password": Entry("npm_registry:check_password", _NPM),
}


@dataclass(frozen=True, slots=True)
class LoadedWire:
    """A check in code: call it with a credential and a session."""

    name: str
    endpoints: tuple[str, ...]
    allows_control: bool = False
    """A check of this package tries a random password itself wherever one is let in; another would be one too many."""

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        """
        Check *credential*.

        Raises:
            NoAnswer: Nothing came back that could be judged, no host stands there, or a library is not installed.
        """
        module, _, function = WIRES[self.name].target.partition(":")
        check = getattr(importlib.import_module(f"{__package__}.{module}"), function)
        outcome = check(credential, session)
        assert isinstance(outcome, Outcome)
        return outcome


def load_wire(name: str) -> LoadedWire:
    """
    The check called *name*, ready to call.

    Raises:
        KeyError: There is none of this name.
    """
    return LoadedWire(name, WIRES[name].endpoints)
