# SPDX-License-Identifier: Apache-2.0
"""Owns the records that the tests of this room render; values are made at run time."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from secrethunt.coverage import Coverage, Problem, ScanResult, Skip
from secrethunt.records import (
    BlobId,
    BlobKind,
    CommitId,
    CommitInfo,
    Confidence,
    Finding,
    FindingId,
    Occurrence,
    Part,
    Rule,
    RuleId,
    Secret,
    SecretId,
    Severity,
    Span,
)


def digest(seed: str) -> str:
    """40 hex digits that stand for *seed*: an object id, an id, or the random part of a value."""
    return hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()


def make_value(seed: str) -> bytes:
    """A value that looks like a credential to a reader and to no scanner's rule."""
    return f"acme_{digest(seed)[:28]}".encode()


def make_rule(**changes: Any) -> Rule:
    """Acme's API key, or what *changes* make of it."""
    rule = Rule(
        id=RuleId("acme.api-key"),
        name="Acme API key",
        provider="acme",
        nhi="api-key",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        pattern="(?P<secret>acme_[0-9a-f]{28})",
        rotate="Roll the key in the Acme console under API keys, then deploy the new one.",
        references=("https://docs.acme.example/auth#keys",),
    )
    return replace(rule, **changes)


def make_commit(name: str, *, author: str | bytes = "Ann Author", date: str = "2023-04-05") -> CommitInfo:
    """A commit whose id is the digest of *name*."""
    raw = author if isinstance(author, bytes) else author.encode()
    moment = f"{date}T10:20:30+02:00"
    timestamp = datetime.fromisoformat(moment).timestamp()
    return CommitInfo(CommitId(digest(name)), raw, b"ann@mail.example", moment, timestamp)


def make_span(line: int = 1, column: int = 1, *, length: int = 33, start: int = 0) -> Span:
    """A span on one line."""
    return Span(start, start + length, line, column, line, column + length)


def make_finding(path: bytes = b"config/prod.env", *, value: bytes | None = None, **changes: Any) -> Finding:
    """A finding in a file on disk, without history; its ids follow from value, path and span."""
    secret = Secret(value if value is not None else make_value("one"))
    span = changes.get("span", make_span(12, 15))
    finding = Finding(
        finding_id=FindingId(digest(f"{secret.reveal()!r}{path!r}{span}")),
        secret_id=SecretId(digest(repr(secret.reveal()))),
        rule=make_rule(),
        secret=secret,
        confidence=Confidence.HIGH,
        reasons=("the checksum is right", "assigned to ACME_KEY"),
        facts=(("account", "4711"),),
        also=(RuleId("generic.api-key"),),
        repository="git.example/shop/web",
        path=path,
        span=make_span(12, 15),
        kind=BlobKind.FILE,
        first=None,
        last=None,
        at_head=False,
        in_worktree=True,
        reachable=True,
        refs=(),
        ref_count=0,
        occurrences=(Occurrence(BlobId(digest(repr(path))), BlobKind.FILE, make_span(12, 15)),),
    )
    return replace(finding, **changes)


def make_part(name: str, value: bytes, **changes: Any) -> Part:
    """A part that is no secret, in the credential's own file, or what *changes* make of it."""
    settings: dict[str, Any] = {"is_secret": False, "rule": None, "span": make_span(11, 3, length=len(value))}
    return Part(name, Secret(value), **(settings | changes))


def make_historic(path: bytes = b"deploy/old.sh", *, value: bytes | None = None, **changes: Any) -> Finding:
    """A finding that stood in two versions of a file and is gone from HEAD."""
    first, middle = make_commit("first"), make_commit("middle", author="Bob Builder", date="2024-01-02")
    span = make_span(3, 9)
    versions = tuple(
        Occurrence(BlobId(digest(f"version {n}")), BlobKind.HISTORY, make_span(3 + n, 9), first=first, last=middle)
        for n in range(2)
    )
    settings: dict[str, Any] = {
        "span": span,
        "kind": BlobKind.HISTORY,
        "first": first,
        "last": middle,
        "in_worktree": False,
        "refs": (b"refs/heads/main", b"refs/tags/v1.0"),
        "ref_count": 2,
        "occurrences": versions,
    }
    return make_finding(path, value=value, **(settings | changes))


def make_result(*findings: Finding, problems: tuple[Problem, ...] = (), **counts: Any) -> ScanResult:
    """A result whose coverage counts *problems*, in a scan of a middling repository."""
    skipped: dict[Skip, int] = {}
    for problem in problems:
        skipped[problem.skip] = skipped.get(problem.skip, 0) + 1
    coverage = Coverage(files=233, blobs=5310, commits=1204, tags=12, bytes=50_541_363, rules=172, seconds=3.214)
    return ScanResult(
        tuple(findings),
        replace(coverage, **({"skipped": skipped} | counts)),
        problems,
    )
