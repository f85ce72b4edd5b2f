# SPDX-License-Identifier: Apache-2.0
"""
Reads a YAML file into plain data that knows its lines; every error names file and line. Knows no rule.

PyYAML's composer is used directly because it alone knows the line of each key.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import yaml

from secrethunt.errors import RuleError


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML node as plain data, with the line it stands on and the lines of its keys."""

    value: Any
    line: int
    lines: dict[str, int]


def parse_document(path: str) -> Node:
    """
    The file at *path*.

    Raises:
        RuleError: It cannot be read, or is not YAML as rule files use it: no aliases, keys once and text.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as err:
        raise RuleError(path, 1, f"cannot be read: {err}") from err
    return parse_text(text, path)


def parse_text(text: str, path: str) -> Node:
    """As `parse_document`, of *text* that is, or stands for, the file at *path*."""
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        raise RuleError(path, line, f"not YAML: {err.problem}") from err
    except yaml.YAMLError as err:
        raise RuleError(path, 1, f"not YAML: {err}") from err
    if root is None:
        raise RuleError(path, 1, "the file is empty")
    return _plain(path, root, set())


def _plain(path: str, node: Any, seen: set[int]) -> Node:
    """Plain data with line numbers; scalars stay text except plain numbers and booleans, null is the empty text."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        # An alias is the node itself once more; it may even lie within it.
        raise RuleError(path, line, "aliases (*name) are not read; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(path, node, seen)
    if isinstance(node, yaml.SequenceNode):
        return Node([_plain(path, item, seen) for item in node.value], line, {})
    return Node(_scalar(node), line, {})


def _scalar(node: Any) -> str | float | bool:
    if node.tag == "tag:yaml.org,2002:null":
        return ""
    if node.tag == "tag:yaml.org,2002:bool" and node.value in ("true", "false"):
        return bool(node.value == "true")
    if node.tag in ("tag:yaml.org,2002:float", "tag:yaml.org,2002:int"):
        with contextlib.suppress(ValueError):
            return float(node.value)
    return str(node.value)


def _plain_mapping(path: str, node: Any, seen: set[int]) -> Node:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise RuleError(path, line, "a key must be text")
        if key.value in values:
            raise RuleError(path, line, f"key {key.value!r} stands twice")
        lines[key.value] = line
        values[key.value] = _plain(path, value, seen)
    return Node(values, node.start_mark.line + 1, lines)
