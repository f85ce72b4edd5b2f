# SPDX-License-Identifier: Apache-2.0
"""Makes findings for `reports.py`: as varied as those of a large repository, the same on every run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from secrethunt.coverage import Coverage, ScanResult
from secrethunt.records import (
    BlobId,
    BlobKind,
    CommitId,
    CommitInfo,
    Confidence,
    Finding,
    FindingId,
    Occurrence,
    Rule,
    RuleId,
    Secret,
    SecretId,
    Severity,
    Span,
)

_RULES = 200
_AUTHORS = 300
_FOLDERS = ("src/server", "deploy/production", "config", "scripts/ci", "tests/fixtures")
_START = 1_400_000_000
_DAY = 86_400
_PER_SECRET = 4


def make_many(number: int) -> ScanResult:
    """A result of *number* findings."""
    rules = [_rule(index) for index in range(_RULES)]
    findings = tuple(_finding(index, rules[index // _PER_SECRET % _RULES]) for index in range(number))
    return ScanResult(findings, Coverage(files=number, blobs=number * 8, commits=number, rules=_RULES), ())


def _digest(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def _rule(index: int) -> Rule:
    severities = list(Severity)
    return Rule(
        id=RuleId(f"provider{index}.api-key"),
        name=f"Provider {index} API key",
        provider=f"provider{index}",
        nhi="api-key",
        severity=severities[index % len(severities)],
        confidence=Confidence.HIGH,
        pattern="x",
        rotate="Create a new key in the provider's console, deploy it, then delete the old one.",
        references=(f"https://docs.provider{index}.example/keys",),
    )


def _commit(index: int) -> CommitInfo:
    timestamp = _START + (index * 7919 % 4000) * _DAY
    author = index % _AUTHORS
    moment = datetime.fromtimestamp(timestamp, UTC).isoformat()
    name = f"Author {author}".encode()
    return CommitInfo(CommitId(_digest(f"commit {index}")[:40]), name, b"%d@mail.example" % author, moment, timestamp)


def _finding(index: int, rule: Rule) -> Finding:
    secret = index // _PER_SECRET
    is_gone = index % 3 == 0
    first, last = _commit(index % 5000), _commit(index % 5000 + 1)
    first, last = sorted((first, last), key=lambda commit: commit.timestamp)
    span = Span(100, 140, index % 400 + 1, 9, index % 400 + 1, 49)
    versions = tuple(
        Occurrence(BlobId(_digest(f"blob {index} {n}")[:40]), BlobKind.HISTORY, span, first=first, last=last)
        for n in range(3 if is_gone else 1)
    )
    return Finding(
        finding_id=FindingId(_digest(f"finding {index}")[:32]),
        secret_id=SecretId(_digest(f"secret {secret}")[:32]),
        rule=rule,
        secret=Secret(f"key_{_digest(f'value {secret}')[:36]}".encode()),
        confidence=list(Confidence)[index % 3],
        reasons=("fits the format", f"assigned to PROVIDER_{index % 50}_KEY"),
        facts=(("account", str(index % 977)),),
        also=(),
        repository="git.example/shop/web",
        path=f"{_FOLDERS[index % 5]}/module{index % 1500}/settings{index % 7}.py".encode(),
        span=span,
        kind=BlobKind.HISTORY if is_gone else BlobKind.FILE,
        first=first,
        last=last,
        at_head=not is_gone,
        in_worktree=not is_gone,
        reachable=True,
        refs=(b"refs/heads/main",),
        ref_count=index % 30 + 1,
        occurrences=versions,
    )
