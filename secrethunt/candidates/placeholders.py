# SPDX-License-Identifier: Apache-2.0
"""Values that stand for a secret without being one: documentation, templates, fillers. For every rule."""

from __future__ import annotations

import itertools
import re

_WORDS = re.compile(
    rb"(?i)example|sample|placeholder|change[_-]?(?:me|this)|replace[_-]?(?:me|with|this)|redacted|fixme|todo|dummy"
    rb"|your[_ -]?(?:own|api|key|token|secret|pass|access|client|account|auth|bot|app|personal|private|user|slack|git"
    rb"|org|project|webhook|value|here|db|real)|(?:token|key|secret|password|value)[_-]?here|insert[_-]|<[a-z]|obfuscated"
    rb"|n[o0]t[_-]?(?:a[_-]?)?(?:real|valid|secret|pass)|foo[_-]?bar|base64[_-]?encoded|lorem|xxxx|\*{3}|\.{3}|#{6}"
)
"""Words and runs that people write where a secret will go; a random token holds one by chance too seldom to matter."""
_EXPRESSION = rb"(?:[\w\s.$@!#:%^&*/'\"()\[\]?|+,~;-]|=>?|->|\\.)*"
_TEMPLATE = re.compile(
    rb"\$\{"
    + _EXPRESSION
    + rb"(?:[{}]|$)|\$\(|\{\{"
    + _EXPRESSION
    + rb"(?:\{|\}\}|\}?$)|^[^{]*\}\}|<%|%>|^%[A-Za-z_.]+%$"
    rb"|^#+[A-Za-z_]+#+$|^@@[A-Z]+:.*@@$|^%%[A-Za-z_.]+%%$|^@[A-Z][A-Z0-9_]{2,}@?$|^[\"']?\$[A-Za-z_][\w.:/-]*(?:\$[A-Za-z_]+)?[\"']?$|^\$[A-Z][A-Z0-9_]+/|#\{|%\(\w+\)s"
    rb"|(?<![0-9A-Za-z%])%[sdv](?![0-9A-Za-z])|(?<!\{)\{[A-Za-z_.]*\}|^__\w+__$"
)
"""Slots of templates. Braces alone are none: what stands between them must read as an expression, or the value ends."""
_FILLER = re.compile(
    rb"(?i)deadbeef|abcdefgh|12345678|98765432|qwertyui|a1b2c3d4|fake|1234-1234"
    rb"|abcdefabc|123456123|xyzxyzxyz"
)
_PUBLISHED = re.compile(rb"33f!!lloppa|hal\+9ooo_da|wJalrXUtnFEMI|6fe4476ee5a1832882")
"""Beginnings of values that manuals print: NuGet's and AWS's references, the search key of a documentation site."""
_REPEATED_GROUPS = re.compile(rb"(?:([0-9A-Za-z])\1{2,}(?:[-_.:]|(?!\1)|$)){3,}")
_RUN = re.compile(rb"(.)\1{6,}", re.DOTALL)


def placeholder_reason(value: bytes) -> str:
    """Why *value* is a placeholder, or an empty string where it may be real."""
    if _TEMPLATE.search(value):
        return "template"
    if _has_long_run(value) or _REPEATED_GROUPS.fullmatch(value):
        return "one character repeated"
    if _WORDS.search(value):
        return "placeholder word"
    if _PUBLISHED.match(value):
        return "published example"
    if len(value) >= 12 and len(set(value)) <= 4:
        return "too few different characters"
    return ""


def _has_long_run(value: bytes) -> bool:
    """One character fills a good part of *value*; encoded structures hold shorter runs (zeros read `AAAA`)."""
    return any(len(match.group()) * 3 >= len(value) for match in _RUN.finditer(value))


def filler_reason(value: bytes, *, shortest: int = 12) -> str:
    """
    Why *value* looks typed by hand rather than made by a machine, or an empty string.

    Args:
        value: The value, or its beginning.
        shortest: Characters that a sequence has at least; the shorter it is, the more passwords are sequences.
    """
    if _FILLER.search(value) or (len(value) >= shortest and _is_sequence(value)):
        return "it holds a sequence that people type"
    return ""


def is_called_fake(value: bytes) -> bool:
    """Whoever chose it said so; of a generated token the four letters say nothing."""
    return b"fake" in value.lower()


def _is_sequence(value: bytes) -> bool:
    """Most neighbours differ by the same small step, as in `abcdef…` or `987654…`."""
    steps = [after - before for before, after in itertools.pairwise(value)]
    return max(steps.count(1), steps.count(-1)) > len(steps) * 0.6
