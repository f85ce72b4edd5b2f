# SPDX-License-Identifier: Apache-2.0
"""Values that stand for a secret without being one: documentation, templates, fillers. For every rule."""

from __future__ import annotations

import itertools
import re

_WORDS = re.compile(
    rb"(?i)example|sample|placeholder|change[_-]?(?:me|this)|replace[_-]?(?:me|with|this)|redacted|fixme|todo|dummy"
    rb"|your[_ -]?(?:own|api|key|token|secret|pass|access|client|account|auth|bot|app|personal|private|user|slack|git"
    rb"|org|project|webhook|value|here|db|real)|(?:token|key|secret|password|value)[_-]?here|insert[_-]|<[a-z]|obfuscated"
    rb"|n[o0]t[_-]?(?:a[_-]?)?(?:real|valid|secret|pass)|foo[_-]?bar|lorem|xxxx|\*{3}|\.{3}|#{6}"
)
"""Words and runs that people write where a secret will go; a random token holds one by chance too seldom to matter."""
_EXPRESSION = rb"(?:[\w\s.$@!#:%^&*/'\"()\[\]?|+,~;-]|=>?|->|\\.)*"
_TEMPLATE = re.compile(
    rb"\$\{"
    + _EXPRESSION
    + rb"(?:[{}]|$)|\$\(|\{\{"
    + _EXPRESSION
    + rb"(?:\{|\}\}|\}?$)|^[^{]*\}\}|<%|%>|^%[A-Za-z_.]+%$"
    rb"|^#+[A-Za-z_]+#+$|^@[A-Z][A-Z0-9_]{2,}@?$|^[\"']?\$[A-Za-z_][\w.:/-]*(?:\$[A-Za-z_]+)?[\"']?$|^\$[A-Z][A-Z0-9_]+/|#\{|%\(\w+\)s"
    rb"|(?<![0-9A-Za-z%])%[sdv](?![0-9A-Za-z])|(?<!\{)\{[A-Za-z_.]*\}|^__\w+__$"
)
"""Slots of templates. Braces alone are none: what stands between them must read as an expression, or the value ends."""
_FILLER = re.compile(rb"(?i)deadbeef|abcdefgh|12345678|98765432|qwertyui|a1b2c3d4|fake|1234-1234|abcdefabc|123456123|xyzxyzxyz")
_PUBLISHED = re.compile(rb"33f!!lloppa|hal\+9ooo_da|wJalrXUtnFEMI|6fe4476ee5a1832882")
"""Beginnings of values that manuals print: NuGet's and AWS's references, the search key of a documentation site."""
_FILLER = re.compile(rb"(?i)deadbeef|abcdefgh|12345678|98765432|qwertyui|a1b2c3d4|abcdefabc|123456123|xyzxyzxyz")
