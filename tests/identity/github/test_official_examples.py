# SPDX-License-Identifier: Apache-2.0
"""The examples in GitHub's own description of its API are read whole."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.github.listings import GitHubListings
from tests.identity.memory_graph import MemoryGraph
from tests.services.node import package_file


@functools.cache
def _paths() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package_file("@octokit/openapi", "generated/ghec.json").read_bytes())
    return found


def _example(template: str) -> Any:
    content = _paths()["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]
    first = next(iter(content["examples"].values()))
    if "$ref" in first:
        first = _paths()["components"]["examples"][first["$ref"].rpartition("/")[2]]
    return first["value"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("/orgs/{org}/installations", "github:installation:"),
        ("/orgs/{org}/personal-access-tokens", "github:token-id:"),
        ("/orgs/{org}/personal-access-tokens/{pat_id}/repositories", "github:repo:"),
        ("/orgs/{org}/credential-authorizations", "github:authorization:"),
        ("/orgs/{org}/repos", "github:repo:"),
        ("/orgs/{org}/actions/secrets", "github:secret:acme/"),
        ("/orgs/{org}/actions/variables", "github:variable:acme/"),
        ("/repos/{owner}/{repo}/actions/secrets", "github:secret:acme/web/"),
        ("/repos/{owner}/{repo}/environments/{environment_name}/secrets", "github:secret:acme/web/prod/"),
        ("/repos/{owner}/{repo}/collaborators", "github:user:"),
        ("/repos/{owner}/{repo}/actions/oidc/customization/sub", "github:workflow:"),
    ],
)
def test_examples_of_the_description_are_read(tmp_path: Path, template: str, expected: str) -> None:
    request = template.format(org="acme", owner="acme", repo="web", pat_id=7, environment_name="prod")
    path = tmp_path / "github.jsonl"
    path.write_text(json.dumps({"path": request, "body": _example(template)}) + "\n")
    assert GitHubListings().recognises(path.read_bytes()[:65536], path.name)
    graph = MemoryGraph(GitHubListings().read(str(path)))
    keys = [node.key for node in graph.nodes()]
    assert [key for key in keys if key.startswith(expected)]
    assert [] == graph.unread
