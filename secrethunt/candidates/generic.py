# SPDX-License-Identifier: Apache-2.0
"""
Judges the values of generic rules: is what stands behind `password =` a literal secret, or code, prose, a reference?

Only the value and its immediate surroundings are looked at; each test says in one clause what the value is instead.
"""

from __future__ import annotations

import re

from secrethunt.candidates.entropy import shannon_entropy
from secrethunt.records import Confidence

_IDENTIFIER_PATH = re.compile(
    rb"[A-Za-z_$@][A-Za-z_$]*\d{0,3}(?:(?:\.|->|::|\[|\?\.)(?:[A-Za-z_$]+\d{0,3}|\d{1,3}|['\"][\w$.-]*['\"])\]?)+[?!]?"
)
_DOTTED_WORDS = re.compile(rb"[A-Za-z_]{2,}(?:\.[A-Za-z_]{2,})+=?")
_SNAKE_OR_CAMEL = re.compile(
    rb"_*(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)(?:[_-](?:[a-z]+|[A-Z][a-z]+|[A-Z]+))+_*|[a-z]+(?:[A-Z][a-z]+)+"
)
_CALL = re.compile(rb"[\w.:>-]*[A-Za-z_]\w*\(.*|.*\)\s*[;,]?$", re.DOTALL)
_KEY_WORDS = re.compile(
    rb"(?i)(?:[a-z]*[_.-])*(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|tokens?|(?:api|access|private|public|secret|auth)?[_-]?keys?"
    rb"|passwort|wachtwoord|contrase\xc3\xb1a|senha|parola|credentials?|auth(?:entication|orization)?|username|user|login|name|email|id|bearer|basic|hash|salt|md5|sha\d*|nonce)"
    rb"(?:[_.-][a-z]*|value|keys?|field|words?|ids?|names?|token|secret|string|type|hash|data|code|input|text)?"
)
_LITERAL = re.compile(
    rb"(?i)(?:none|null|nil|undefined|true|false|yes|no|on|off|string|str|text|bytes?|int|integer|number|bool|boolean|object"
    rb"|any|void|async|await|lambda|func|optional|required|default|unset|empty|disabled|enabled|function|return|self|this|new|type|value|input|output"
    rb"|utf-?\d{1,2}\w{0,2}|ascii|latin-?1|iso-8859-\d{1,2}|get|post|put|patch|delete|cookie|session|reset|ignored|invalid"
    rb"|guest|root|hidden|plain|basic|bearer|file|path|prompt|env|config|test|unknown|n/?a|never|always|only|digest|uniq|wrong|incorrect|replaced?)"
)
_PATH_OR_URL = re.compile(
    rb"\S{0,24}://\S*|(?:classpath|file):\S*|(?:[a-z][a-z0-9+.-]*://|[A-Za-z]:\\|~?/|\.{1,2}/)[^\s]*|[\w.-]+(?:/[\w.-]+){2,}"
)
_VERSION_OR_NUMBER = re.compile(rb"v?\d+(?:\.\d+)*|0x[0-9a-fA-F]{1,8}|[\d:./ -]+")
_FILE_NAME = re.compile(
    rb"(?i)[\w.-]+\.(?:txt|json|ya?ml|xml|pem|key|crt|cer|py|js|ts|go|rb|java|md|html?|php|sh|conf|cfg|ini|env|properties|p12|jks)"
)
_PROSE = re.compile(rb"[A-Za-z]+[ ,][A-Za-z' ]+(?:,[A-Za-z' ]+)*[.!?:]?")
_SLOT = re.compile(rb"[a-z]+(?:[:./#_-]{1,2}[A-Za-z]+)+[:./]?")
_MASK = re.compile(rb"\[[A-Za-z ]+\]|<[A-Za-z ]+>")
_OPTION = re.compile(rb"--?[a-z][\w-]*=?")
_TAG = re.compile(rb"![A-Za-z:]+")
_EXPANSION = re.compile(rb"[?+-][A-Za-z ]*")
_ENVIRONMENT = re.compile(rb"[A-Z][A-Z0-9]{0,14}(?:_[A-Z0-9]{1,14}){1,8}")
_DIGITS = re.compile(rb"\d+")
_PASSPHRASE = re.compile(rb"[a-z]{3,12}(?:-[a-z]{3,12}){3,7}")
_ABOUT_KEYS = re.compile(
    rb"pass|secret|token|key|cred|auth|login|user|the|your|with|from|this|that|config|name|form|page|random|string|long"
    rb"|secure"
)
_HASH = re.compile(
    rb"\$(?:2[abxy]?|1|5|6|y|apr1|argon2\w{1,2}|scrypt|pbkdf2[\w-]*|P|S|H)\$.*|(?:md5|sha\d{1,3}|crypt|bcrypt|pbkdf2|scrypt"
    rb"|argon2)\w*\$.*|\{S?(?:SHA|MD5|CRYPT)\d*\}.*"
)
_RESOURCE = re.compile(rb"[a-z]{2,12}\d{0,2}(?:-[a-z]{2,12}){1,4}-\d{3,12}")
_COLOUR = re.compile(rb"#[0-9A-Fa-f]{3,8}")
_SELECTOR = re.compile(rb"[#.:]{1,2}[A-Za-z]+(?:[-_][A-Za-z]+)*")
_JOINED_WORDS = re.compile(rb"(?=.{0,24}$)[A-Za-z]+\d{0,2}(?:[_:.-](?:[a-z]+|[A-Z]+)\d{0,2})+")
_ONE_CHARACTER = re.compile(rb"(.)\1{3,}")
_LABEL = re.compile(rb",?[A-Za-z][\w.-]*:")
_FILE_TO_READ = re.compile(rb"@(?:/[\w./-]+|[\w./-]+\.[a-z]{2,4})")
_WORD_LIST = re.compile(rb"%[wWiIqQ][\[({<|].*", re.DOTALL)
_JOINT = re.compile(rb"\.\$[\w\[\]'>-]*")
_PACKAGE = re.compile(rb"[A-Za-z][\w.]*(?:-[A-Za-z]\w*)*[-@]v?\d+\.\d+[\w.]*")
_ESCAPES = re.compile(rb"(?:\\[ux][0-9a-fA-F]{2,4}){1,7}")
_EAST_ASIAN = re.compile(rb".*(?:[\xe3-\xed][\x80-\xbf]{2}){2}.*", re.DOTALL)
_NAME_OF_TYPE = re.compile(rb"(?:[A-Z]{1,3}[a-z]{2,}\d{0,2}){2,}")
_NAME_WITH_KEYWORD = re.compile(
    rb"[A-Za-z][a-z]*(?:\d{0,2}[A-Z][a-z]*)*?(?:Password|Passwd|Secret|Token|Credentials?|Key)s?(?:[A-Z][a-z]*)*"
)
_SHAPES = (
    (_SLOT, "the name of a slot"),
    (_MASK, "a mask"),
    (_OPTION, "an option of a command"),
    (_TAG, "a YAML tag"),
    (_EXPANSION, "a default of a shell expansion"),
    (_ENVIRONMENT, "the name of a variable"),
    (_HASH, "a hash"),
    (_RESOURCE, "the name of a resource"),
    (_COLOUR, "a colour"),
    (_SELECTOR, "a selector"),
    (_LABEL, "a label"),
    (_EAST_ASIAN, "text in a script that no password has"),
    (_FILE_TO_READ, "a file to read it from"),
    (_WORD_LIST, "a list of words"),
    (_JOINT, "code between two literals"),
    (_PACKAGE, "a package and its version"),
    (_ONE_CHARACTER, "one character repeated"),
    (_ESCAPES, "a few characters in escapes"),
    (_DOTTED_WORDS, "an identifier"),
    (_NAME_WITH_KEYWORD, "an identifier"),
    (_SNAKE_OR_CAMEL, "an identifier"),
    (_PATH_OR_URL, "a path or URL"),
    (_VERSION_OR_NUMBER, "a number or version"),
    (_FILE_NAME, "a file name"),
    (_PROSE, "prose"),
)

