# SPDX-License-Identifier: Apache-2.0
"""
Makes valid sample credentials from a rule's own pattern, and fills example templates with them.

The repository holds no credential-looking text: examples are templates, `{{secret}}` for a sample of the rule itself,
`{{other.rule-id}}` for one of another rule. Samples are reproducible: same rule, same seed, same bytes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from re import _constants as sre  # type: ignore[attr-defined]  # the same private parser as `anchors.py`, same reason
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from secrethunt.candidates.entropy import has_class, shannon_entropy
from secrethunt.candidates.placeholders import placeholder_reason
from secrethunt.checksums import CHECKSUMS
from secrethunt.records import Rule

_TEMPLATE = re.compile(r"\{\{\s*([a-z0-9.-]+)\s*\}\}")
_MOST_REPEATS = 24
"""How often an open-ended repeat is repeated at most beyond its least."""
_TRIES = 400
_PRINTABLE = [*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]
_SYMBOLS = [byte for byte in range(0x20, 0x7F) if byte not in _PRINTABLE and byte != ord("_")]
_CATEGORY_BYTES = {
    sre.CATEGORY_DIGIT: list(range(0x30, 0x3A)),
    sre.CATEGORY_WORD: _PRINTABLE,
    sre.CATEGORY_SPACE: [0x20],
    sre.CATEGORY_NOT_SPACE: _PRINTABLE,
    sre.CATEGORY_NOT_DIGIT: list(range(0x61, 0x7B)),
    sre.CATEGORY_NOT_WORD: [0x20],
}


class SampleError(ValueError):
    """No sample of a rule passes the rule's own tests, or a template names a rule that does not exist."""


def fill_template(template: str, rule: Rule, rules: Mapping[str, Rule], *, seed: int = 0) -> tuple[bytes, bytes]:
    """
    Replace every `{{…}}` of *template*.

    Returns:
        The text, and the sample that stands for `{{secret}}` (made even where the template does not use it).

    Raises:
        SampleError: A name that is neither `secret` nor the id of one of *rules*.
    """
    own = sample_secret(rule, seed=seed)

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "secret":
            return own.decode("latin-1")
        if name not in rules:
            raise SampleError(f"{{{{{name}}}}} names no rule")
        return sample_secret(rules[name], seed=seed).decode("latin-1")

    return _TEMPLATE.sub(replace, template).encode("latin-1" if template.isascii() else "utf-8"), own


def sample_secret(rule: Rule, *, seed: int = 0) -> bytes:
    """
    A value that fits *rule*: pattern, alphabet, entropy, checksum.

    Raises:
        SampleError: None was found; the rule contradicts itself.
    """
    source = random.Random(f"{rule.id}/{seed}")
    tree = parser.parse(rule.pattern.encode("utf-8"))
    secret = _find_group(tree, tree.state.groupdict["secret"])
    ignore = [re.compile(pattern.encode("utf-8")) for pattern in rule.ignore]
    for _ in range(_TRIES):
        value = _generate(secret, source)
        if rule.checksum:
            value = CHECKSUMS[rule.checksum].complete(value)
        if _fits(rule, value, ignore):
            return value
    raise SampleError(f"no sample of {rule.id} passes its own tests")


def sample_text(pattern: str, *, seed: int = 0) -> str:
    """
    A text that all of *pattern* matches.

    Raises:
        SampleError: None was found.
    """
    source = random.Random(f"{pattern}/{seed}")
    tree = parser.parse(pattern.encode("utf-8"))
    compiled = re.compile(pattern, re.DOTALL)
    for _ in range(_TRIES):
        text = _generate(tree, source).decode("utf-8", "replace")
        if compiled.fullmatch(text):
            return text
    raise SampleError(f"no text was found that {pattern!r} matches")


def _fits(rule: Rule, value: bytes, ignore: list[re.Pattern[bytes]]) -> bool:
    return (
        all(has_class(value, name) for name in rule.charset)
        and shannon_entropy(value) >= rule.min_entropy
        and not placeholder_reason(value[:200])
        and not any(pattern.search(value) for pattern in ignore)
    )


def _find_group(tree: Any, group: int) -> Any:
    """The body of the group numbered *group*, wherever it stands."""
    for op, argument in tree:
        children: list[Any] = []
        if op is sre.SUBPATTERN:
            if argument[0] == group:
                return argument[3]
            children = [argument[3]]
        elif op is sre.BRANCH:
            children = list(argument[1])
        elif op is sre.GROUPREF_EXISTS:
            children = [branch for branch in argument[1:] if branch]
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT, sre.ASSERT):
            children = [argument[-1]]
        elif op is sre.ATOMIC_GROUP:
            children = [argument]
        for child in children:
            found = _find_group(child, group)
            if found is not None:
                return found
    return None


def _generate(tree: Any, source: random.Random) -> bytes:
    return b"".join(_generate_node(op, argument, source) for op, argument in tree)


def _generate_node(op: Any, argument: Any, source: random.Random) -> bytes:
    if op is sre.LITERAL:
        return bytes([argument])
    if op in (sre.IN, sre.ANY, sre.NOT_LITERAL):
        members = _members(argument) if op is sre.IN else [byte for byte in _PRINTABLE if byte != argument]
        return bytes([source.choice(members)])
    if op is sre.BRANCH:
        return _generate(source.choice(argument[1]), source)
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _generate(argument[3] if op is sre.SUBPATTERN else argument, source)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, high, body = argument
        count = source.randint(low, min(int(high), low + _MOST_REPEATS))
        return b"".join(_generate(body, source) for _ in range(count))
    return b""


def _members(items: Any) -> list[int]:
    """Bytes of a character class; letters and digits where it is negated."""
    is_negated = any(op is sre.NEGATE for op, _ in items)
    members: list[int] = []
    for op, argument in items:
        if op is sre.LITERAL:
            members.append(argument)
        elif op is sre.RANGE:
            members.extend(range(argument[0], argument[1] + 1))
        elif op is sre.CATEGORY:
            members.extend(_CATEGORY_BYTES[argument])
    if is_negated:
        left = [byte for byte in _PRINTABLE if byte not in members]
        return left or [byte for byte in _SYMBOLS if byte not in members] or [0x20]
    return members
