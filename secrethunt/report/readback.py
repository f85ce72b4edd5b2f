# SPDX-License-Identifier: Apache-2.0
"""
Reads reports back: what was found where, of `json`, `jsonl` and `sarif` as this room writes them. Values are not in
them; whoever needs one reads it again from the blob that is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from secrethunt.errors import UsageError
from secrethunt.records import BlobId, BlobKind, CommitId, CommitInfo, Confidence, FindingId, Occurrence, SecretId, Span

_HINT = "Give a report that `secrethunt scan` wrote with --format json, jsonl or sarif."
_LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Reported:
    """One finding of a report: all of it but the value, the rule and what the value says."""

    finding_id: FindingId
    secret_id: SecretId
    rule_id: str
    confidence: Confidence
    repository: str
    path: bytes
    kind: BlobKind
    blobs: tuple[BlobId, ...]
    """Where the value stands, the newest first."""
    decode: tuple[str, ...]
    start: int | None
    """Offset in the first of *blobs*, where the report says it."""
    line: int
    first: CommitInfo | None
    last: CommitInfo | None
    at_head: bool
    in_worktree: bool
    reachable: bool
    refs: tuple[bytes, ...]
    ref_count: int
    occurrences: tuple[Occurrence, ...]


def read_report(path: str) -> list[Reported]:
    """
    The findings of the report at *path*, in its order.

    Raises:
        UsageError: It cannot be read, or is no report of ours.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path given to --from.") from err
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST} bytes", hint=_HINT)
    try:
        return [_reported(entry) if "finding_id" in entry else _from_sarif(entry) for entry in _entries(data)]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as err:
        raise UsageError(f"{path} is no report of secrethunt ({type(err).__name__})", hint=_HINT) from err


def _entries(data: bytes) -> Iterator[Mapping[str, Any]]:
    """The objects of findings, those of SARIF as `result`s."""
    try:
        document = json.loads(data)
    except ValueError:
        lines = [json.loads(line) for line in data.splitlines() if line.strip()]
        if not lines:
            raise
    else:
        lines = [document] if "type" in document else []
    if lines:
        yield from (line for line in lines if line["type"] == "finding")
    elif "runs" in document:
        yield from (result for run in document["runs"] for result in run["results"])
    else:
        yield from document["findings"]


def _reported(entry: Mapping[str, Any]) -> Reported:
    occurrences = tuple(_occurrence(item) for item in entry["occurrences"])
    return Reported(
        finding_id=FindingId(str(entry["finding_id"])),
        secret_id=SecretId(str(entry["secret_id"])),
        rule_id=str(entry["rule_id"]),
        confidence=Confidence[entry["confidence"].upper()],
        repository=str(entry["repository"]),
        path=_bytes(entry["path"]),
        kind=BlobKind(entry["kind"]),
        blobs=tuple(dict.fromkeys(occurrence.blob for occurrence in occurrences)),
        decode=tuple(map(str, entry["decode"])),
        start=occurrences[0].span.start if occurrences else None,
        line=int(entry["line"]),
        first=_commit(entry["commit"], entry["author"], entry["email"], entry["date"]),
        last=_commit(entry["last_commit"], entry["last_author"], "", entry["last_date"]),
        at_head=bool(entry["at_head"]),
        in_worktree=bool(entry["in_worktree"]),
        reachable=bool(entry["reachable"]),
        refs=tuple(_bytes(ref) for ref in entry["refs"]),
        ref_count=int(entry["ref_count"]),
        occurrences=occurrences,
    )


def _from_sarif(result: Mapping[str, Any]) -> Reported:
    """SARIF names no person, and other versions only as related locations."""
    said = result["properties"]
    place = result["locations"][0]["physicalLocation"]
    others = [item["properties"]["blob"] for item in result.get("relatedLocations", ())]
    kind = BlobKind(said["kind"])
    location = place["artifactLocation"]
    root = b"/" if location.get("uriBaseId") else b""
    return Reported(
        finding_id=FindingId(result["partialFingerprints"]["findingId/v1"]),
        secret_id=SecretId(result["partialFingerprints"]["secretId/v1"]),
        rule_id=str(result["ruleId"]),
        confidence=Confidence[said["confidence"].upper()],
        repository=str(said["repository"]),
        path=b"" if kind in (BlobKind.COMMIT, BlobKind.TAG) else root + unquote_to_bytes(location["uri"]),
        kind=kind,
        blobs=tuple(BlobId(str(blob)) for blob in dict.fromkeys([said.get("blob"), *others]) if blob),
        decode=tuple(map(str, said["decode"])),
        start=None,
        line=int(place["region"]["startLine"]),
        first=_commit(said["firstCommit"], "", "", said["firstDate"]),
        last=_commit(said["lastCommit"], "", "", ""),
        at_head=bool(said["atHead"]),
        in_worktree=bool(said["inWorktree"]),
        reachable=bool(said["reachable"]),
        refs=(),
        ref_count=int(said["refCount"]),
        occurrences=(),
    )


def _occurrence(entry: Mapping[str, Any]) -> Occurrence:
    numbers: Sequence[int] = [int(entry[name]) for name in ("start", "end", "line", "column", "end_line", "end_column")]
    return Occurrence(
        blob=BlobId(str(entry["blob"])),
        kind=BlobKind(entry["kind"]),
        span=Span(*numbers),
        decode=tuple(map(str, entry["decode"])),
        first=_commit(entry["first_commit"], "", "", ""),
        last=_commit(entry["last_commit"], "", "", ""),
        at_head=bool(entry["at_head"]),
        reachable=bool(entry["reachable"]),
    )


def _commit(id: object, author: object, email: object, date: object) -> CommitInfo | None:
    if not id:
        return None
    return CommitInfo(CommitId(str(id)), _bytes(author or ""), _bytes(email or ""), str(date or ""))


def _bytes(text: object) -> bytes:
    """What was decoded with `backslashreplace`, encoded again; bytes that were no UTF-8 stay written out."""
    return str(text).encode("utf-8", "backslashreplace")
