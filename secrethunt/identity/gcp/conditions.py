# SPDX-License-Identifier: Apache-2.0
"""
Conditions of bindings, three-valued: what is known of the resource and of the time decides, the rest stays open.

Sources: IAM, "Attribute reference for IAM Conditions"; github.com/google/cel-spec, doc/langdef.md. Understood are `&&`,
`||`, `!`, comparisons, `in`, and the text functions; anything else is open, named by its own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from secrethunt.identity.aws.conditions import Truth

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>r?"(?:[^"\\]|\\.)*"|r?'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\],.+*/%?:-]))"""
)
_LONGEST = 12_000
_DEEPEST = 60


class _Unknown:
    """A value that nobody knows here; operations on it are open."""


UNKNOWN = _Unknown()
Value = str | float | bool | datetime | list[object] | _Unknown


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request. Empty: nothing is known of it."""

    names: Sequence[str] = ()
    """`resource.name`, in every way that it may be written."""
    type: str = ""
    """`resource.type`: `storage.googleapis.com/Bucket`."""
    service: str = ""
    """`resource.service`: `storage.googleapis.com`."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


class ConditionError(ValueError):
    """The expression is no CEL that is understood."""


def judge(expression: str, facts: Facts) -> Truth:
    """Whether the condition holds; open where it cannot be read."""
    if not expression.strip():
        return Truth.YES
    best = Truth.NO
    for name in facts.names or ("",):
        try:
            value = _Reader(expression, facts, name).whole()
        except (ConditionError, RecursionError):
            return Truth.MAYBE
        best = max(best, _truth(value))
    return best


def _truth(value: object) -> Truth:
    if isinstance(value, bool):
        return Truth.YES if value else Truth.NO
    return Truth.MAYBE


def _value(truth: Truth) -> Value:
    return UNKNOWN if truth is Truth.MAYBE else truth is Truth.YES


def _tokens(expression: str) -> list[tuple[str, str]]:
    if len(expression) > _LONGEST:
        raise ConditionError("too long")
    found, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ConditionError(f"at {at}")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return [*found, ("end", "")]


class _Reader:
    """Recursive descent over one expression, evaluating as it reads."""

    def __init__(self, expression: str, facts: Facts, name: str) -> None:
        self._tokens = _tokens(expression)
        self._at = 0
        self._depth = 0
        self._known: Mapping[str, Value] = {
            "resource.name": name or UNKNOWN,
            "resource.type": facts.type or UNKNOWN,
            "resource.service": facts.service or UNKNOWN,
            "request.time": facts.now,
            "true": True,
            "false": False,
        }

    def whole(self) -> Value:
        value = self._either()
        if self._tokens[self._at][0] != "end":
            raise ConditionError("something follows")
        return value

    def _next(self, *signs: str) -> str:
        kind, text = self._tokens[self._at]
        if kind in ("sign", "name") and text in signs:
            self._at += 1
            return text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._next(sign):
            raise ConditionError(f"no {sign}")

    def _either(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError("too deep")
        value = self._both()
        while self._next("||"):
            value = _value(max(_truth(value), _truth(self._both())))
        self._depth -= 1
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._next("&&"):
            value = _value(min(_truth(value), _truth(self._compared())))
        return value

    def _compared(self) -> Value:
        left = self._single()
        while sign := self._next("==", "!=", "<=", ">=", "<", ">", "in"):
            left = _compare(left, sign, self._single())
        return left

    def _single(self) -> Value:
        if self._next("!"):
            return _value(Truth(2 - _truth(self._single())))
        value = self._primary()
        while True:
            if self._next("."):
                value = self._member(value)
            elif self._next("["):
                self._either()
                self._expect("]")
                value = UNKNOWN
            else:
                return value

    def _primary(self) -> Value:
        kind, text = self._tokens[self._at]
        if self._next("("):
            value = self._either()
            self._expect(")")
            return value
        if self._next("["):
            return list(self._arguments("]"))
        self._at += 1
        if kind == "text":
            return _text(text)
        if kind == "number":
            return float(text)
        if kind == "name":
            return self._named(text)
        raise ConditionError(f"unexpected {text}")

    def _named(self, name: str) -> Value:
        """A name with all that is dotted to it, up to a call."""
        while self._tokens[self._at][1] == "." and self._tokens[self._at + 2][1] != "(":
            if self._tokens[self._at + 1][0] != "name":
                break
            name += "." + self._tokens[self._at + 1][1]
            self._at += 2
        if self._next("("):
            arguments = self._arguments(")")
            return _moment(arguments) if name == "timestamp" else UNKNOWN
        return self._known.get(name, UNKNOWN)

    def _member(self, value: Value) -> Value:
        kind, name = self._tokens[self._at]
        if kind != "name":
            raise ConditionError("no name")
        self._at += 1
        if not self._next("("):
            return UNKNOWN
        arguments = self._arguments(")")
        call = _CALLS.get(name)
        if call is None or not isinstance(value, str) or len(arguments) != 1 or not isinstance(arguments[0], str):
            return UNKNOWN
        return call(value, arguments[0])

    def _arguments(self, end: str) -> list[Value]:
        found: list[Value] = []
        while not self._next(end):
            found.append(self._either())
            if not self._next(",") and self._tokens[self._at][1] != end:
                raise ConditionError(f"no {end}")
        return found


def _matches(value: str, pattern: str) -> Value:
    """Patterns are RE2's; those with groups that repeat are left open, lest a hostile one take for ever."""
    if len(pattern) > 200 or re.search(r"[*+}?]\)*[*+{]|\)[*+{]", pattern):
        return UNKNOWN
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return UNKNOWN


_CALLS: Mapping[str, Callable[[str, str], Value]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "matches": _matches,
}


def _text(token: str) -> str:
    if token.startswith("r"):
        return token[2:-1]
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _moment(arguments: Sequence[Value]) -> Value:
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        return UNKNOWN
    try:
        found = datetime.fromisoformat(arguments[0].replace("Z", "+00:00"))
    except ValueError:
        return UNKNOWN
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _compare(left: Value, sign: str, right: Value) -> Value:
    if isinstance(left, _Unknown) or isinstance(right, _Unknown):
        return UNKNOWN
    if sign == "in":
        items = right if isinstance(right, list) else []
        if left in items:
            return True
        return UNKNOWN if any(isinstance(item, _Unknown) for item in items) else False
    if type(left) is not type(right):
        return UNKNOWN
    return _ordered(left, sign, right)


def _ordered(left: object, sign: str, right: object) -> Value:
    if sign == "==":
        return left == right
    if sign == "!=":
        return left != right
    if not isinstance(left, (str, float, datetime)):
        return UNKNOWN
    is_less, is_same = left < right, left == right  # type: ignore[operator]  # both are of one type
    return {"<": is_less, "<=": is_less or is_same, ">": not is_less and not is_same, ">=": not is_less}[sign]
