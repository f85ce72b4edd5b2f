# SPDX-License-Identifier: Apache-2.0
"""Vault's listings, and its policies held against the secrets that are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import Access, EdgeStatus
from secrethunt.identity.vault.expander import VaultExpander, parse_policy
from secrethunt.identity.vault.listings import VaultListings
from tests.identity.memory_graph import MemoryGraph

SECRETS = {"path": "kv/metadata/app", "body": {"request_id": "r", "data": {"keys": ["db", "mail", "more/"]}}}
DB, MAIL = "vault:secret:vault/kv/app/db", "vault:secret:vault/kv/app/mail"


def token(*policies: str) -> dict[str, Any]:
    data = {"accessor": "a1", "id": "not kept", "policies": [*policies], "display_name": "ci", "expire_time": "2027"}
    return {"path": "auth/token/lookup-accessor/a1", "body": {"request_id": "r", "data": data}}


def policy(name: str, text: str) -> dict[str, Any]:
    return {"path": f"sys/policies/acl/{name}", "body": {"request_id": "r", "data": {"name": name, "policy": text}}}


def reached(folder: Path, *lines: Any) -> dict[str, tuple[Access | None, EdgeStatus]]:
    graph = loaded(folder, *lines)
    node = graph.node("vault:token:a1")
    assert node is not None
    assert "not kept" not in repr([*graph.nodes()])
    return {edge.target: (edge.access, edge.status) for edge in VaultExpander().expand(node, graph)}


def loaded(folder: Path, *lines: Any) -> MemoryGraph:
    path = folder / "vault.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert VaultListings().recognises(path.read_bytes(), path.name)
    return MemoryGraph(VaultListings().read(str(path)))


READ = Access.SECRET_READ, EdgeStatus.CONFIRMED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('path "kv/data/*" { capabilities = ["read"] }', {DB, MAIL}),
        ('path "kv/data/app/db" { capabilities = ["read", "list"] }', {DB}),
        ('path "kv/data/+/mail" { capabilities = ["read"] }', {MAIL}),
        ('path "kv/data/*" { capabilities = ["read"] }\npath "kv/data/app/db" { capabilities = ["deny"] }', {MAIL}),
        ('# path "kv/data/*" { capabilities = ["read"] }\n', set()),
        ('{"path": {"kv/data/app/*": {"capabilities": ["read"]}}}', {DB, MAIL}),
        ('path "kv/data/*" { capabilities = ["list"] }', set()),
    ],
)
def test_the_most_specific_path_counts(tmp_path: Path, text: str, expected: set[str]) -> None:
    found = reached(tmp_path, SECRETS, token("default", "app"), policy("app", text))
    assert expected == {key for key, edge in found.items() if edge == READ and key.startswith("vault:secret:")}


@pytest.mark.parametrize("path", ["sys/policies/acl/*", "sys/policies/acl/ci", "auth/token/create", "*"])
def test_who_writes_policies_or_tokens_may_everything(tmp_path: Path, path: str) -> None:
    found = reached(
        tmp_path, token("app"), policy("app", f'path "{path}" {{ capabilities = ["create", "read", "update"] }}')
    )
    assert (Access.ADMIN, EdgeStatus.CONFIRMED) == found["vault:any:*@vault"]


def test_root_is_everything_and_a_policy_that_was_not_imported_is_unknown(tmp_path: Path) -> None:
    assert {"vault:any:*@vault": (Access.ADMIN, EdgeStatus.CONFIRMED)} == reached(tmp_path, token("root"))
    assert {"vault:any:*@vault": (Access.ADMIN, EdgeStatus.UNKNOWN)} == reached(tmp_path, token("default", "app"))


def test_a_folder_is_told_to_be_listed_too(tmp_path: Path) -> None:
    assert ["kv/app/more/"] == [item.what for item in loaded(tmp_path, SECRETS).unread]


def test_roles_hold_policies(tmp_path: Path) -> None:
    role = {"path": "auth/approle/role/ci", "body": {"data": {"token_policies": ["app"]}, "request_id": "r"}}
    graph = loaded(tmp_path, role, policy("app", 'path "kv/data/*" { capabilities = ["read"] }'), SECRETS)
    node = graph.node("vault:role:vault/approle/ci")
    assert node is not None
    assert {DB, MAIL} <= {edge.target for edge in VaultExpander().expand(node, graph)}


@pytest.mark.parametrize("text", ["", "{", "[]", 'path "x"', '{"path": []}', '{"path": {"x": 1}}'])
def test_policies_that_are_none_allow_nothing(text: str) -> None:
    assert [] == parse_policy("p", text)


@pytest.mark.parametrize("body", [1, None, {}, {"errors": ["permission denied"]}, {"data": 3}])
def test_answers_of_other_shapes_are_told_and_stop_nothing(tmp_path: Path, body: Any) -> None:
    graph = loaded(tmp_path, {"path": "sys/policies/acl/x", "body": body}, SECRETS)
    assert graph.node(DB) is not None
    assert 2 == len(graph.unread)
