# SPDX-License-Identifier: Apache-2.0
"""GitHub's exports, from files as `gh api` writes them to what a token reaches."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Importer, Node, NodeKind
from secrethunt.identity.github.audit_log import GitHubAuditLog
from secrethunt.identity.github.escalation import catalogue
from secrethunt.identity.github.expander import GitHubExpander
from secrethunt.identity.github.keys import fingerprint_of
from secrethunt.identity.github.listings import GitHubListings
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.ruleset import RuleSelection
from tests.conftest import MakeRepo
from tests.identity.memory_graph import MemoryGraph
from tests.services.credentials import made

ORG, WEB, DOCS = "acme", "acme/web", "acme/docs"
POOLS = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/"
PIPELINE = f"github:workflow:{WEB}/*"
REPOS = [
    {
        "id": 1,
        "full_name": WEB,
        "private": True,
        "visibility": "private",
        "git_url": "git://x",
        "owner": {"login": ORG},
    },
    {"id": 2, "full_name": DOCS, "private": False, "visibility": "public", "owner": {"login": ORG}},
]
TOKEN = {
    "id": 25381,
    "owner": {"login": "octocat"},
    "repository_selection": "subset",
    "repositories_url": "https://api.github.com/organizations/652551/personal-access-tokens/25381/repositories",
    "permissions": {"organization": {"members": "read"}, "repository": {"contents": "write", "metadata": "read"}},
    "access_granted_at": "2023-05-16T08:47:09.000-07:00",
    "token_id": 98716,
    "token_name": "release",
    "token_expired": False,
    "token_expires_at": "2023-11-16T08:47:09.000-07:00",
    "token_last_used_at": None,
}
INSTALLATION = {
    "id": 7,
    "app_id": 1,
    "app_slug": "ci",
    "account": {"login": ORG, "type": "Organization"},
    "target_type": "Organization",
    "repository_selection": "all",
    "permissions": {"contents": "write", "workflows": "write", "metadata": "read"},
    "suspended_at": None,
}


def answer(path: str, body: Any) -> dict[str, Any]:
    return {"path": path, "body": body}


def loaded(
    folder: Path, lines: Iterable[Any], importer: Importer | None = None, name: str = "github.jsonl"
) -> MemoryGraph:
    """A graph of *lines*, one JSON value each, after the importer has recognised them."""
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    reader = importer or GitHubListings()
    assert reader.recognises(path.read_bytes()[:65536], name)
    return MemoryGraph(reader.read(str(path)))


def expanded(graph: MemoryGraph, key: str) -> dict[tuple[str, EdgeKind], Edge]:
    node = graph.node(key) or next(iter(GitHubExpander().target_nodes([key])))
    return {(edge.target, edge.kind): edge for edge in GitHubExpander().expand(node, graph)}


def has(edge: Edge) -> tuple[Access | None, EdgeStatus]:
    return edge.access, edge.status


def secrets(place: str, *names: str, **fields: Any) -> dict[str, Any]:
    rows = [{"name": name, "created_at": "2020-01-10T10:59:22Z", "updated_at": "2020", **fields} for name in names]
    return answer(place, {"total_count": len(rows), "secrets": rows})


def test_an_installation_on_all_repositories_reaches_their_workflows(tmp_path: Path) -> None:
    graph = loaded(tmp_path, [answer("/orgs/acme/installations", {"installations": [INSTALLATION]}),
                              answer("/orgs/acme/repos", REPOS)])  # fmt: skip
    edges = expanded(graph, "github:installation:7")
    assert (Access.WRITE, EdgeStatus.CONFIRMED) == has(edges[f"github:repo:{WEB}", EdgeKind.CAN_ACCESS])
    assert (Access.WRITE, EdgeStatus.CONFIRMED) == has(edges[PIPELINE, EdgeKind.CAN_ACCESS])
    assert ["github:installation:7"] == [edge.target for edge in graph.edges_from("github:app:1", EdgeKind.CAN_ASSUME)]
    assert [] == graph.unread


def test_a_token_that_may_not_write_workflows_needs_one_that_runs_what_is_pushed(tmp_path: Path) -> None:
    lines = [answer("/orgs/acme/personal-access-tokens", [TOKEN]),
             answer("/orgs/acme/personal-access-tokens/25381/repositories", [[REPOS[0]]])]  # fmt: skip
    graph = loaded(tmp_path, lines)
    edges = expanded(graph, "github:token-id:98716")
    assert (Access.WRITE, EdgeStatus.CONFIRMED) == has(edges[f"github:repo:{WEB}", EdgeKind.CAN_ACCESS])
    assert (PIPELINE, EdgeKind.CAN_ACCESS) not in edges
    assert (f"github:repo:{DOCS}", EdgeKind.CAN_ACCESS) not in edges
    pushed = expanded(graph, f"github:repo:{WEB}")
    assert (Access.WRITE, EdgeStatus.POTENTIAL) == has(pushed[PIPELINE, EdgeKind.CAN_ACCESS])
    [owner] = graph.edges_from("github:token-id:98716", EdgeKind.OWNED_BY)
    assert "github:user:octocat" == owner.target


def test_a_selection_that_was_not_imported_is_unknown_and_says_what_to_import(tmp_path: Path) -> None:
    graph = loaded(tmp_path, [answer("/orgs/acme/personal-access-tokens", [TOKEN])])
    edge = expanded(graph, "github:token-id:98716")[f"github:any:repositories@{ORG}", EdgeKind.CAN_ACCESS]
    assert EdgeStatus.UNKNOWN is edge.status
    assert "/orgs/acme/personal-access-tokens/25381/repositories" in edge.detail


def test_a_suspended_installation_reaches_nothing(tmp_path: Path) -> None:
    suspended = {**INSTALLATION, "suspended_at": "2026-01-01T00:00:00Z"}
    graph = loaded(tmp_path, [{"total_count": 1, "installations": [suspended]}])
    assert {EdgeStatus.BLOCKED} == {edge.status for edge in expanded(graph, "github:installation:7").values()}


def test_workflows_have_their_secrets_and_those_their_organisation_gives_them(tmp_path: Path) -> None:
    lines = [
        answer("/orgs/acme/repos", REPOS),
        secrets("/repos/acme/web/actions/secrets", "DEPLOY"),
        secrets("/repos/acme/web/environments/prod/secrets", "PROD"),
        secrets("/orgs/acme/actions/secrets", "EVERYWHERE", visibility="all"),
        secrets("/orgs/acme/actions/secrets", "PRIVATE", visibility="private"),
        secrets("/orgs/acme/actions/secrets", "CHOSEN", visibility="selected"),
        answer("/orgs/acme/actions/secrets/CHOSEN/repositories", {"total_count": 1, "repositories": REPOS[1:]}),
    ]
    graph = loaded(tmp_path, lines)

    def stored(full_name: str) -> dict[str, EdgeStatus]:
        pipeline = f"github:workflow:{full_name}/*"
        edges = [*graph.edges_from(pipeline, EdgeKind.STORES), *expanded(graph, pipeline).values()]
        return {
            edge.target.removeprefix("github:secret:"): edge.status for edge in edges if edge.kind is EdgeKind.STORES
        }

    sure, guarded = EdgeStatus.CONFIRMED, EdgeStatus.CONDITIONAL
    assert {
        "acme/web/DEPLOY": sure,
        "acme/web/prod/PROD": guarded,
        "acme/EVERYWHERE": sure,
        "acme/PRIVATE": sure,
    } == stored(WEB)
    assert {"acme/EVERYWHERE": sure, "acme/CHOSEN": sure} == stored(DOCS)


def role(name: str, *subjects: str, **tests: Any) -> dict[str, Any]:
    key = "token.actions.githubusercontent.com"
    condition = {"StringEquals": {f"{key}:aud": "sts.amazonaws.com"}, "StringLike": {f"{key}:sub": list(subjects)}}
    if not subjects:
        del condition["StringLike"]
    principal = {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{key}"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity",
                 "Condition": {**condition, **tests}}  # fmt: skip
    return {"Arn": f"arn:aws:iam::123456789012:role/{name}", "RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}  # fmt: skip


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        (["repo:acme/web:*"], EdgeStatus.CONFIRMED),
        (["repo:Acme/*"], EdgeStatus.CONFIRMED),
        (["repo:acme/web:ref:refs/heads/main"], EdgeStatus.CONDITIONAL),
        (["repo:acme/web:environment:prod"], EdgeStatus.CONDITIONAL),
        (["repo:acme/docs:*"], None),
        (["repo:acme/webx:*"], None),
        ([], EdgeStatus.CONFIRMED),
    ],
)
def test_roles_are_assumed_by_the_repositories_that_their_trust_names(
    tmp_path: Path, subjects: list[str], expected: EdgeStatus | None
) -> None:
    graph = loaded(tmp_path, [answer("/orgs/acme/repos", REPOS)])
    (tmp_path / "aws.json").write_text(json.dumps({"RoleDetailList": [role("deploy", *subjects)]}))
    graph.add(AuthorizationDetails().read(str(tmp_path / "aws.json")))
    edge = expanded(graph, PIPELINE).get(("aws:arn:aws:iam::123456789012:role/deploy", EdgeKind.CAN_ASSUME))
    assert expected is (edge.status if edge is not None else None)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (f"principal-set:{POOLS}github/attribute.repository/acme/web",
         EdgeStatus.CONFIRMED),
        (f"principal-set:{POOLS}ci/attribute.repository/Acme/web",
         EdgeStatus.CONDITIONAL),
        (f"principal:{POOLS}github/subject/repo:acme/web:ref:x",
         EdgeStatus.CONDITIONAL),
        (f"principal-set:{POOLS}github/attribute.repository/acme/x",
         None),
    ],
)  # fmt: skip
def test_members_of_google_that_stand_for_a_repository(member: str, expected: EdgeStatus | None) -> None:
    graph = MemoryGraph([Node(f"gcp:{member}", NodeKind.GROUP, "gcp", member)])
    edge = expanded(graph, PIPELINE).get((f"gcp:{member}", EdgeKind.CAN_ASSUME))
    assert expected is (edge.status if edge is not None else None)


def test_subjects_that_are_made_differently_leave_it_open(tmp_path: Path) -> None:
    custom = {"use_default": False, "include_claim_keys": ["job_workflow_ref"]}
    graph = loaded(tmp_path, [answer("/orgs/acme/repos", REPOS),
                              answer("/repos/acme/web/actions/oidc/customization/sub", custom)])  # fmt: skip
    (tmp_path / "aws.json").write_text(json.dumps({"RoleDetailList": [role("deploy", "repo:acme/web:*")]}))
    graph.add(AuthorizationDetails().read(str(tmp_path / "aws.json")))
    [edge] = [edge for edge in expanded(graph, PIPELINE).values() if edge.kind is EdgeKind.CAN_ASSUME]
    assert EdgeStatus.CONDITIONAL is edge.status


def test_a_deploy_key_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    public = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + bytes(range(40))).decode()
    row: dict[str, Any] = {"id": 1, "key": f"ssh-ed25519 {public}", "url": "https://api.github.com/repos/acme/web/keys/1",
           "title": "ci", "read_only": False, "added_by": "octocat"}  # fmt: skip
    graph = loaded(tmp_path, [[row]])
    fingerprint = fingerprint_of(row["key"])
    assert fingerprint.startswith("SHA256:")
    assert [] == graph.unread
    [joined] = graph.edges_from(f"ssh:key:{fingerprint}", EdgeKind.AUTHENTICATES_AS)
    reached = {edge.target: edge.access for edge in graph.edges_from(joined.target, EdgeKind.CAN_ACCESS)}
    assert {f"github:repo:{WEB}": Access.WRITE, PIPELINE: Access.WRITE} == reached


def test_what_does_not_say_where_it_belongs_is_told(tmp_path: Path) -> None:
    rows = {"total_count": 1, "secrets": [{"name": "X", "created_at": "2020", "updated_at": "2020"}]}
    graph = loaded(tmp_path, [rows])
    assert ["export it with its path"] == [item.why.rpartition(": ")[2] for item in graph.unread]


def test_an_export_that_breaks_off_is_read_until_there(tmp_path: Path) -> None:
    path = tmp_path / "installations.json"
    path.write_text(json.dumps({"total_count": 2, "installations": [INSTALLATION, INSTALLATION]})[:-40])
    graph = MemoryGraph(GitHubListings().read(str(path)))
    assert graph.node("github:installation:7") is not None
    assert ["what follows row 1"] == [item.what for item in graph.unread]


def test_a_refusal_is_no_listing(tmp_path: Path) -> None:
    refused = {"message": "Must have admin rights", "documentation_url": "https://docs.github.com/rest"}
    graph = loaded(tmp_path, [answer("/orgs/acme/installations", refused)])
    assert ["GitHub refused: Must have admin rights"] == [item.why for item in graph.unread]


@pytest.mark.parametrize("entry", [1, "x", None, [], {}, {"id": {}}, {"full_name": 3}, {"permissions": []}])
@pytest.mark.parametrize("path", ["/orgs/acme/installations", "/orgs/acme/repos", "/repos/acme/web/keys",
                                  "/orgs/acme/personal-access-tokens", "/repos/acme/web/collaborators",
                                  "/orgs/acme/credential-authorizations", "/orgs/acme/members",
                                  "/orgs/acme/actions/secrets", "/repos/acme/web/actions/variables"])  # fmt: skip
def test_entries_of_other_shapes_are_told_and_stop_nothing(tmp_path: Path, path: str, entry: Any) -> None:
    graph = loaded(tmp_path, [answer(path, [entry]), answer("/orgs/acme/repos", REPOS)])
    assert graph.node(f"github:repo:{WEB}") is not None
    assert all(node.name and node.key.count(":") >= 2 for node in graph.nodes())


def classic_token() -> str:
    """In the form of GitHub's own, with its checksum: "Behind GitHub's new authentication token formats"."""
    body, alphabet = made(30), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = alphabet[digit] + digits
    return "ghp_" + body + digits.rjust(6, "0")


