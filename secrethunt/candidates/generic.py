# SPDX-License-Identifier: Apache-2.0
"""
Judges the values of generic rules: is what stands behind `password =` a literal secret, or code, prose, a reference?

Only the value and its immediate surroundings are looked at; each test says in one clause what the value is instead.
"""

from __future__ import annotations

import re

from secrethunt.candidates.entropy import shannon_entropy
from secrethunt.records import Confidence

_IDENTIFIER_PATH = re.compile(rb"[A-Za-z_$@][\w$]*(?:(?:\.|->|::|\[|\?\.)[\w$'\"\]]+)+[?!]?")
_SNAKE_OR_CAMEL = re.compile(
    rb"_*(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)(?:[_-](?:[a-z]+|[A-Z][a-z]+|[A-Z]+))+_*|[a-z]+(?:[A-Z][a-z]+)+"
)
_CALL = re.compile(rb"[\w.:>-]*[A-Za-z_]\w*\(.*|.*\)\s*[;,]?$", re.DOTALL)
_KEY_WORDS = re.compile(
    rb"(?i)(?:[a-z]*[_.-])*(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|tokens?|(?:api|access|private|public|secret|auth)?[_-]?keys?"
    rb"|credentials?|auth(?:entication|orization)?|username|user|login|name|email|id|bearer|basic|hash|salt|md5|sha\d*|nonce)"
    rb"(?:[_.-]?[a-z]*)?"
)
_KEY_PATH = re.compile(rb"(?i)(?:[\w-]+[.:/])+[\w-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|credential)s?")
_LITERAL = re.compile(
    rb"(?i)(?:none|null|nil|undefined|true|false|yes|no|on|off|string|str|text|bytes?|int|integer|number|bool|boolean|object"
    rb"|any|void|optional|required|default|unset|empty|disabled|enabled|function|return|self|this|new|type|value|input|output"
    rb"|hidden|plain|basic|bearer|file|path|prompt|env|config|test|unknown|n/?a|never|always|only)"
)
_PATH_OR_URL = re.compile(rb"(?:[a-z][a-z0-9+.-]*://|[A-Za-z]:\\|~?/|\.{1,2}/)[^\s]*|[\w.-]+(?:/[\w.-]+){2,}")
_VERSION_OR_NUMBER = re.compile(rb"v?\d+(?:\.\d+)*|0x[0-9a-fA-F]{1,8}|[\d:./ -]+")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FILE_NAME = re.compile(
    rb"(?i)[\w.-]+\.(?:txt|json|ya?ml|xml|pem|key|crt|cer|py|js|ts|go|rb|java|md|html?|php|sh|conf|cfg|ini|env|properties|p12|jks)"
)
_PROSE = re.compile(rb"[A-Za-z]+[ ,][A-Za-z' ]+(?:,[A-Za-z' ]+)*[.!?:]?")


_ABOUT = re.compile(
    rb"(?i).*(?:ids?|ur[il]s?|files?|paths?|names?|labels?|titles?|text|types?|class(?:es)?|fields?|len(?:gth)?|size|expir\w*"
    rb"|ttl|timeout|hint|placeholder|messages?|errors?|prompt|format|regexp?|pattern|polic(?:y|ies)|count|algo(?:rithm)?"
    rb"|endpoints?|host|dir|columns?|headers?|params?|prefix|suffix|variable|env|inputs?|forms?|page|view|button|selector"
    rb"|version|mode|enabled|required|date|time|_at|strength|changed?|reset|confirm(?:ation)?|index|kind|provider|store"
    rb"|manager|service|scope|ref|arn|location|factory|handler|validator|encoder|description|example|template)"
)


def about_secret_reason(rest: bytes) -> str:
    """Why a name that goes on with *rest* after `password` or `token` names no secret (`tokenUrl`), or empty."""
    return "the name is about a secret" if _ABOUT.fullmatch(rest) else ""


_SHAPES = (
    (_SNAKE_OR_CAMEL, "an identifier"),
    (_PATH_OR_URL, "a path or URL"),
    (_VERSION_OR_NUMBER, "a number or version"),
    (_UUID, "a UUID"),
    (_FILE_NAME, "a file name"),
    (_PROSE, "prose"),
)


def not_secret_reason(value: bytes, *, is_quoted: bool) -> str:
    """
    Why *value* is no secret, or an empty string where it may be one.

    Args:
        value: The bytes that were assigned, without quotes.
        is_quoted: They stood in quotes, so they cannot be code.
    """
    if len(value) < 4:
        return "too short"
    if _LITERAL.fullmatch(value):
        return "a keyword or type"
    if _KEY_WORDS.fullmatch(value) and not any(byte in b"0123456789!@#$%^&*" for byte in value):
        return "names the thing instead of being it"
    if not is_quoted and (_IDENTIFIER_PATH.fullmatch(value) or _CALL.fullmatch(value)):
        return "code"
    if _CALL.match(value) and b"(" in value and value.rstrip(b";, ").endswith(b")"):
        return "a call"
    return next((what for pattern, what in _SHAPES if pattern.fullmatch(value)), "")


_STOCK = re.compile(
    rb"(?i)(?:my|the|a|some|your|db|test|user|admin|root)?[_-]?(?:pass(?:word|wd|phrase)?|pwd?|secret|token|key|user(?:name)?"
    rb"|creds?|login|test|foo|bar|baz|pw|p|abc|xyz|guest|anonymous|root|admin)\d?"
)


def is_stock_word(value: bytes) -> bool:
    """Whether *value* is what people write where any password will do (`user:password@host`)."""
    return _STOCK.fullmatch(value) is not None


_PASSWORD_WORD = re.compile(rb"(?i)pass|pwd")


def generic_confidence(word: bytes, value: bytes, confidence: Confidence) -> tuple[Confidence, str]:
    """How sure a generic rule is of *value* beside *word*: people choose plain words as passwords, never as tokens."""
    level = strength(value)
    if level >= 2:
        return confidence, "the value looks chosen to be secret"
    if _PASSWORD_WORD.match(word) and len(value) >= 6:
        return confidence, "the value is simple, as passwords are"
    if level == 1 and len(value) >= 8:
        return confidence, "the value is short or simple"
    return Confidence.LOW, "the value is a plain word"


def strength(value: bytes) -> int:
    """How much *value* looks chosen to be secret, 0 (a plain word) to 3 (random)."""
    classes = sum(
        any(low <= byte <= high for byte in value) for low, high in ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A))
    ) + any(not chr(byte).isalnum() for byte in value)
    entropy = shannon_entropy(value)
    if len(value) >= 16 and entropy >= 3.5 and classes >= 2:
        return 3
    if classes >= 3 or (classes >= 2 and len(value) >= 10):
        return 2
    return 1 if classes >= 2 else 0
