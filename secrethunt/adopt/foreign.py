# SPDX-License-Identifier: Apache-2.0
"""
Reads what other scanners wrote: ignore files, baselines, reports. Knows their formats, nothing of our findings.

Formats, each as its own tool writes it:

- gitleaks and Betterleaks: `.gitleaksignore` (fingerprints) and JSON reports, which serve as baselines
  (https://github.com/gitleaks/gitleaks, "gitleaksignore" and "Creating a baseline");
- detect-secrets: baseline (https://github.com/Yelp/detect-secrets, docs/design.md);
- Kingfisher: baseline, versions 1 and 2, and JSON reports (https://github.com/mongodb/kingfisher, docs/BASELINE.md);
- TruffleHog: JSON lines (https://github.com/trufflesecurity/trufflehog, proto `sources.proto` names the places).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.errors import UsageError

_FINGERPRINT = re.compile(r"(?:(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}):)?(?P<path>.+):(?P<rule>[^:\s]+):(?P<line>\d+)")
_MASKED = ("REDACTED", "")
_HINT = "Known are files of gitleaks, Betterleaks, detect-secrets, Kingfisher and TruffleHog."


@dataclass(frozen=True, slots=True)
class ForeignFinding:
    """What another scanner names: a place, and of the value what it wrote down."""

    tool: str
    path: str
    line: int = 0
    """1-based; 0 where it names none."""
    end_line: int = 0
    commit: str = ""
    rule: str = ""
    value: bytes = b""
    sha1: str = ""
    """Hex digest of the value."""

    def described(self) -> str:
        """Its place, for a person; nothing of the value."""
        at = f"{self.commit[:10]}:" if self.commit else ""
        line = f":{self.line}" if self.line else ""
        return f"{at}{self.path}{line} ({self.rule})"


def read_foreign(data: bytes, name: str) -> Sequence[ForeignFinding]:
    """
    What the file called *name* holds; its format is told by its contents.

    Raises:
        UsageError: It is none of these files.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise UsageError(f"{name}: not text", hint=_HINT) from err
    try:
        found = _read(text)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise UsageError(f"{name}: not as its tool writes it: {type(err).__name__}", hint=_HINT) from err
    if found is None:
        raise UsageError(f"{name}: no file of another scanner that is known", hint=_HINT)
    return found


def _read(text: str) -> list[ForeignFinding] | None:
    documents = _json_documents(text)
    if documents is None:
        return _yaml(text) if re.search(r"^(?:ExactFindings|repositories):", text, re.M) else _ignore_lines(text)
    for fits, read in _READERS:
        if documents and fits(documents[0]):
            return [item for document in documents if fits(document) for item in read(document)]
    # An empty report of gitleaks, or of any tool that writes a list.
    return [] if documents in ([[]], [None]) else None


def _json_documents(text: str) -> list[Any] | None:
    """All JSON documents of *text*, one behind the other; None where it is not JSON."""
    decoder = json.JSONDecoder()
    documents: list[Any] = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            return None
        documents.append(document)
        at += len(text[at:]) - len(text[at:].lstrip())
    return documents or None


def _ignore_lines(text: str) -> list[ForeignFinding] | None:
    """Fingerprints, one a line; None where a line is none."""
    found = []
    for raw in text.splitlines():
        line = raw.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        match = _FINGERPRINT.fullmatch(line)
        if match is None:
            return None
        number = int(match["line"])
        found.append(
            ForeignFinding("gitleaks ignore file", match["path"], number, 0, match["commit"] or "", match["rule"])
        )
    return found or None


def _is_gitleaks(document: Any) -> bool:
    return isinstance(document, list) and bool(document) and "RuleID" in document[0]


