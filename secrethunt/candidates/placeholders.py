# SPDX-License-Identifier: Apache-2.0
"""Values that stand for a secret without being one: documentation, templates, fillers. For every rule."""

from __future__ import annotations

import re

_WORDS = re.compile(
    rb"(?i)example|sample|placeholder|change[_-]?(?:me|it|this)|replace[_-]?(?:me|with|this)|redacted|fixme|todo|dummy"
    rb"|your[_ -]?(?:own|api|key|token|secret|pass|access|client|account|auth|bot|app|personal|private|user|slack|git|org"
    rb"|project|webhook|value|here|db|real)|(?:token|key|secret|password|value)[_-]?here|insert[_-]|<[a-z]|obfuscated"
    rb"|n[o0]t[_-]?(?:a[_-]?)?(?:real|valid|secret)|foo[_-]?bar|lorem|xxxx|\*{3}|\.{3}|deadbeef|abcdefghij|0123456789"
    rb"|1234567890|987654321"
)
"""Words and runs that people write where a secret will go; a random token holds one by chance too seldom to matter."""
_TEMPLATE = re.compile(
    rb"\$\{|\$\(|\{\{|\}\}|<%|%>|^%[A-Za-z_]+%$|^\$[A-Za-z_][\w.:-]*$|#\{|%\(\w+\)s|%[sdv]|\{[A-Za-z_.]*\}|^__\w+__$"
)
_LONG = 100
"""Encoded structures of this length hold runs (zeros read `AAAA` in base64) without being fillers."""
_RUN = re.compile(rb"(.)\1{6,}", re.DOTALL)


def placeholder_reason(value: bytes) -> str:
    """Why *value* is a placeholder, or an empty string where it may be real."""
    if _TEMPLATE.search(value):
        return "template"
    if len(value) < _LONG and _RUN.search(value):
        return "one character repeated"
    if _WORDS.search(value):
        return "placeholder word"
    if len(value) >= 12 and len(set(value)) <= 4:
        return "too few different characters"
    if len(value) >= 12 and _is_sequence(value):
        return "keyboard or alphabet sequence"
    return ""


def _is_sequence(value: bytes) -> bool:
    """Most neighbours differ by the same small step, as in `abcdef…` or `987654…`."""
    steps = [after - before for before, after in zip(value, value[1:], strict=False)]
    return max(steps.count(1), steps.count(-1)) > len(steps) * 0.6