def event(token: str, moment: int, **more: Any) -> dict[str, Any]:
    hashed = base64.b64encode(hashlib.sha256(token.encode()).digest()).decode()
    return {"@timestamp": moment, "_document_id": str(moment), "action": "git.clone", "actor": "octocat", "org": ORG,
            "repo": WEB, "hashed_token": hashed, "programmatic_access_type": "Personal access token (classic)",
            "token_scopes": "repo,workflow", **more}  # fmt: skip


def test_a_token_in_a_history_is_joined_by_its_hash_and_reaches_secrets_and_roles(
    make_repo: MakeRepo, tmp_path: Path
) -> None:
    token = classic_token()
    repo = make_repo()
    repo.commit({"deploy.sh": f"git clone https://{token}@github.com/acme/web\n"})
    repo.commit({"deploy.sh": "git clone https://github.com/acme/web\n"})
    selection = RuleSelection(only=("github.personal-access-token",))
    [finding] = Scanner(ScannerOptions(selection=selection, jobs=1)).scan([repo.target]).findings
    hashed = base64.b64encode(hashlib.sha256(finding.secret.reveal()).digest()).decode()

    log = [event(token, 1_700_000_000_000), event(token, 1_700_000_900_000), {"action": "x", "@timestamp": 1}]
    graph = loaded(tmp_path, log, GitHubAuditLog(), "audit.jsonl")
    assert ["1 events"] == [item.what for item in graph.unread]
    push = {"login": "octocat", "permissions": {"admin": False, "push": True, "pull": True}}
    graph.add(_lines(tmp_path, [answer("/orgs/acme/repos", REPOS), answer("/repos/acme/web/collaborators", [push]),
                                secrets("/repos/acme/web/actions/secrets", "DEPLOY")]))  # fmt: skip
    (tmp_path / "aws.json").write_text(json.dumps({"RoleDetailList": [role("deploy", "repo:acme/web:*")]}))
    graph.add(AuthorizationDetails().read(str(tmp_path / "aws.json")))

    [joined] = graph.edges_from(f"github:token:{hashed}", EdgeKind.AUTHENTICATES_AS)
    edges = expanded(graph, joined.target)
    assert (Access.WRITE, EdgeStatus.CONFIRMED) == has(edges[f"github:repo:{WEB}", EdgeKind.CAN_ACCESS])
    assert (Access.WRITE, EdgeStatus.CONFIRMED) == has(edges[PIPELINE, EdgeKind.CAN_ACCESS])
    assert ["github:secret:acme/web/DEPLOY"] == [edge.target for edge in graph.edges_from(PIPELINE, EdgeKind.STORES)]
    roles = [edge.target for edge in expanded(graph, PIPELINE).values() if edge.kind is EdgeKind.CAN_ASSUME]
    assert ["aws:arn:aws:iam::123456789012:role/deploy"] == roles
    assert "2023-11-14T22:28:20Z" == graph.node(joined.target).properties["last_used"]  # type: ignore[union-attr]  # it was joined


