# SPDX-License-Identifier: Apache-2.0
"""A token of GitHub against GitHub's own description of its API, through the rules as shipped and the real client."""

from __future__ import annotations

import math
from pathlib import Path

from secrethunt.diskcache import DiskCache
from secrethunt.identity.contract import Edge, EdgeKind
from secrethunt.identity.live.contract import Asked
from secrethunt.identity.live.spec import load_identifiers
from secrethunt.online.client import Client
from secrethunt.online.options import OnlineOptions, Pace
from secrethunt.records import RuleId
from secrethunt.ruleset import RuleSelection
from tests.services.credentials import credential, made
from tests.services.github import serve_github


def test_a_token_has_the_repositories_and_scopes_that_github_describes(tmp_path: Path) -> None:
    token = "ghp_" + made(36)
    with serve_github(tmp_path, {token: "repo, admin:org"}) as github:
        options = OnlineOptions(endpoints={"github": github.url}, pace=Pace(rate_per_s=math.inf, retries=0))
        identifier = load_identifiers(RuleSelection(), DiskCache(None))[RuleId("github.personal-access-token")]
        asked = Asked(credential("github.personal-access-token", token), "g" * 32, "2026-01-01T00:00:00Z")
        with Client(options) as client:
            found = identifier(asked, client)
    assert "github:user:octocat" == dict(found.facts)["identity"]
    edges = [item for item in found.graph if isinstance(item, Edge) and item.kind is EdgeKind.CAN_ACCESS]
    reached = {edge.target: edge.access.label for edge in edges if edge.access is not None}
    assert "read" == reached["github:repo:octocat/Hello-World"]
    assert "list" == reached["github:org:github"]
    assert ("write", "admin") == (reached["github:any:repository"], reached["github:any:organization"])
    assert token not in repr(found)