_ABOUT = re.compile(
    rb"(?i)(?:.*(?:ids?|ur[il]s?|files?|paths?|names?|labels?|titles?|text|types?|class(?:es)?|fields?|len(?:gth)?|size|expir\w*"
    rb"|ttl|timeout|hint|placeholder|messages?|errors?|prompt|format|regexp?|pattern|polic(?:y|ies)|count|algo(?:rithm)?"
    rb"|endpoints?|host|dir|columns?|headers?|params?|prefix|suffix|variable|env|inputs?|forms?|page|view|button|selector"
    rb"|version|mode|enabled|required|date|time|_at|strength|changed?|resets?|index|kind|provider|store|hash(?:e[sd])?"
    rb"|digest|salt|method|encryption|response|json|startswith|contains|eight|attempts?|complexity\w*"
    rb"|manager|service|scope|ref|arn|location|factory|handler|validator|encoder|description|example|template)|ing|i[sz](?:e[rd]?|ing|ations?))"
)


def about_secret_reason(rest: bytes) -> str:
    """Why a name that goes on with *rest* after `password` or `token` names no secret (`tokenUrl`), or empty."""
    return "the name is about a secret" if _ABOUT.fullmatch(rest) else ""


def _is_path(value: bytes) -> bool:
    """Names joined as code joins them; with digits in two places it is a password that has a dot."""
    return _IDENTIFIER_PATH.fullmatch(value) is not None and len(_DIGITS.findall(value)) < 2


