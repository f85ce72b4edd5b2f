# SPDX-License-Identifier: Apache-2.0
"""Ways from a right at GitHub to more: the catalogue of `escalations.json` tried on what one token or app may do."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node
from secrethunt.identity.github.keys import any_key, name_of, pipeline_key, user_key
from secrethunt.identity.github.repositories import Selection
from secrethunt.identity.github.rights import Rights


@dataclass(frozen=True, slots=True)
class Escalation:
    """One way; any one set of scopes or of permissions, held in full, opens it."""

    id: str
    name: str
    scopes: tuple[tuple[str, ...], ...]
    permissions: tuple[tuple[str, ...], ...]
    how: str
    target: str
    reference: str


@functools.cache
def catalogue() -> tuple[Escalation, ...]:
    """All that is known."""
    text = (Path(__file__).parent / "escalations.json").read_text(encoding="utf-8")
    return tuple(
        Escalation(
            entry["id"],
            entry["name"],
            tuple(tuple(words) for words in entry["scopes"]),
            tuple(tuple(words) for words in entry["permissions"]),
            entry["how"],
            entry["target"],
            entry["reference"],
        )
        for entry in json.loads(text)["paths"]
    )


def escalations(node: Node, rights: Rights, selection: Selection, pipelines: Sequence[str]) -> Iterator[Edge]:
    """
    Edges of the ways that *rights* open.

    Args:
        pipelines: Workflows of all repositories of the organisation.
    """
    for path in catalogue():
        needs = next((words for words in _sets(path, rights) if set(words) <= set(rights.words)), None)
        if needs is not None:
            yield from _edges(path, needs, node, selection, pipelines)


def _sets(path: Escalation, rights: Rights) -> tuple[tuple[str, ...], ...]:
    return path.scopes if rights.is_classic else path.permissions


def _edges(
    path: Escalation, needs: tuple[str, ...], node: Node, selection: Selection, pipelines: Sequence[str]
) -> Iterator[Edge]:
    holder = str(node.properties.get("holder") or "")
    if path.how == "mint-key" and holder:
        is_sure = path.target == "holder"
        detail = "" if is_sure else "needs a codespace of the user"
        yield _made(path, needs, (node.key, f"{user_key(holder)}:any"), is_sure=is_sure, detail=detail)
    if path.how in ("admin", "potential-admin") and selection.owner:
        is_sure = path.how == "admin" and not _is_own(selection.owner, holder)
        detail = "" if path.how == "admin" else "needs a token that somebody asks for"
        if path.how == "admin" and not is_sure:
            detail = "only in organisations that the holder owns: import `gh api /orgs/ORG/members?role=admin`"
        yield _made(path, needs, (node.key, any_key("*", selection.owner)), is_sure=is_sure, detail=detail)
    if path.how == "pipelines":
        own = [pipeline_key(name_of(item.key)) for item in selection.repositories]
        for target in own if path.target == "repositories" else pipelines:
            detail = "needs a job that is sent to runners with the labels of the new one"
            yield _made(path, needs, (node.key, target), is_sure=False, detail=detail)
    if path.how == "write":
        for item in selection.repositories:
            if item.most is Access.ADMIN:
                yield _made(path, needs, (node.key, pipeline_key(name_of(item.key))), is_sure=not item.is_guessed)


def _is_own(owner: str, holder: str) -> bool:
    return owner.lower() == holder.lower()


def _made(path: Escalation, needs: tuple[str, ...], ends: tuple[str, str], *, is_sure: bool, detail: str = "") -> Edge:
    admin = path.how in ("admin", "potential-admin", "mint-key")
    return Edge(
        ends[0],
        ends[1],
        EdgeKind.CAN_ACCESS,
        EdgeStatus.CONFIRMED if is_sure else EdgeStatus.POTENTIAL,
        Known.EVALUATED,
        f"{path.name} ({path.id}): {', '.join(needs)}",
        detail,
        Access.ADMIN if admin else Access.WRITE,
        needs,
    )