def _gitleaks(document: Any) -> Iterator[ForeignFinding]:
    for item in document:
        secret = str(item.get("Secret", ""))
        yield ForeignFinding(
            tool="gitleaks report",
            path=str(item["File"]),
            line=int(item["StartLine"]),
            end_line=int(item.get("EndLine", 0)),
            commit=str(item.get("Commit", "")),
            rule=str(item["RuleID"]),
            value=b"" if secret in _MASKED or secret.endswith("...") else secret.encode(),
        )


def _is_betterleaks(document: Any) -> bool:
    return isinstance(document, dict) and "schema_version" in document and isinstance(document.get("findings"), list)


def _betterleaks(document: Any) -> Iterator[ForeignFinding]:
    """A report of Betterleaks 2; version 1 writes gitleaks'."""
    for item in document["findings"]:
        value = str(item["match"].get("value", ""))
        yield ForeignFinding(
            tool="Betterleaks report",
            path=str(item["location"]["path"]),
            line=int(item["location"]["start_line"]),
            end_line=int(item["location"].get("end_line", 0)),
            commit=str((item.get("attributes") or {}).get("git.sha", "")),
            rule=str(item["rule_id"]),
            value=b"" if value in _MASKED or value.endswith("...") else value.encode(),
        )


def _is_detect_secrets(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("results"), dict) and "version" in document


def _detect_secrets(document: Any) -> Iterator[ForeignFinding]:
    for path, items in document["results"].items():
        for item in items:
            audited = {True: ", audited as a real secret", False: ", audited as a false positive"}
            note = audited.get(item.get("is_secret"), "")
            yield ForeignFinding(
                tool=f"detect-secrets baseline{note}",
                path=str(item.get("filename", path)),
                line=int(item.get("line_number", 0)),
                rule=str(item["type"]),
                sha1=str(item["hashed_secret"]),
            )


def _is_kingfisher(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("findings"), list)


def _kingfisher(document: Any) -> Iterator[ForeignFinding]:
    for item in document["findings"]:
        finding = item["finding"]
        git = finding.get("git_metadata") or {}
        snippet = str(finding.get("snippet", ""))
        yield ForeignFinding(
            tool="Kingfisher report",
            path=str((git.get("file") or {}).get("path") or finding["path"]),
            line=int(finding.get("line", 0)),
            commit=str((git.get("commit") or {}).get("id", "")),
            rule=str(item["rule"]["id"]),
            value=b"" if "[REDACTED" in snippet or "*" * 4 in snippet else snippet.encode(),
        )


def _is_trufflehog(document: Any) -> bool:
    return isinstance(document, dict) and "DetectorName" in document and "SourceMetadata" in document


def _trufflehog(document: Any) -> Iterator[ForeignFinding]:
    data = (document["SourceMetadata"] or {}).get("Data") or {}
    place = next((value for value in data.values() if isinstance(value, dict) and value.get("file")), {})
    raw = str(document.get("Raw", ""))
    yield ForeignFinding(
        tool="TruffleHog report",
        path=str(place.get("file", "")),
        line=int(place.get("line", 0)),
        commit=str(place.get("commit", "")),
        rule=str(document["DetectorName"]),
        value=raw.encode(),
    )


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Iterator[ForeignFinding]]], ...] = (
    (_is_gitleaks, _gitleaks),
    (_is_detect_secrets, _detect_secrets),
    (_is_trufflehog, _trufflehog),
    (_is_betterleaks, _betterleaks),
    (_is_kingfisher, _kingfisher),
)


def _yaml(text: str) -> list[ForeignFinding]:
    """A Kingfisher baseline."""
    import yaml

    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as err:
        raise ValueError from err
    if "ExactFindings" in document:
        entries = [(item["filepath"], item.get("linenum", 0), "") for item in document["ExactFindings"]["matches"]]
    else:
        findings = [item for repository in document["repositories"] for item in repository["findings"]]
        entries = [(item["path"], item.get("line", 0), item.get("rule_id", "")) for item in findings]
    return [ForeignFinding("Kingfisher baseline", str(path), int(line), rule=str(rule)) for path, line, rule in entries]
