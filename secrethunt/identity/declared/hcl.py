# SPDX-License-Identifier: Apache-2.0
"""
Reads HCL into plain blocks: text where a value is written out, a `Reference` where it names something else.

Nothing is evaluated but `jsonencode` of what is written there. Format: HCL Native Syntax Specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 40
_REFERENCE = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_*][\w-]*|\[[^\]]{0,80}\])*")


@dataclass(frozen=True, slots=True)
class Reference:
    """An expression that names something: `aws_iam_role.ci.arn`."""

    path: str

    @property
    def address(self) -> str:
        """The resource that it names, `type.name` or `data.type.name`; empty where it names none."""
        parts = re.sub(r"\[[^\]]*\]", "", self.path).split(".")
        if parts[0] == "data" and len(parts) >= 3:
            return ".".join(parts[:3])
        if len(parts) >= 2 and parts[0] not in ("var", "local", "module", "each", "count", "self", "path", "terraform"):
            return ".".join(parts[:2])
        return ""


@dataclass(slots=True)
class HclBlock:
    """A block with its labels; blocks in it by type, attributes by name."""

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    blocks: list[HclBlock] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The attribute if it is written out as text."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""

    def line_of(self, name: str) -> int:
        """Where the attribute stands; the block's own line where it has none."""
        return self.lines.get(name, self.line)

    def inner(self, type_name: str) -> Iterator[HclBlock]:
        """Blocks of this type in it; a dynamic one is its content."""
        for block in self.blocks:
            if block.type == type_name:
                yield block
            elif block.type == "dynamic" and block.labels == (type_name,):
                yield from block.inner("content")


def parse_hcl(data: bytes) -> tuple[list[HclBlock], int]:
    """The top-level blocks, and the first line that does not parse (1-based; 0: all does), which is left out."""
    import tree_sitter
    import tree_sitter_hcl

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
    root = parser.parse(data).root_node
    return _blocks(root), _broken_line(root) if root.has_error else 0


def _broken_line(node: Any) -> int:
    """Where the first part that is no HCL begins, below a *node* that holds one."""
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return int(node.start_point[0]) + 1


def _blocks(root: Any) -> list[HclBlock]:
    return [block for body in root.named_children if body.type == "body" for block in _body(body, 0)[2]]


def _body(body: Any, depth: int) -> tuple[dict[str, Any], dict[str, int], list[HclBlock]]:
    attributes: dict[str, Any] = {}
    lines: dict[str, int] = {}
    blocks: list[HclBlock] = []
    for node in body.named_children if depth < _DEEPEST else ():
        if node.type == "attribute" and node.named_child_count >= 2:
            name = _raw(node.named_children[0])
            attributes[name] = _value(node.named_children[-1], depth + 1)
            lines[name] = node.start_point.row + 1
        elif node.type == "block":
            blocks.append(_block(node, depth + 1))
    return attributes, lines, blocks


def _block(node: Any, depth: int) -> HclBlock:
    names = [child for child in node.named_children if child.type in ("identifier", "string_lit")]
    labels = tuple(_raw(child).strip('"') for child in names[1:])
    block = HclBlock(_raw(names[0]) if names else "", labels, node.start_point.row + 1)
    for child in node.named_children:
        if child.type == "body":
            block.attributes, block.lines, block.blocks = _body(child, depth)
    return block


def _raw(node: Any) -> str:
    return node.text.decode("utf-8", "replace") if node.text else ""


def _value(node: Any, depth: int) -> Any:
    children = node.named_children
    if depth > _DEEPEST:
        return None
    if node.type in _WRAPPERS and len(children) == 1:
        return _value(children[0], depth + 1)
    if node.type in _COLLECTIONS:
        return _COLLECTIONS[node.type](node, depth)
    text = _raw(node)
    if node.type == "variable_expr" or (node.type == "expression" and _REFERENCE.fullmatch(text)):
        return Reference(text)
    return text if node.type in ("numeric_lit", "bool_lit") else None


def _list(node: Any, depth: int) -> list[Any]:
    return [_value(child, depth + 1) for child in node.named_children[:2000] if child.type == "expression"]


def _object(node: Any, depth: int) -> dict[str, Any]:
    return dict(_members(node.named_children, depth))


def _members(children: list[Any], depth: int) -> Iterator[tuple[str, Any]]:
    for child in children[:2000]:
        parts = child.named_children
        if child.type == "object_elem" and len(parts) >= 2:
            yield _raw(parts[0]).strip().strip('"'), _value(parts[-1], depth + 1)


def _call(node: Any, depth: int) -> Any:
    """What `jsonencode` is given; of other functions nothing is known, but one thing they are given may be named."""
    children = node.named_children
    arguments = [item for child in children if child.type == "function_arguments" for item in child.named_children]
    if not children or not arguments:
        return None
    name = _raw(children[0])
    if name in ("jsonencode", "tostring", "tolist", "toset", "sensitive", "nonsensitive", "trimspace"):
        return _value(arguments[0], depth + 1)
    return None


def _string(node: Any, _depth: int) -> str:
    """The text, with what is interpolated as it stands in the file; indentation of a heredoc is kept."""
    skipped = ("quoted_template_start", "quoted_template_end", "heredoc_start", "heredoc_identifier")
    return "".join(_raw(child) for child in node.named_children if child.type not in skipped)


_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})
_COLLECTIONS: dict[str, Callable[[Any, int], Any]] = {
    "string_lit": _string,
    "quoted_template": _string,
    "heredoc_template": _string,
    "tuple": _list,
    "object": _object,
    "function_call": _call,
}


def as_document(value: Any) -> Any:
    """A policy that is written as an object or as JSON text; None where it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return _plain(value) if isinstance(value, dict) else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return f"${{{value.path}}}" if isinstance(value, Reference) else value
