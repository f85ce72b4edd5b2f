# SPDX-License-Identifier: Apache-2.0
"""Reads findings back from a JSON or JSONL report; what such a report shows in clear is masked again."""

from __future__ import annotations

import json
import sys
from importlib import resources
from typing import Any

from secrethunt.errors import UsageError
from secrethunt.records import Secret
from secrethunt.report.entries import SCHEMA_ID
from secrethunt.report.redact import MASK, Redactor

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def load_entries(path: str) -> list[dict[str, Any]]:
    """
    The findings of the report at *path*, `-` for standard input.

    Raises:
        UsageError: It cannot be read, or is no report of this tool in one of these formats.
    """
    entries = _parse(_read(path), path)
    definitions = json.loads(resources.files("secrethunt.report").joinpath("schema/finding.schema.json").read_bytes())
    for number, entry in enumerate(entries, 1):
        complaint = _complaint(entry, "finding", definitions["$defs"])
        if complaint:
            raise UsageError(f"{path}: finding {number}: {complaint}", hint="Write the report anew with this version.")
    return _masked(entries)


def _complaint(entry: object, name: str, definitions: dict[str, Any]) -> str:
    """What of the schema *entry* does not keep: what must be there, and of which type; empty where all is well."""
    definition = definitions[name]
    if not isinstance(entry, dict):
        return f"no {name}"
    for field, rule in definition["properties"].items():
        if field not in entry:
            if field in definition["required"]:
                return f"{field} is missing"
            continue
        expected = rule.get("type")
        if isinstance(expected, str) and expected in _TYPES and not isinstance(entry[field], _TYPES[expected]):
            return f"{field} is no {expected}"
        complaint = _inner_complaint(entry[field], rule, definitions)
        if complaint:
            return f"{field}: {complaint}"
    return ""


def _inner_complaint(value: Any, rule: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The same for what is described by a definition of its own: an object, or a list of objects."""
    if "items" in rule:
        return next(filter(None, (_inner_complaint(item, rule["items"], definitions) for item in value)), "")
    name = rule.get("$ref", "").removeprefix("#/$defs/")
    return _complaint(value, name, definitions) if "properties" in definitions.get(name, {}) else ""


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
    if isinstance(document, dict) and document.get("schema") == SCHEMA_ID and _are_objects(document.get("findings")):
        return list(document["findings"])
    try:
        lines = [json.loads(line) for line in data.splitlines() if line.strip()]
    except ValueError as err:
        raise UsageError(f"{path} is no JSON or JSONL report", hint=hint) from err
    if not _are_objects(lines) or not any(line.get("type") == "summary" for line in lines):
        raise UsageError(f"{path} is no JSON or JSONL report of secrethunt, or was cut off", hint=hint)
    return [line for line in lines if line.get("type") == "finding"]


def _are_objects(items: object) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


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
