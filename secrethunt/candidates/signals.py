# SPDX-License-Identifier: Apache-2.0
"""
What can be said of a value and the place where it stands, as short clauses that a person can check. Weighs nothing.

Each signal belongs to a group, so that a sum over them explains itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secrethunt.candidates.context import roles
from secrethunt.records import SyntaxContext


@dataclass(frozen=True, slots=True)
class Evidence:
    """A value, and the name it is given."""

    value: bytes
    name: bytes
    """The last name before it on its line."""


_KINDS_OF_NAME = (
    (
        "password",
        re.compile(rb"(?i)passw|passphrase|passcode|pwd|(?:^|[^a-z])pass(?:$|[^a-z])|pass$|_pw|(?:^|[^a-z])pw"),
    ),
    ("token", re.compile(rb"(?i)token|bearer|credential")),
    ("secret", re.compile(rb"(?i)secret|salt|nonce")),
    ("key", re.compile(rb"(?i)key")),
)
_TRIAL = re.compile(
    rb"(?i)test|fake|mock|dummy|stub|sample|example|wrong|invalid|incorrect|bad|expect|actual|bogus|another|other|foo|bar"
)
_STATE = re.compile(rb"(?i)new|old|current|confirm|repeat|again|verify|default|temp|initial")
_NAMED_FOR_ROLE = re.compile(
    rb"(?i)root|admin|db|database|mysql|postgres|pg|redis|mongo|rabbit|smtp|mail|ftp|ldap|aws|s3|master|sa|prod|keystore"
    rb"|truststore|app|client|api|access|auth|jwt|session|encrypt|sign|private|server|service|proxy"
)
_WORD_PARTS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\w]+|_+")
_SECRET_WORD = re.compile(
    rb"(?i)pass|pwd|secret|token|key|cred|auth|login|user|admin|root|welcome|letmein|s3cr|p[a@4]ss"
)
_SHORT_TRIAL = re.compile(
    rb"(?i:my|your|some|the|an?|new|old|bad|wrong|good|invalid|test|fake|foo|bar|baz|abc|any|this|that|first|second|other)"
    rb"(?:[-_.\dA-Z]|(?i:pass|pwd|pw\b|secret|token|key|cred|auth|user|login|client|value|test|bar)|$)"
)
_SEQUENCE = re.compile(
    rb"(?i)0?12345?|23456|98765|54321|abcd?e?f?|qwer|asdf|zxcv|qaz|1q2w|deadbeef|(?:1234)|aaa|(?:foo|bar){1,2}|x{3}|0{4}"
)
_PLAIN_SHAPES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("lower-case letters only", re.compile(rb"[a-z]+")),
    ("capitals only", re.compile(rb"[A-Z]+")),
    ("a capitalised word", re.compile(rb"[A-Z][a-z]+")),
    ("letters of both cases", re.compile(rb"[A-Za-z]+")),
    ("digits only", re.compile(rb"\d+")),
    ("a word and a number", re.compile(rb"[A-Za-z]+[_@!.-]?\d{1,6}[!@#$]?")),
    ("hexadecimal", re.compile(rb"(?:0x)?(?:[0-9a-f]{16,}|[0-9A-F]{16,})")),
    ("letters and digits", re.compile(rb"[A-Za-z0-9]+")),
    ("words joined by a sign", re.compile(rb"[A-Za-z]+(?:[-_.][A-Za-z]+)+")),
    ("words and numbers joined by a sign", re.compile(rb"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+")),
    ("base64", re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")),
)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")

_LITERALS_IN_WORDS = {
    roles.STRING: "a string literal",
    roles.TEXT: "written plainly",
    roles.BLOCK: "in a block of text",
    roles.COMMENT: "in a comment",
    roles.CODE: "an expression",
}
_NAMING = frozenset({roles.ASSIGNED})

_CHECKS = re.compile(r"(?i)assert|expect|equal|verify|check|match|should|compare|contains|has|is[A-Z_]|test")
_LOGS = re.compile(
    r"(?i)^(?:log(?!in|on|out)|debug|info|warn|error|fatal|print|trace|puts|echo|console|write)|printf?(?:ln)?$|log$|message"
)
_LOOKS_UP = re.compile(
    r"(?i)^(?:get|find|fetch|read|load|lookup|env|t|_|i18n|translate|gettext)|property|option$|param$"
)
_SENDS = re.compile(r"(?i)^(?:post|put|patch|delete|request|send|query|execute|open|exec|run|curl)")
_SIGNS_IN = re.compile(r"(?i)login|sign_?in|auth|create_?user|register|connect|user|session|credential")


def iter_signals(evidence: Evidence) -> Iterator[str]:
    """All that holds of a value and its name, as `group: clause`."""
    for group, read in _READERS.items():
        for clause in read(evidence):
            yield f"{group}: {clause}"


def iter_syntax_signals(context: SyntaxContext | None) -> Iterator[str]:
    """What the syntax adds to that."""
    if context is None:
        return
    if context.use:
        yield f"use: {context.use}"
    if context.callee:
        yield f"passed to: {_receiver(context.callee)}"


def describe(context: SyntaxContext | None) -> str:
    """The context in words, for a reader; empty where there is none."""
    if context is None:
        return ""
    parts = [_LITERALS_IN_WORDS.get(context.literal, "")]
    if context.is_part:
        parts.append("inside a longer text")
    if context.use:
        parts.append(f"{context.use} {context.name}".rstrip() if context.use in _NAMING else context.use)
    if context.callee:
        parts.append(f"passed to {context.callee}")
    if context.in_test:
        parts.append("in a test")
    return ", ".join(part for part in parts if part)


def _length(evidence: Evidence) -> Iterator[str]:
    size = len(evidence.value)
    for limit, clause in ((5, "4 or 5"), (7, "6 or 7"), (11, "8 to 11"), (19, "12 to 19"), (31, "20 to 31")):
        if size <= limit:
            yield clause
            return
    yield "32 or more"


def _shape(evidence: Evidence) -> Iterator[str]:
    value = evidence.value
    if _NOT_ASCII.search(value):
        yield "letters outside of ASCII"
        return
    yield next((what for what, pattern in _PLAIN_SHAPES if pattern.fullmatch(value)), "signs among letters or digits")


def _words(evidence: Evidence) -> Iterator[str]:
    value = evidence.value
    if len(value) > 64:
        return
    if _SECRET_WORD.search(value):
        yield "holds a word such as pass or key"
    if _TRIAL.search(value):
        yield "holds a word such as test or fake"
    if _SHORT_TRIAL.match(value):
        yield "begins with a word such as my or new"
    if _SEQUENCE.search(value):
        yield "holds a sequence that people type"
    if _alternations(value) >= 3 and len(value) >= 10:
        yield "letters and digits alternate"


def _alternations(value: bytes) -> int:
    kinds = [48 <= byte <= 57 for byte in value]
    return sum(one != other for one, other in itertools.pairwise(kinds))


def _name(evidence: Evidence) -> Iterator[str]:
    name = evidence.name
    yield next((kind for kind, pattern in _KINDS_OF_NAME if pattern.search(name)), "other")


def _name_words(evidence: Evidence) -> Iterator[str]:
    name = evidence.name
    if _TRIAL.search(name):
        yield "says test, expected or wrong"
    if _STATE.search(name):
        yield "says new, old or default"
    if _NAMED_FOR_ROLE.search(name):
        yield "says what it opens"
    if re.search(rb"\d[\"'\]]*$", name):
        yield "ends in a number"


def _receiver(callee: str) -> str:
    for clause, pattern in (
        ("a check", _CHECKS),
        ("a log", _LOGS),
        ("a request", _SENDS),
        ("a look-up", _LOOKS_UP),
        ("a sign-in", _SIGNS_IN),
    ):
        if pattern.search(callee):
            return clause
    return "another call"


_READERS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "length": _length,
    "alphabet": _shape,
    "words": _words,
    "named": _name,
    "name": _name_words,
}
