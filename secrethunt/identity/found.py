# SPDX-License-Identifier: Apache-2.0
"""What a scan's findings are in the graph: a credential each, the places it stands in, the repositories of these."""

from __future__ import annotations

import base64
import hashlib
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from secrethunt.candidates.generic import strength
from secrethunt.identity.clues import CLUES, Clue, Hint, fact_hints, hint
from secrethunt.identity.contract import Edge, EdgeKind, Known, Node, NodeKind
from secrethunt.records import Finding, Secret
from secrethunt.report.redact import MASK, Redactor, iter_secrets

SECRET = "secret:"
PUBLIC_IDS = frozenset({"aws.access-key-id", "aws.temporary-access-key-id"})
"""Rules whose value is the public half of a pair: it is no secret, and what joins the pair to its owner."""
_HASHED = frozenset({"github"})
"""Providers whose audit logs name tokens by hash, and whose tokens are too random for the hash to tell anything."""
_STRONG = 3


def secret_key(secret_id: str) -> str:
    """Key of the node of a finding's credential."""
    return SECRET + secret_id


def found_items(findings: Sequence[Finding]) -> Iterator[Node | Edge]:
    """All nodes and edges of *findings*. No value is in them but public key ids."""
    yield from found_credentials(findings)
    yield from found_places(findings)


def found_credentials(findings: Sequence[Finding]) -> Iterator[Node | Edge]:
    """A credential for each secret of *findings*, and whom it names."""
    told = Redactor(_private(findings))
    partners = _partners(findings)
    by_secret: dict[str, list[Finding]] = {}
    for finding in findings:
        by_secret.setdefault(finding.secret_id, []).append(finding)
    for secret_id, places in by_secret.items():
        yield _credential(secret_id, places, told, partners)
        yield from _offline(places, told)


def found_places(findings: Sequence[Finding]) -> Iterator[Node | Edge]:
    """Where *findings* stand: locations and their repositories."""
    shown = Redactor(iter_secrets(findings))
    for finding in findings:
        yield from _place(finding, shown)


def non_secret_parts(finding: Finding, redactor: Redactor) -> dict[str, str]:
    """What stands beside the secret and is none itself: key ids, hosts, users."""
    public = (part for part in finding.parts if not part.is_secret or part.rule in PUBLIC_IDS)
    return {part.name: redactor.text(part.value.reveal()) for part in public}


def _private(findings: Iterable[Finding]) -> Iterator[Secret]:
    """All secrets of *findings* but the public halves of pairs."""
    for finding in findings:
        if finding.rule.id not in PUBLIC_IDS:
            yield finding.secret
        yield from (part.value for part in finding.parts if part.is_secret and part.rule not in PUBLIC_IDS)


def _partners(findings: Iterable[Finding]) -> dict[bytes, list[str]]:
    """Public key ids by the secret that was found beside them as the other half of a pair."""
    partners: dict[bytes, list[str]] = {}
    for finding in findings:
        if finding.rule.id in PUBLIC_IDS:
            for part in finding.parts:
                if part.name == "secret_access_key":
                    ids = partners.setdefault(part.value.reveal(), [])
                    key_id = finding.secret.reveal().decode("ascii", "replace")
                    ids += [key_id] if key_id not in ids else []
    return partners


def _credential(
    secret_id: str, places: Sequence[Finding], told: Redactor, partners: Mapping[bytes, Sequence[str]]
) -> Node:
    first = places[0]
    facts = dict(_told_facts(places, told))
    properties: dict[str, Any] = {
        "type": first.rule.nhi,
        "rule": first.rule.id,
        "severity": max(finding.rule.severity for finding in places).label,
        "confidence": max(finding.confidence for finding in places).label,
        "facts": facts,
        "created": facts.get("issued", ""),
        "expires": facts.get("expires", ""),
        CLUES: _clues(places, told, partners),
    }
    verdict = next((finding.verdict for finding in places if finding.verdict is not None), None)
    if verdict is not None:
        properties["verdict"] = verdict.outcome.state.value
        properties["checked_at"] = verdict.checked_at
        properties["answered"] = {told.text(name): told.text(value) for name, value in verdict.outcome.facts}
    return Node(secret_key(secret_id), NodeKind.CREDENTIAL, first.rule.provider, first.rule.name, "", properties)


def _told_facts(places: Iterable[Finding], told: Redactor) -> Iterator[tuple[str, str]]:
    """What the secret says of itself and what stands beside it; the first to say a name is believed."""
    seen: set[str] = set()
    for finding in places:
        parts = non_secret_parts(finding, told)
        for name, value in (*finding.facts, *parts.items()):
            if name not in seen:
                seen.add(name)
                yield told.text(name), told.text(value)


def _clues(places: Sequence[Finding], told: Redactor, partners: Mapping[bytes, Sequence[str]]) -> dict[str, list[str]]:
    """Values by clue, each normalised (`identity/clues.py`); several of one clue where places disagree."""
    found: dict[Hint, None] = {}
    for finding in places:
        value = finding.secret.reveal()
        if finding.rule.id in PUBLIC_IDS:
            found[hint(Clue.KEY_ID, value.decode("ascii", "replace"))] = None
        for key_id in partners.get(value, ()):
            found[hint(Clue.KEY_ID, key_id)] = None
        if hashed := _hash(finding):
            found[hint(Clue.TOKEN_HASH, hashed)] = None
        facts = (*finding.facts, *non_secret_parts(finding, told).items())
        found.update(dict.fromkeys(fact_hints(finding.rule.provider, ((n, told.text(v)) for n, v in facts))))
    clues: dict[str, list[str]] = {}
    for item in found:
        if MASK in item.value:
            continue
        clues.setdefault(item.clue.value, []).append(item.value)
    return clues


def _offline(places: Sequence[Finding], told: Redactor) -> Iterator[Node | Edge]:
    """What the secret's own facts name, as far as somebody knows how to read them."""
    try:
        offline = importlib.import_module("secrethunt.identity.offline")
    except ModuleNotFoundError:
        return
    first = places[0]
    facts = dict(_told_facts(places, told))
    parts = {name: value for finding in reversed(places) for name, value in non_secret_parts(finding, told).items()}
    key, value = secret_key(first.secret_id), first.secret.reveal()
    yield from offline.identify_offline(key, first.rule, facts, parts, value=value)


def _hash(finding: Finding) -> str:
    """As GitHub's audit log writes it ("Identifying audit log events performed by an access token"), else empty."""
    value = finding.secret.reveal()
    if finding.rule.provider not in _HASHED or strength(value) < _STRONG:
        return ""
    return base64.b64encode(hashlib.sha256(value).digest()).decode()


def _place(finding: Finding, redactor: Redactor) -> Iterator[Node | Edge]:
    repository, path = redactor.text(finding.repository), redactor.text(finding.path)
    repository_key, location_key = f"repo:{repository}", f"location:{repository}:{path}"
    evidence = f"{path}:{finding.span.line}"
    if finding.first is not None:
        evidence += f", since commit {finding.first.id[:12]}"
    yield Node(repository_key, NodeKind.REPOSITORY, "", repository)
    yield Node(location_key, NodeKind.LOCATION, "", path, repository_key)
    yield Edge(secret_key(finding.secret_id), location_key, EdgeKind.FOUND_IN, known=Known.CODE, evidence=evidence)
    yield Edge(location_key, repository_key, EdgeKind.FOUND_IN, known=Known.CODE)
