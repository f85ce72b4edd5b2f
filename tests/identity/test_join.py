# SPDX-License-Identifier: Apache-2.0
"""Which identity a found secret is joined to, by what, and how ambiguity and contradiction stay visible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.store import Run, RunKind, Store, StoreGraph, open_store
from secrethunt.store.joining import join_store

SECRET = "secret:" + "0" * 32
ACCOUNT = "aws:account:123456789012"
CI = "aws:arn:aws:iam::123456789012:user/ci"
KEY = "aws:access-key:KEYIDKEYIDKEYIDKEYID"


def secret(provider: str = "aws", **properties: object) -> Node:
    return Node(SECRET, NodeKind.CREDENTIAL, provider, "a secret", "", properties)


def identity(key: str, name: str, **properties: object) -> Node:
    account = ACCOUNT if key.startswith("aws:") else ""
    return Node(key, NodeKind.IDENTITY, key.partition(":")[0], name, account, properties)


def credential(key: str) -> Node:
    return Node(key, NodeKind.CREDENTIAL, key.partition(":")[0], key.rpartition(":")[2])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store.sqlite")) as opened:
        yield opened


def joined(store: Store, found: Node, *known: Node | Edge, offline: tuple[Node, ...] = ()) -> list[Edge]:
    """Edges of *found* after joining it to what is *known*."""
    with Run(store, RunKind.SCAN, "repo") as run:
        run.add([found, *offline], Known.OFFLINE)
    with Run(store, RunKind.IMPORT, "export") as run:
        run.add(known)
    join_store(store)
    return list(StoreGraph(store).edges_from(SECRET))


@pytest.mark.parametrize(
    ("provider", "clue", "value", "key"),
    [
        ("aws", "key-id", "KEYIDKEYIDKEYIDKEYID", KEY),
        ("google", "private-key-id", "ab12" * 10, "gcp:service-account-key:" + "ab12" * 10),
        ("github", "token-hash", "A" * 43 + "=", "github:token:" + "A" * 43 + "="),
        ("privatekey", "fingerprint", "SHA256:" + "b" * 43, "github:deploy-key:SHA256:" + "b" * 43),
        ("privatekey", "fingerprint", "SHA256:" + "b" * 43, "ssh:key:SHA256:" + "b" * 43),
    ],
)
def test_an_exported_credential_with_the_same_id_is_the_same(
    store: Store, provider: str, clue: str, value: str, key: str
) -> None:
    (edge,) = joined(store, secret(provider, clues={clue: [value]}), credential(key))
    expected = (key, EdgeKind.DUPLICATE_OF, EdgeStatus.CONFIRMED, Known.INVENTORY, "")
    assert expected == (edge.target, edge.kind, edge.status, edge.known, edge.detail)
    assert value in edge.evidence


@pytest.mark.parametrize(
    ("provider", "value", "node"),
    [
        ("google", "ci@p.iam.gserviceaccount.com", identity("gcp:service-account:CI@p.iam.gserviceaccount.com", "ci")),
        ("kubernetes", "system:serviceaccount:shop:ci", identity("k8s:prod:service-account:shop/ci", "ci")),
        ("jwt", "system:serviceaccount:shop:ci", identity("k8s:prod:service-account:shop/ci", "ci")),
        ("aws", "aidaxxxxxxxxxxxxxxxxx", identity(CI, "ci", unique_id="AIDAXXXXXXXXXXXXXXXXX")),
    ],
)
def test_a_claim_names_an_identity(store: Store, provider: str, value: str, node: Node) -> None:
    (edge,) = joined(store, secret(provider, clues={"claim": [value]}), node)
    expected = (node.key, EdgeKind.AUTHENTICATES_AS, EdgeStatus.CONFIRMED)
    assert expected == (edge.target, edge.kind, edge.status)


def test_the_most_trusted_clue_decides(store: Store) -> None:
    found = secret(clues={"key-id": ["KEYIDKEYIDKEYIDKEYID"], "name": ["other"]})
    edges = joined(store, found, credential(KEY), identity(CI, "ci"), identity(CI + "2", "other"))
    assert [KEY] == [edge.target for edge in edges]


def test_a_name_alone_is_never_more_than_possible(store: Store) -> None:
    (edge,) = joined(store, secret(clues={"name": ["ci"]}), identity(CI, "CI"))
    assert (CI, EdgeStatus.POTENTIAL) == (edge.target, edge.status)
    assert "only the name agrees" == edge.detail


def test_names_of_other_providers_do_not_join(store: Store) -> None:
    assert [] == joined(store, secret("gitlab", clues={"name": ["ci"]}), identity(CI, "ci"))


def test_names_of_other_accounts_do_not_join(store: Store) -> None:
    found = secret(clues={"name": ["ci"]}, facts={"account": "999999999999"})
    assert [] == joined(store, found, identity(CI, "ci"))


def test_ambiguous_joins_are_all_there_and_say_so(store: Store) -> None:
    both = [identity(f"azure:app:{number}", "app", client_id="11111111-2222-3333") for number in (1, 2)]
    edges = joined(store, secret("azure", clues={"claim": ["11111111-2222-3333"]}), *both)
    assert ["azure:app:1", "azure:app:2"] == [edge.target for edge in edges]
    assert {(EdgeStatus.POTENTIAL, "one of 2 that fit")} == {(edge.status, edge.detail) for edge in edges}


def test_what_the_provider_answered_comes_first_and_contradictions_show(store: Store) -> None:
    found = secret(
        clues={"key-id": ["KEYIDKEYIDKEYIDKEYID"]},
        verdict="active",
        checked_at="2026-01-01T00:00:00Z",
        answered={"account": CI.removeprefix("aws:"), "account_id": "123456789012", "user": "ci", "user_id": "AIDA"},
    )
    stale = Edge(KEY, CI + "-old", EdgeKind.AUTHENTICATES_AS)
    edges = {edge.kind: edge for edge in joined(store, found, credential(KEY), stale)}
    live = edges[EdgeKind.AUTHENTICATES_AS]
    assert (CI, Known.LIVE, EdgeStatus.CONFIRMED) == (live.target, live.known, live.status)
    assert EdgeStatus.POTENTIAL is edges[EdgeKind.DUPLICATE_OF].status
    assert "the provider itself names another identity" == edges[EdgeKind.DUPLICATE_OF].detail


def test_an_answer_that_agrees_confirms(store: Store) -> None:
    found = secret(
        clues={"key-id": ["KEYIDKEYIDKEYIDKEYID"]}, verdict="active", answered={"account": CI.removeprefix("aws:")}
    )
    owned = Edge(KEY, CI, EdgeKind.AUTHENTICATES_AS)
    edges = joined(store, found, credential(KEY), identity(CI, "ci"), owned)
    assert {EdgeStatus.CONFIRMED} == {edge.status for edge in edges}
    assert 2 == len(edges)


def test_a_session_is_its_role_with_the_path_that_the_export_knows(store: Store) -> None:
    arn = "arn:aws:sts::123456789012:assumed-role/deploy/session"
    role = Node("aws:arn:aws:iam::123456789012:role/ops/deploy", NodeKind.ROLE, "aws", "deploy", ACCOUNT)
    (edge,) = joined(store, secret(verdict="active", answered={"account": arn}), role)
    assert role.key == edge.target


def test_an_inactive_secret_has_no_live_identity(store: Store) -> None:
    assert [] == joined(store, secret(verdict="inactive", answered={"account": CI.removeprefix("aws:")}))


def test_a_thing_that_only_the_secret_names_is_no_inventory(store: Store) -> None:
    assert [] == joined(store, secret(clues={"key-id": ["KEYIDKEYIDKEYIDKEYID"]}), offline=(credential(KEY),))


def test_a_join_goes_when_its_reason_goes(store: Store) -> None:
    assert 1 == len(joined(store, secret(clues={"key-id": ["KEYIDKEYIDKEYIDKEYID"]}), credential(KEY)))
    with Run(store, RunKind.IMPORT, "export"):
        pass
    join_store(store)
    assert [] == StoreGraph(store).edges_from(SECRET)
