# SPDX-License-Identifier: Apache-2.0
"""
Owns the tables of findings, occurrences and verdicts: what a scan leaves, and how it is read back.

Every text goes through the redactor: paths, names of authors and answers can hold secrets too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.records import CommitInfo, Finding
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.store.database import Store
from secrethunt.store.write import Run

_KEPT = ("first_run",)


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """One finding as it was stored; fields as in `schema.sql`."""

    finding_id: str
    secret_id: str
    rule_id: str
    rule_name: str
    provider: str
    severity: str
    repository: str
    path: str
    line: int
    at_head: bool
    in_worktree: bool
    reachable: bool
    first_email: str
    first_date: str


def write_findings(store: Store, run: Run, findings: Sequence[Finding]) -> None:
    """Write *findings* with occurrences and verdicts; what an earlier scan wrote of them is brought up to date."""
    redactor = Redactor(iter_secrets(findings))
    with store.transaction():
        _upsert(store, "findings", "finding_id", (_finding(item, redactor, run.id) for item in findings))
        ids = [(item.finding_id,) for item in findings]
        store.connection.executemany("DELETE FROM occurrences WHERE finding_id = ?", ids)
        _upsert(store, "occurrences", 'finding_id, blob, start, "end", decode', _occurrences(findings, redactor))
        _upsert(store, "verdicts", "secret_id, checked_at, state", _verdicts(findings, redactor, run.id))


def find_findings(store: Store, *, secret_id: str = "", finding_id: str = "", limit: int = 1000) -> list[StoredFinding]:
    """Findings whose ids begin so, in the order of their ids; at most *limit*."""
    columns = ", ".join(StoredFinding.__dataclass_fields__)
    where, prefix = ("finding_id", finding_id) if finding_id else ("secret_id", secret_id)
    # Ids are hexadecimal, so that no letter sorts behind `g`.
    sql = f"SELECT {columns} FROM findings WHERE {where} >= ? AND {where} < ? ORDER BY finding_id LIMIT ?"
    return [_stored(row) for row in store.rows(sql, (prefix, prefix + "g", limit))]


def _stored(row: Sequence[Any]) -> StoredFinding:
    values = dict(zip(StoredFinding.__dataclass_fields__, row, strict=True))
    for name in ("at_head", "in_worktree", "reachable"):
        values[name] = bool(values[name])
    return StoredFinding(**values)


def _upsert(store: Store, table: str, key: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Insert *rows*, all with the same columns; where the key is there, the new one wins but for what is kept."""
    rows = list(rows)
    if not rows:
        return
    columns = list(rows[0])
    named = ", ".join(f'"{name}"' for name in columns)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in _KEPT)
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {table} ({named}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {changes}"
    store.connection.executemany(sql, (tuple(row.values()) for row in rows))


def _finding(finding: Finding, redactor: Redactor, run: int) -> dict[str, object]:
    rule = finding.rule
    return {
        "finding_id": finding.finding_id,
        "secret_id": finding.secret_id,
        "rule_id": rule.id,
        "rule_name": rule.name,
        "provider": rule.provider,
        "nhi": rule.nhi,
        "severity": rule.severity.label,
        "confidence": finding.confidence.label,
        "repository": redactor.text(finding.repository),
        "path": redactor.text(finding.path),
        "line": finding.span.line,
        "column": finding.span.column,
        "kind": finding.kind.value,
        "at_head": int(finding.at_head),
        "in_worktree": int(finding.in_worktree),
        "reachable": int(finding.reachable),
        "first_commit": finding.first.id if finding.first else "",
        "first_author": _said(finding.first, "author", redactor),
        "first_email": _said(finding.first, "email", redactor),
        "first_date": finding.first.date if finding.first else "",
        "last_commit": finding.last.id if finding.last else "",
        "last_date": finding.last.date if finding.last else "",
        "facts": _json([[redactor.text(name), redactor.text(value)] for name, value in finding.facts]),
        "first_run": run,
        "last_run": run,
    }


def _said(commit: CommitInfo | None, field: str, redactor: Redactor) -> str:
    return redactor.text(getattr(commit, field)) if commit else ""


def _occurrences(findings: Iterable[Finding], redactor: Redactor) -> Iterator[dict[str, object]]:
    for finding in findings:
        for item in finding.occurrences:
            yield {
                "finding_id": finding.finding_id,
                "blob": item.blob,
                "start": item.span.start,
                "end": item.span.end,
                "decode": _json([redactor.text(step) for step in item.decode]),
                "line": item.span.line,
                "column": item.span.column,
                "kind": item.kind.value,
                "first_commit": item.first.id if item.first else "",
                "last_commit": item.last.id if item.last else "",
                "at_head": int(item.at_head),
                "reachable": int(item.reachable),
            }


def _verdicts(findings: Iterable[Finding], redactor: Redactor, run: int) -> Iterator[dict[str, object]]:
    for finding in findings:
        verdict = finding.verdict
        if verdict is None:
            continue
        outcome = verdict.outcome
        yield {
            "secret_id": finding.secret_id,
            "checked_at": verdict.checked_at,
            "state": outcome.state.value,
            "reason": redactor.text(outcome.reason),
            "evidence": _json(
                [[redactor.text(e.endpoint), e.status, redactor.text(e.marker)] for e in outcome.evidence]
            ),
            "facts": _json([[redactor.text(name), redactor.text(value)] for name, value in outcome.facts]),
            "run": run,
        }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
