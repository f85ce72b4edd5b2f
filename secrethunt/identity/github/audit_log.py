# SPDX-License-Identifier: Apache-2.0
"""
Importer of GitHub's audit log (`GET /orgs/{org}/audit-log`, or the export of its page): which tokens were used, by
their hash, and with which scopes.

Format: docs.github.com, "Identifying audit log events performed by an access token": `hashed_token` is the SHA-256 of
the token in base64.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.github.keys import PROVIDER, org_key, token_key, user_key
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows

_MOST_REPOSITORIES = 50
"""Repositories that are kept with a token: what it was seen to use, no list of what it may."""


@dataclass(slots=True)
class _Token:
    """What all events of one token say together."""

    first: str = ""
    last: str = ""
    actor: str = ""
    token_id: str = ""
    org: str = ""
    kind: str = ""
    scopes: str | None = None
    app: str = ""
    events: int = 0
    repositories: set[str] = field(default_factory=set)


class GitHubAuditLog:
    """Implements `Importer`."""

    name = "github audit log"

    def recognises(self, head: bytes, name: str) -> bool:
        """By fields of its events."""
        text = head_text(head)
        return '"@timestamp"' in text and '"action"' in text and ('"_document_id"' in text or '"hashed_token"' in text)

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Tokens in the file at *path*; memory grows with their number, not with that of the events."""
        tokens: dict[str, _Token] = {}
        without = 0
        for row in iter_rows(path, ()):
            if isinstance(row, Unread):
                yield row
            elif isinstance(row.value.get("hashed_token"), str) and row.value["hashed_token"]:
                _take(tokens.setdefault(row.value["hashed_token"], _Token()), row)
            else:
                without += 1
        if without:
            yield Unread(f"{without} events", "they were not made with a token")
        for hashed, token in tokens.items():
            yield from _told(hashed, token)


def _take(token: _Token, row: Row) -> None:
    value = row.value
    moment = _moment(value.get("@timestamp"))
    if moment:
        token.first = min(filter(None, (token.first, moment)))
        token.last = max(token.last, moment)
    token.events += 1
    token.actor = str(value.get("actor") or token.actor)
    token.token_id = str(value.get("token_id") or token.token_id)
    token.org = _first(value.get("org")) or token.org
    token.kind = str(value.get("programmatic_access_type") or token.kind)
    token.app = str(value.get("oauth_application_name") or value.get("application_name") or token.app)
    if value.get("token_scopes") is not None:
        token.scopes = str(value["token_scopes"])
    repository = _first(value.get("repo")) or _first(value.get("repository"))
    if repository and len(token.repositories) < _MOST_REPOSITORIES:
        token.repositories.add(repository)


def _first(value: Any) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> str:
    """Milliseconds since 1970, or text, as RFC 3339."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (int, float)):
        return ""
    try:
        moment = datetime.datetime.fromtimestamp(value / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(hashed: str, token: _Token) -> Iterator[Node | Edge]:
    """The credential by its hash, and the identity that its scopes belong to."""
    account = org_key(token.org) if token.org else ""
    evidence = f"audit log, {token.events} events until {token.last}"
    credential = {"type": _type(token.kind), "hashed_token": hashed, "last_used": token.last}
    yield Node(token_key(hashed), NodeKind.CREDENTIAL, PROVIDER, f"token {hashed[:8]}…", account, credential)
    identity = f"github:token-id:{token.token_id}" if token.token_id else f"github:token-use:{hashed}"
    properties: dict[str, Any] = {
        "type": _type(token.kind),
        "last_used": token.last,
        "first_seen": token.first,
        "used_in": sorted(token.repositories),
        "is_human": False,
    }
    properties |= _known(token)
    name = token.app or f"{token.actor}'s {_type(token.kind)} {token.token_id}".strip()
    yield Node(identity, NodeKind.IDENTITY, PROVIDER, name, account, properties)
    yield Edge(token_key(hashed), identity, EdgeKind.AUTHENTICATES_AS, evidence=evidence)
    if token.actor and not token.actor.endswith("[bot]"):
        yield Edge(identity, user_key(token.actor), EdgeKind.OWNED_BY, evidence=evidence)


def _known(token: _Token) -> Mapping[str, Any]:
    """Only what the log says: a listing of tokens may know the rest, and must not be overwritten."""
    found: dict[str, Any] = {}
    if token.scopes is not None:
        found["scopes"] = [item for item in token.scopes.replace(",", " ").split() if item]
    if token.token_id:
        found["token_id"] = token.token_id
    if token.actor:
        found["holder"] = token.actor
    if token.org:
        found["resource_owner"] = token.org
    return found


def _type(kind: str) -> str:
    """GitHub's name for how somebody signed in, as one word."""
    return kind.lower().replace(" (", "-").replace(")", "").replace(" ", "-") or "token"
