# SPDX-License-Identifier: Apache-2.0
"""GitLab's listings: tokens, what they reach, and variables that pipelines have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from secrethunt.identity.gitlab.expander import GitLabExpander
from secrethunt.identity.gitlab.listings import GitLabListings
from tests.identity.memory_graph import MemoryGraph

PROJECT = "gitlab:gitlab.com:project:acme/web"
PROJECTS = {
    "path": "/groups/acme/projects",
    "body": [{"id": 1, "path_with_namespace": "acme/web", "visibility": "private"}],
}


def loaded(folder: Path, *lines: Any) -> MemoryGraph:
    path = folder / "gitlab.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert GitLabListings().recognises(path.read_bytes(), path.name)
    return MemoryGraph(GitLabListings().read(str(path)))


def token(**more: Any) -> dict[str, Any]:
    return {"id": 7, "name": "ci", "scopes": ["write_repository"], "access_level": 30, "active": True, **more}


def edges(graph: MemoryGraph, key: str) -> list[Edge]:
    node = graph.node(key)
    assert node is not None
    return list(GitLabExpander().expand(node, graph))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (Access.WRITE, EdgeStatus.CONFIRMED)),
        ({"access_level": 20}, (Access.READ, EdgeStatus.CONFIRMED)),
        ({"scopes": ["api"], "access_level": 40}, (Access.ADMIN, EdgeStatus.CONFIRMED)),
        ({"active": False}, None),
    ],
)
def test_a_project_token_has_the_lesser_of_scope_and_role(tmp_path: Path, more: Any, expected: Any) -> None:
    graph = loaded(tmp_path, {"path": "/projects/acme%2Fweb/access_tokens", "body": [token(**more)]}, PROJECTS)
    found = {edge.target: (edge.access, edge.status) for edge in edges(graph, "gitlab:gitlab.com:token:7")}
    assert expected == found.get(PROJECT)


def test_a_group_token_reaches_the_projects_below(tmp_path: Path) -> None:
    graph = loaded(tmp_path, {"path": "/groups/acme/access_tokens", "body": [token()]}, PROJECTS)
    assert PROJECT in {edge.target for edge in edges(graph, "gitlab:gitlab.com:token:7")}


def test_pipelines_have_variables_of_the_project_and_of_groups_above(tmp_path: Path) -> None:
    value = {"key": "DEPLOY", "value": "not kept", "protected": True}
    lines = [{"path": f"/{place}/variables", "body": [value]} for place in ("projects/acme%2Fweb", "groups/acme")]
    graph = loaded(tmp_path, *lines, PROJECTS)
    [pushed] = edges(graph, PROJECT)
    assert (f"{PROJECT}/pipelines", Access.WRITE) == (pushed.target, pushed.access)
    handed_down = edges(graph, pushed.target)
    stored = [*graph.edges_from(pushed.target, EdgeKind.STORES), *handed_down]
    names = ["gitlab:gitlab.com:variable:acme/web/DEPLOY", "gitlab:gitlab.com:variable:acme/DEPLOY"]
    assert [(name, EdgeStatus.CONDITIONAL) for name in names] == [(edge.target, edge.status) for edge in stored]
    assert "not kept" not in repr([*graph.nodes()])


def test_a_personal_token_without_its_users_rights_is_unknown(tmp_path: Path) -> None:
    graph = loaded(tmp_path, {"path": "/personal_access_tokens", "body": [token(user_id=3, access_level=None)]})
    assert [EdgeStatus.UNKNOWN] == [edge.status for edge in edges(graph, "gitlab:gitlab.com:token:7")]
    assert ["gitlab:gitlab.com:user-id:3"] == [
        edge.target for edge in graph.edges_from("gitlab:gitlab.com:token:7", EdgeKind.OWNED_BY)
    ]


@pytest.mark.parametrize("entry", [1, None, [], {}, {"id": "x"}, {"key": 3}, {"message": "403 Forbidden"}])
@pytest.mark.parametrize("path", ["/groups/acme/access_tokens", "/projects/1/deploy_keys", "/projects/1/variables"])
def test_entries_of_other_shapes_are_told_and_stop_nothing(tmp_path: Path, path: str, entry: Any) -> None:
    graph = loaded(tmp_path, {"path": path, "body": [entry]}, PROJECTS)
    assert graph.node(PROJECT) is not None
    assert entry == [] or graph.unread