def _is_passphrase(value: bytes) -> bool:
    """Four words or more joined by dashes, as generators make them; names of things say what they are about."""
    return _PASSPHRASE.fullmatch(value) is not None and _ABOUT_KEYS.search(value) is None


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
    return _code_reason(value, is_quoted=is_quoted) or _shape_reason(value)


def _code_reason(value: bytes, *, is_quoted: bool) -> str:
    if not is_quoted and (b"->" in value or _is_path(value) or _CALL.fullmatch(value)):
        return "code"
    if value[:1] in b")]},+" and b"(" in value:
        return "code"
    if _CALL.match(value) and b"(" in value and value.rstrip(b";, ").endswith(b")"):
        return "a call"
    return ""


def _shape_reason(value: bytes) -> str:
    if _is_passphrase(value):
        return ""
    return next((what for pattern, what in _SHAPES if pattern.fullmatch(value)), "")


_STOCK = re.compile(
    rb"(?i)(?:my|the|a|some|your|db|test|user|admin|root)?[_-]?(?:pass(?:word|wd|phrase)?|pwd?|secret|token|key|user(?:name)?"
    rb"|creds?|login|test|foo|bar|baz|pw|p|abc|xyz|guest|anonymous|root|admin)\d?"
)


def is_stock_word(value: bytes) -> bool:
    """Whether *value* is what people write where any password will do (`user:password@host`)."""
    return _STOCK.fullmatch(value) is not None


def is_name_of_type(value: bytes) -> bool:
    """Whether *value* is capitalised words without a gap (`AcmeOAuth2Provider`); chance makes none so long."""
    return _NAME_OF_TYPE.fullmatch(value) is not None


_PASSWORD_WORD = re.compile(rb"(?i)pass|pwd|_pw")
_TOKEN_WORD = re.compile(rb"(?i)token|credential")
_KEY_WORD = re.compile(rb"(?i)token|key$")
_SHORTEST_KEY = 10
_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")


_CHOSEN_WORD = re.compile(rb"(?i)pass|pwd|_pw|secret")


def is_chosen_by_people(word: bytes) -> bool:
    """Whether what *word* announces is typed by people, who take `1234abcd` as well; services never give that out."""
    return _CHOSEN_WORD.search(word) is not None


def generic_confidence(word: bytes, value: bytes, confidence: Confidence) -> tuple[Confidence, str]:
    """How sure a generic rule is of *value* beside *word*: people choose plain words as passwords, never as tokens."""
    against = _against_key(word, value)
    if against:
        return Confidence.LOW, against
    level = strength(value)
    if level >= 2:
        return confidence, "the value looks chosen to be secret"
    if _PASSWORD_WORD.match(word):
        return confidence, "the value is simple, as passwords are"
    if level == 1 and len(value) >= 8:
        return confidence, "the value is short or simple"
    if len(value) >= 10 and not _TOKEN_WORD.match(word):
        return confidence, "the value is long, as secrets are"
    return Confidence.LOW, "the value is a plain word"


def _against_key(word: bytes, value: bytes) -> str:
    """Why *value* would be an unusual token or key, whatever it would be as a password; or empty."""
    if _is_passphrase(value) and _TOKEN_WORD.match(word):
        return "words joined by dashes"
    if _KEY_WORD.search(word) and _JOINED_WORDS.fullmatch(value):
        return "words joined by signs"
    if len(value) < _SHORTEST_KEY and _KEY_WORD.search(word):
        return "shorter than keys are"
    if _ADDRESS.fullmatch(value) and not is_chosen_by_people(word):
        return "an address for mail"
    return ""


_SIGNS = bytes(byte for byte in range(256) if not chr(byte).isalnum())
_STRENGTH_CLASSES = tuple(
    re.compile(members) for members in (rb"[0-9]", rb"[A-Z]", rb"[a-z]", b"[" + re.escape(_SIGNS) + b"]")
)


def strength(value: bytes) -> int:
    """How much *value* looks chosen to be secret, 0 (a plain word) to 3 (random)."""
    classes = sum(pattern.search(value) is not None for pattern in _STRENGTH_CLASSES)
    if len(value) >= 16 and classes >= 2 and shannon_entropy(value) >= 3.5:
        return 3
    if classes >= 3 or (classes >= 2 and len(value) >= 10):
        return 2
    return 1 if classes >= 2 else 0
