# SPDX-License-Identifier: Apache-2.0
"""
Reads one YAML rule file into rules and their anchors; every error names file and line. Format: `docs/rules.md`.

How a credential is checked at its provider (`validate`) is left to `validate/`, which reads it when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn, TypeVar

from secrethunt.anchors import Anchor, AnchorError, derive_anchor
from secrethunt.checksums import CHECKSUMS
from secrethunt.errors import RuleError
from secrethunt.hints import hints
from secrethunt.keyed import FORMS, assigned_pattern, companion_pattern
from secrethunt.records import Confidence, NegativeExample, PartSpec, Rule, RuleId, Severity
from secrethunt.ruledocument import Node, parse_document, parse_text

CHARACTER_CLASSES = ("lower", "upper", "letter", "digit", "symbol")
_SHARED = ("provider", "rotate", "references", "keyword")
"""Keys that may stand at the top of a file, for all of its rules."""
_ELSEWHERE = ("validators", "validate", "identifiers", "identify", "scopes")
"""Keys that others read."""
_MOST_LINES = 200
"""Further away nothing is near."""
_PART_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_T = TypeVar("_T")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")


def read_rule_file(path: str) -> Iterator[tuple[Rule, Anchor]]:
    """
    Yield each rule of the file at *path* with its anchor.

    Raises:
        RuleError: Anything that is not as `docs/rules.md` says.
    """
    return _read_document(parse_document(path), path)


def read_rule_text(text: str, path: str) -> Iterator[tuple[Rule, Anchor]]:
    """As `read_rule_file`, of *text* that is, or stands for, the file at *path*."""
    return _read_document(parse_text(text, path), path)


def _read_document(document: Node, path: str) -> Iterator[tuple[Rule, Anchor]]:
    if not isinstance(document.value, dict):
        raise RuleError(path, 1, "a rule file is a mapping with `provider` and `rules`")
    unknown = set(document.value) - {"rules", *_SHARED, *_ELSEWHERE}
    if unknown:
        key = sorted(unknown)[0]
        raise RuleError(path, document.lines.get(key, 1), f"unknown key {key!r} at the top of the file")
    shared = {key: document.value[key] for key in _SHARED if key in document.value}
    entries = document.value.get("rules")
    if not isinstance(entries, Node) or not isinstance(entries.value, list) or not entries.value:
        raise RuleError(path, document.lines.get("rules", 1), "`rules` must be a list with at least one rule")
    for entry in entries.value:
        yield _RuleReader(path, entry, shared, document.lines).read()


class _RuleReader:
    """Turns one entry into a rule; the first thing wrong with it stops the reading."""

    def __init__(self, path: str, entry: Node, shared: dict[str, Node], lines: dict[str, int]) -> None:
        self._path = path
        self._entry = entry
        self._lines = {key: lines[key] for key in shared} | entry.lines
        self._left: dict[str, Node] = {}
        if not isinstance(entry.value, dict):
            self._fail("a rule is a mapping")
        self._left = {key: node for key, node in {**shared, **entry.value}.items() if key not in _ELSEWHERE}

    def read(self) -> tuple[Rule, Anchor]:
        pattern, blame = self._pattern()
        rule = Rule(
            id=RuleId(self._text("id", required=True)),
            name=self._text("name", required=True),
            provider=self._text("provider", required=True),
            nhi=self._text("nhi", required=True),
            severity=Severity[self._choice("severity", Severity.labels(), "high").upper()],
            confidence=Confidence[self._choice("confidence", Confidence.labels(), "high").upper()],
            pattern=pattern,
            checksum=self._choice("checksum", ("", *CHECKSUMS), ""),
            min_entropy=self._number("min_entropy"),
            charset=self._classes(),
            family=self._text("family"),
            is_generic=self._flag("generic"),
            in_binary=self._flag("binary"),
            parts=self._parts(),
            paths=self._paths(),
            ignore=self._patterns("ignore"),
            ignore_match=self._patterns("ignore_match"),
            ignore_line=self._patterns("ignore_line"),
            needs=self._texts("needs"),
            is_verbatim=self._flag("verbatim"),
            examples=self._texts("examples"),
            negative_examples=self._negative_examples(),
            rotate=self._text("rotate"),
            references=self._texts("references"),
            file=self._path,
            line=self._entry.line,
        )
        if not _ID.fullmatch(rule.id):
            self._fail(f"id {rule.id!r} must look like provider.kind-of-key, in lower case", "id")
        if self._left:
            key = sorted(self._left)[0]
            self._fail(f"unknown key {key!r}", key)
        return rule, self._anchor(pattern, blame)

    def _pattern(self) -> tuple[str, str]:
        """The confirming pattern, and the key to blame for it."""
        given = [key for key in ("pattern", "value", "form") if key in self._left]
        if len(given) != 1:
            choices = "`pattern`, `value` (with `keyword`) and `form` (with `keyword`)"
            self._fail(f"give one of {choices}", given[-1] if given else "")
        keyword = self._text("keyword", required=given != ["pattern"])
        text = self._text(given[0], required=True)
        if given == ["pattern"]:
            return self._compile(text, "pattern"), "pattern"
        if given == ["value"]:
            return self._compile(assigned_pattern(keyword, text), "value"), "value"
        if text not in FORMS:
            self._fail(f"'form' must be one of {', '.join(FORMS)}, not {text!r}", "form")
        return self._compile(FORMS[text](keyword), "form"), "form"

    def _compile(self, pattern: str, key: str) -> str:
        try:
            compiled = re.compile(pattern.encode("utf-8"))
        except (re.error, OverflowError, RecursionError) as err:
            self._fail(f"the pattern does not compile: {err}", key)
        if "secret" not in compiled.groupindex:
            self._fail("the pattern needs one (?P<secret>…)", key)
        if compiled.match(b""):
            self._fail("the pattern matches nothing at all", key)
        return pattern

    def _anchor(self, pattern: str, key: str) -> Anchor:
        try:
            return derive_anchor(pattern)
        except AnchorError as err:
            self._fail(f"no anchor: {err}", key)

    def _classes(self) -> tuple[str, ...]:
        classes = self._texts("charset")
        for name in classes:
            if name not in CHARACTER_CLASSES:
                self._fail(f"charset knows {', '.join(CHARACTER_CLASSES)}, not {name!r}", "charset")
        return classes

    def _patterns(self, key: str) -> tuple[str, ...]:
        patterns = self._texts(key)
        for pattern in patterns:
            try:
                re.compile(pattern.encode("utf-8"))
            except (re.error, OverflowError, RecursionError) as err:
                self._fail(f"{pattern!r} does not compile: {err}", key)
        return patterns

    def _paths(self) -> tuple[str, ...]:
        paths = self._texts("paths")
        for path in paths:
            kind, _, pattern = path.removeprefix("!").partition("re:")
            if kind or not pattern:
                continue
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as err:
                self._fail(f"{pattern!r} does not compile: {err}", "paths")
        return paths

    def _negative_examples(self) -> tuple[NegativeExample, ...]:
        node = self._left.pop("negative_examples", None)
        if node is None:
            return ()
        if not isinstance(node.value, list):
            self._fail("`negative_examples` must be a list", "negative_examples")
        return tuple(self._negative_example(item) for item in node.value)

    def _negative_example(self, item: Node) -> NegativeExample:
        if not isinstance(item.value, dict) or set(item.value) != {"text", "why"}:
            raise RuleError(self._path, item.line, "a negative example has `text` and `why`")
        text, why = item.value["text"].value, item.value["why"].value
        if not isinstance(text, str) or not isinstance(why, str):
            raise RuleError(self._path, item.line, "`text` and `why` must be text")
        return NegativeExample(text, why)

    def _parts(self) -> tuple[PartSpec, ...]:
        node = self._left.pop("parts", None)
        if node is None:
            return ()
        if not isinstance(node.value, list) or not all(isinstance(item.value, dict) for item in node.value):
            self._fail("`parts` must be a list of mappings", "parts")
        return tuple(self._part(item) for item in node.value)

    def _part(self, item: Node) -> PartSpec:
        """One part: read as a small entry of its own."""
        reader = _RuleReader(self._path, item, {}, {})
        name = reader._text("name", required=True)
        if not _PART_NAME.fullmatch(name):
            reader._fail(f"part {name!r} must be named in lower case, words joined by _", "name")
        pattern = reader._part_pattern()
        spec = PartSpec(
            name=name,
            rules=reader._texts("rules"),
            pattern=pattern,
            hints=hints(pattern),
            within=reader._within(),
            confirms=reader._flag("confirms"),
        )
        if bool(spec.rules) == bool(spec.pattern):
            reader._fail(f"part {name!r}: give `rules`, or a `pattern`, or a `keyword` with its `value`")
        if reader._left:
            key = sorted(reader._left)[0]
            reader._fail(f"unknown key {key!r} of part {name!r}", key)
        return spec

    def _within(self) -> int:
        lines = self._typed("within", float, 12.0, "a number of lines")
        if lines != int(lines) or not 0 <= lines <= _MOST_LINES:
            self._fail(f"'within' must be a number of lines up to {_MOST_LINES}", "within")
        return int(lines)

    def _part_pattern(self) -> str:
        keyword = self._text("keyword")
        key = "value" if keyword else "pattern"
        text = self._text(key, required=bool(keyword))
        if not text:
            return ""
        pattern = companion_pattern(keyword, text) if keyword else text
        try:
            is_empty = re.compile(pattern.encode("utf-8")).match(b"")
        except (re.error, OverflowError, RecursionError) as err:
            self._fail(f"the pattern does not compile: {err}", key)
        if is_empty:
            self._fail("the pattern matches nothing at all", key)
        return pattern

    def _text(self, key: str, *, required: bool = False) -> str:
        node = self._left.pop(key, None)
        if node is None or node.value == "":
            if required:
                self._fail(f"{key!r} is missing", key)
            return ""
        if not isinstance(node.value, str):
            self._fail(f"{key!r} must be text", key)
        return str(node.value)

    def _texts(self, key: str) -> tuple[str, ...]:
        node = self._left.pop(key, None)
        if node is None:
            return ()
        if not isinstance(node.value, list) or not all(isinstance(item.value, str) for item in node.value):
            self._fail(f"{key!r} must be a list of texts", key)
        return tuple(item.value for item in node.value)

    def _choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        chosen = self._text(key) or default
        if chosen not in choices:
            self._fail(f"{key!r} must be one of {', '.join(filter(None, choices))}, not {chosen!r}", key)
        return chosen

    def _number(self, key: str) -> float:
        return self._typed(key, float, 0.0, "a number")

    def _flag(self, key: str) -> bool:
        return self._typed(key, bool, False, "true or false")

    def _typed(self, key: str, kind: type[_T], default: _T, what: str) -> _T:
        node = self._left.pop(key, None)
        if node is None:
            return default
        if type(node.value) is not kind:
            self._fail(f"{key!r} must be {what}", key)
        return node.value

    def _fail(self, message: str, key: str = "") -> NoReturn:
        name = self._entry.value.get("id") if isinstance(self._entry.value, dict) else None
        label = f"rule {name.value}: " if name is not None else ""
        raise RuleError(self._path, self._lines.get(key, self._entry.line), label + message)
