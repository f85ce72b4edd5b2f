# SPDX-License-Identifier: Apache-2.0
"""
Conditions, three-valued: what is known of a request decides, the rest is left open with its reason.

Source: IAM User Guide, "Condition operators" and "Single-valued vs. multivalued context keys". Several values of one
key are alternatives (none of them may match for a negated operator); keys and operators must all hold.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import enum
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence

from secrethunt.identity.aws.documents import Condition
from secrethunt.identity.aws.patterns import filled, matches

Context = Mapping[str, Sequence[str] | None]
"""Condition keys in lower case and their values. An empty list: the request is known not to have the key. None, or a
missing key: nothing is known of it. A key `aws:principaltag/` with an empty list: all tags are known, so one that is
not among them is not there."""


class Truth(enum.IntEnum):
    """Kleene's three values; `min` is and, `max` is or."""

    NO = 0
    MAYBE = 1
    YES = 2


def judge(condition: Condition, context: Context) -> Truth:
    """Whether *condition* holds in *context*."""
    known = _known(condition.key, context)
    if condition.operator == "null":
        return _judge_null(condition, known)
    if known is None:
        return Truth.MAYBE
    if not known:
        return Truth.YES if condition.if_exists or _holds_when_absent(condition) else Truth.NO
    if condition.operator not in _OPERATORS:
        return Truth.MAYBE
    return _judge_values(condition, known, context)


def _known(key: str, context: Context) -> Sequence[str] | None:
    if key in context:
        return context[key]
    family, slash, _ = key.partition("/")
    return context.get(family + slash) if slash else None


def _judge_values(condition: Condition, known: Sequence[str], context: Context) -> Truth:
    is_negated, test = _OPERATORS[condition.operator]
    wanted = _filled_values(condition.values, context)
    found = [_any_matches(test, value, wanted) for value in known]
    if not condition.quantifier:
        result = max(found)
        return _negate(result) if is_negated else result
    each = [_negate(item) if is_negated else item for item in found]
    return min(each) if condition.quantifier == "forallvalues" else max(each)


def _judge_null(condition: Condition, known: Sequence[str] | None) -> Truth:
    if known is None:
        return Truth.MAYBE
    wants_absent = condition.values[0].lower() == "true" if condition.values else True
    return Truth.YES if wants_absent == (not known) else Truth.NO


def _holds_when_absent(condition: Condition) -> bool:
    """Negated operators hold of a key that is not there; so does ForAllValues."""
    if condition.quantifier == "forallvalues":
        return True
    operator = _OPERATORS.get(condition.operator)
    return operator is not None and operator[0] and not condition.quantifier


def _filled_values(values: Iterable[str], context: Context) -> list[str | None]:
    known = {key: value[0] for key, value in context.items() if value}
    return [filled(value, known) for value in values]


def _any_matches(test: Callable[[str, str], bool], value: str, wanted: Iterable[str | None]) -> Truth:
    result = Truth.NO
    for item in wanted:
        if item is None:
            result = max(result, Truth.MAYBE)
            continue
        try:
            result = max(result, Truth.YES if test(item, value) else Truth.NO)
        except ValueError:
            # A value of another type never matches (the documentation: "the condition evaluates to false").
            continue
    return result


def _negate(truth: Truth) -> Truth:
    return Truth(2 - truth)


def _is_in_network(wanted: str, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)


def _instant(text: str) -> datetime.datetime:
    if text.isdigit():
        return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _same_bytes(wanted: str, value: str) -> bool:
    try:
        return base64.b64decode(wanted) == base64.b64decode(value)
    except binascii.Error as err:
        raise ValueError("not base64") from err


_ARN_TEST = lambda wanted, value: matches(wanted, value)  # noqa: E731 - one of a table
_OPERATORS: Mapping[str, tuple[bool, Callable[[str, str], bool]]] = {
    "stringequals": (False, lambda wanted, value: wanted == value),
    "stringnotequals": (True, lambda wanted, value: wanted == value),
    "stringequalsignorecase": (False, lambda wanted, value: wanted.lower() == value.lower()),
    "stringnotequalsignorecase": (True, lambda wanted, value: wanted.lower() == value.lower()),
    "stringlike": (False, _ARN_TEST),
    "stringnotlike": (True, _ARN_TEST),
    "arnequals": (False, _ARN_TEST),
    "arnlike": (False, _ARN_TEST),
    "arnnotequals": (True, _ARN_TEST),
    "arnnotlike": (True, _ARN_TEST),
    "bool": (False, lambda wanted, value: wanted.lower() == value.lower()),
    "numericequals": (False, lambda wanted, value: float(value) == float(wanted)),
    "numericnotequals": (True, lambda wanted, value: float(value) == float(wanted)),
    "numericlessthan": (False, lambda wanted, value: float(value) < float(wanted)),
    "numericlessthanequals": (False, lambda wanted, value: float(value) <= float(wanted)),
    "numericgreaterthan": (False, lambda wanted, value: float(value) > float(wanted)),
    "numericgreaterthanequals": (False, lambda wanted, value: float(value) >= float(wanted)),
    "dateequals": (False, lambda wanted, value: _instant(value) == _instant(wanted)),
    "datenotequals": (True, lambda wanted, value: _instant(value) == _instant(wanted)),
    "datelessthan": (False, lambda wanted, value: _instant(value) < _instant(wanted)),
    "datelessthanequals": (False, lambda wanted, value: _instant(value) <= _instant(wanted)),
    "dategreaterthan": (False, lambda wanted, value: _instant(value) > _instant(wanted)),
    "dategreaterthanequals": (False, lambda wanted, value: _instant(value) >= _instant(wanted)),
    "ipaddress": (False, _is_in_network),
    "notipaddress": (True, _is_in_network),
    "binaryequals": (False, _same_bytes),
}
