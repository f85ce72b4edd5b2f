# SPDX-License-Identifier: Apache-2.0
"""Reads findings back from a JSON or JSONL report; what such a report shows in clear is masked again."""

from __future__ import annotations

import json
import sys
from typing import Any

from secrethunt.errors import UsageError
from secrethunt.records import Secret
from secrethunt.report.entries import SCHEMA_ID
from secrethunt.report.redact import MASK, Redactor

_NEEDED = ("finding_id", "secret_id", "rule_id", "path", "line", "occurrences", "signals", "parts")


def load_entries(path: str) -> list[dict[str, Any]]:
    """
    The findings of the report at *path*, `-` for standard input.

    Raises:
        UsageError: It cannot be read, or is no report of this tool in one of these formats.
    """
    entries = _parse(_read(path), path)
    for number, entry in enumerate(entries, 1):
        missing = [name for name in _NEEDED if name not in entry]
        if missing:
            raise UsageError(
                f"{path}: finding {number} has no {missing[0]}", hint="Write the report anew with this version."
            )
    return _masked(entries)


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path given to --from.") from err


def _parse(data: bytes, path: str) -> list[dict[str, Any]]:
    hint = "Write one with `secrethunt scan --format json`."
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("schema") == SCHEMA_ID:
        return list(document["findings"])
    try:
        lines = [json.loads(line) for line in data.splitlines() if line.strip()]
    except ValueError as err:
        raise UsageError(f"{path} is no JSON or JSONL report", hint=hint) from err
    if not all(isinstance(line, dict) for line in lines) or not any(line.get("type") == "summary" for line in lines):
        raise UsageError(f"{path} is no JSON or JSONL report of secrethunt, or was cut off", hint=hint)
    return [line for line in lines if line.get("type") == "finding"]


def _masked(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """*entries* without values: a report made with --show-secrets must not be passed on by what explains it."""
    holders = [
        *entries,
        *(part | {"secret": part["value"]} for entry in entries for part in entry["parts"] if part["is_secret"]),
    ]
    clear = {holder["secret"] for holder in holders if not holder["secret"].endswith(MASK)}
    if not clear:
        return entries
    redactor = Redactor(Secret(value.encode()) for value in clear)
    shown = {value: Secret(value.encode()).masked() for value in clear}
    return [_without(entry, redactor, shown) for entry in entries]


def _without(value: Any, redactor: Redactor, shown: dict[str, str]) -> Any:
    if isinstance(value, str):
        return shown[value] if value in shown else redactor.text(value)
    if isinstance(value, list):
        return [_without(item, redactor, shown) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, redactor, shown) for key, item in value.items()}
    return value
