# SPDX-License-Identifier: Apache-2.0
"""Okta's applications, API tokens and roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import Access, EdgeKind, EdgeStatus
from secrethunt.identity.okta.listings import OktaListings
from tests.identity.memory_graph import MemoryGraph

LINKS = {"_links": {"self": {"href": "https://acme.okta.com/api/v1/x"}}}
OAUTH = {"client_id": "0oa1", "client_secret": "not kept"}
APP = {
    "id": "0oa1",
    "label": "CI",
    "status": "ACTIVE",
    "signOnMode": "OPENID_CONNECT",
    "credentials": {"oauthClient": OAUTH},
    "settings": {"oauthClient": {"grant_types": ["client_credentials"]}},
    **LINKS,
}
TOKEN = {
    "id": "00T1",
    "name": "sync",
    "userId": "00u1",
    "clientName": "Okta API",
    "tokenWindow": "P30D",
    "expiresAt": "2027",
    **LINKS,
}


def loaded(folder: Path, *documents: Any) -> MemoryGraph:
    path = folder / "okta.json"
    path.write_text("\n".join(json.dumps(item) for item in documents))
    assert OktaListings().recognises(path.read_bytes(), path.name)
    return MemoryGraph(OktaListings().read(str(path)))


def test_an_application_keeps_no_secret_and_its_scopes_are_unknown(tmp_path: Path) -> None:
    graph = loaded(tmp_path, [APP])
    node = graph.node("okta:app:0oa1")
    assert node is not None
    assert ("oauth-app", "0oa1", "okta:org:acme.okta.com") == (
        node.properties["type"],
        node.properties["client_id"],
        node.account,
    )
    assert "not kept" not in repr([*graph.nodes()])
    assert [EdgeStatus.UNKNOWN] == [edge.status for edge in graph.edges_from(node.key, EdgeKind.CAN_ACCESS)]


def test_a_token_is_its_users_and_has_the_users_roles(tmp_path: Path) -> None:
    role = {
        "path": "/api/v1/users/00u1/roles",
        "body": [{"type": "SUPER_ADMIN", "label": "Super Administrator", **LINKS}],
    }
    graph = loaded(tmp_path, role, [TOKEN])
    [user] = graph.edges_from("okta:token:00T1", EdgeKind.AUTHENTICATES_AS)
    assert [(Access.ADMIN, "okta:any:*@acme.okta.com")] == [
        (edge.access, edge.target) for edge in graph.edges_from(user.target)
    ]


@pytest.mark.parametrize("entry", [1, None, {}, {"signOnMode": 1}, {"tokenWindow": 1}, {"errorCode": "E0000006"}])
def test_entries_of_other_shapes_are_told_and_stop_nothing(tmp_path: Path, entry: Any) -> None:
    graph = loaded(tmp_path, [entry, APP])
    assert graph.node("okta:app:0oa1") is not None
    assert 1 == len(graph.unread)