def _lines(folder: Path, lines: list[Any]) -> list[Any]:
    path = folder / "more.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return list(GitHubListings().read(str(path)))


def test_a_read_only_collaborators_token_does_not_write(tmp_path: Path) -> None:
    graph = loaded(tmp_path, [event("t", 1_700_000_000_000)], GitHubAuditLog())
    pull = {"login": "octocat", "permissions": {"pull": True}}
    graph.add(_lines(tmp_path, [answer("/repos/acme/web/collaborators", [pull])]))
    [key] = [node.key for node in graph.nodes(kind=NodeKind.IDENTITY) if node.key.startswith("github:token-use:")]
    edges = expanded(graph, key)
    assert Access.READ is edges[f"github:repo:{WEB}", EdgeKind.CAN_ACCESS].access
    assert (PIPELINE, EdgeKind.CAN_ACCESS) not in edges


def test_escalations(tmp_path: Path) -> None:
    scopes = "admin:org,admin:public_key,manage_runners:org"
    graph = loaded(tmp_path, [event("t", 1_700_000_000_000, token_scopes=scopes)], GitHubAuditLog())
    graph.add(_lines(tmp_path, [answer("/orgs/acme/repos", REPOS)]))
    [key] = [node.key for node in graph.nodes(kind=NodeKind.IDENTITY) if node.key.startswith("github:token-use:")]
    edges = expanded(graph, key)
    assert (Access.ADMIN, EdgeStatus.CONFIRMED) == has(edges[f"github:any:*@{ORG}", EdgeKind.CAN_ACCESS])
    assert (Access.ADMIN, EdgeStatus.CONFIRMED) == has(edges["github:user:octocat:any", EdgeKind.CAN_ACCESS])
    assert (Access.WRITE, EdgeStatus.POTENTIAL) == has(edges[PIPELINE, EdgeKind.CAN_ACCESS])


def test_the_catalogue_names_where_each_way_is_written() -> None:
    assert len(catalogue()) >= 10
    assert all(
        (path.scopes or path.permissions) and path.reference.startswith("https://docs.github.com/")
        for path in catalogue()
    )
