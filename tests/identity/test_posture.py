# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an identity, leaked or not, and what cannot be judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.memory import MemoryGraph
from secrethunt.identity.posture import OWASP, Judgement, Posture, Remark

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECENT, OLD = "2026-05-20T00:00:00Z", "2024-01-01T00:00:00Z"


def bot(**properties: Any) -> Node:
    return Node("bot", NodeKind.IDENTITY, "acme", "bot", "", {"permissions_known": True, **properties})


def judged(items: Iterable[Node | Edge]) -> dict[Judgement, Remark]:
    graph = MemoryGraph(items)
    return {remark.judgement: remark for remark in Posture(graph, BlastRadii(graph), now=NOW).remarks()}


def key(**properties: Any) -> list[Node | Edge]:
    return [Node("k", NodeKind.CREDENTIAL, "acme", "k", "", properties), Edge("k", "bot", EdgeKind.AUTHENTICATES_AS)]


def owned(**properties: Any) -> list[Node | Edge]:
    return [Node("owner:a", NodeKind.OWNER, "", "a", "", properties), Edge("bot", "owner:a", EdgeKind.OWNED_BY)]


def test_a_kept_identity_has_no_remark() -> None:
    assert {} == judged([bot(last_used=RECENT, created=OLD), *owned(), *key(created=RECENT)])


def test_use_is_old_never_or_unknown() -> None:
    assert "last used 2024-01-01" == judged([bot(last_used=OLD), *owned()])[Judgement.UNUSED].why
    assert "never used since 2024-01-01" == judged([bot(last_used="", created=OLD), *owned()])[Judgement.UNUSED].why
    assert judged([bot(), *owned()])[Judgement.UNUSED].is_unknown


def test_old_keys_without_end_are_long_lived_and_those_with_one_are_not() -> None:
    used = bot(last_used=RECENT)
    assert {Judgement.LONG_LIVED} == set(judged([used, *owned(), *key(created=OLD)]))
    assert {} == judged([used, *owned(), *key(created=OLD, expires="2026-07-01T00:00:00Z")])
    assert {} == judged([used, *owned(), *key(created=OLD, status="disabled")])


def test_owners_are_missing_or_gone() -> None:
    assert {Judgement.NO_OWNER} == set(judged([bot(last_used=RECENT)]))
    assert {Judgement.ORPHANED} == set(judged([bot(last_used=RECENT), *owned(status="disabled")]))


def test_too_much_reach_is_told_and_unknown_reach_is_not_passed_over() -> None:
    crown = Node("crown", NodeKind.RESOURCE, "acme", "everything", "", {"tier0": True, "sensitivity": 1.0})
    admin: list[Node | Edge] = [crown, Edge("bot", "crown", EdgeKind.CAN_ACCESS, access=Access.ADMIN)]
    found = judged([bot(last_used=RECENT), *owned(), *admin])[Judgement.OVERPRIVILEGED]
    assert (False, True) == (found.is_unknown, "what it uses is not known" in found.why)
    unknown = judged([bot(last_used=RECENT, permissions_known=False), *owned()])[Judgement.OVERPRIVILEGED]
    assert unknown.is_unknown


def test_environments_vendors_machines_and_leaks_are_told() -> None:
    items: list[Node | Edge] = [bot(last_used=RECENT, environment="prod"), *owned(), *key(environment="test")]
    items += [Node(name, NodeKind.WORKLOAD, "acme", name) for name in ("one", "two")]
    items += [Edge(name, "bot", EdgeKind.RUNS_AS) for name in ("one", "two")]
    items += [Node("vendor:v", NodeKind.VENDOR, "", "Vendor"), Edge("bot", "vendor:v", EdgeKind.TRUSTS)]
    items += [Node("secret:ab", NodeKind.CREDENTIAL, "acme", "s"), Edge("secret:ab", "k", EdgeKind.DUPLICATE_OF)]
    wanted = {Judgement.SHARED, Judgement.REUSED, Judgement.VENDOR_HELD, Judgement.LEAKED}
    assert wanted == set(judged(items))


def test_keys_of_people_are_in_human_use() -> None:
    assert Judgement.HUMAN_USE in judged([bot(last_used=RECENT, is_human=True), *key(created=RECENT)])


def test_every_judgement_has_its_owasp_risk() -> None:
    assert set(Judgement) == set(OWASP)
