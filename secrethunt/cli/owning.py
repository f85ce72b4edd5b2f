# SPDX-License-Identifier: Apache-2.0
"""Whom a scan suggests as owners of what it found: CODEOWNERS of what was scanned, who brought a secret in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from secrethunt.errors import SourceError

if TYPE_CHECKING:
    from secrethunt.identity.contract import Edge, Node
    from secrethunt.identity.owners import CodeOwners
    from secrethunt.records import Finding
    from secrethunt.sources import Source


@dataclass(frozen=True, slots=True)
class _Place:
    """One target: where its paths lie in its repository, and who owns these."""

    repository: str
    prefix: bytes
    prepend: bytes
    code_owners: CodeOwners | None

    def path(self, path: bytes) -> str:
        return os.fsdecode(self.prepend + path.removeprefix(self.prefix))


def found_owners(findings: Sequence[Finding], targets: Iterable[str]) -> Iterator[Node | Edge]:
    """Suggested owners of the secrets of *findings*, which were found in *targets*; no text of it holds a secret."""
    from secrethunt.identity.found import secret_key
    from secrethunt.identity.owners import owner_items, suggest
    from secrethunt.report.redact import Redactor, iter_secrets

    if not findings:
        return
    shown = Redactor(iter_secrets(findings))
    places = list(_places(targets))
    for finding in findings:
        place = _place_of(finding, places)
        path = place.path(finding.path) if place else os.fsdecode(finding.path)
        found = suggest(path, code_owners=place.code_owners if place else None, first=finding.first, last=finding.last)
        told = [replace(item, owner=shown.text(item.owner)) for item in found]
        yield from owner_items(secret_key(finding.secret_id), told)


def _place_of(finding: Finding, places: Iterable[_Place]) -> _Place | None:
    return next((p for p in places if p.repository == finding.repository and finding.path.startswith(p.prefix)), None)


def _places(targets: Iterable[str]) -> Iterator[_Place]:
    from secrethunt.identity.owners import CodeOwners
    from secrethunt.ignoring import ignore_root
    from secrethunt.sources import SourceOptions, open_source

    for target in targets:
        if target == "-":
            continue
        source = open_source(target, SourceOptions())
        root, prepend = ignore_root(target)
        owners = CodeOwners.of_tree(os.fsdecode(root)) if root is not None else _at_head(source)
        yield _Place(source.repository, source.prefix, prepend, owners)


def _at_head(source: Source) -> CodeOwners | None:
    """That of a repository without a work tree."""
    from secrethunt.identity.owners import CodeOwners

    def committed(name: str) -> bytes | None:
        try:
            return source.committed("HEAD", name)
        except SourceError:
            # Nothing was committed yet, or nothing here can read it.
            return None

    return CodeOwners.first(committed)
