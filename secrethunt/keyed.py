# SPDX-License-Identifier: Apache-2.0
"""
Builds the patterns of credentials that have no prefix of their own: a word that announces them, then the value.

One mechanism serves every such rule, so that what counts as an assignment is decided in one place. Of each pattern the
word and the assignment are the anchor; the value only has to be confirmed.
"""

from __future__ import annotations

_NAME_REST = r"""[\w \t.\-\[\]/]{0,24}"""
"""What may follow a provider's word in the name that is assigned: `acme_api-key`, `acme.prod[api] key`."""
_CLOSE = r"""["'`\\\])}]{0,4}[ \t]{0,4}"""
_ASSIGN = r"""(?:=>|:{1,3}=|[?.+]=|\|\||[=:,>(|])"""
_SPOKEN = r"""[\w \t.\-]{0,14}(?i:key|token|secret|access|private|password|auth|id)["']?[ \t-]"""
"""A credential's word and a space in the place of an assignment, as on command lines and in notes: `acme token x`."""
_OPEN = r"""(?:[\s"'`\\(\[{=>]|&quot;|new |String\(|u8?["'])"""

_WORD_REST = r"""(?P<rest>[\w.\-]{0,20})"""
"""What may follow a common word such as `password` in a name; no spaces, or prose would match."""
_TYPE = r"""(?:[ \t]?:?[ \t]?(?:string|str|String|char|bytes?|text)(?:\[\])?)?"""
_COMPARE_OR_ASSIGN = r"""(?:=>|:{1,3}=|[.?+]=|\?\?|\|\||[!=]==?|[=:,(>])"""


def assigned_pattern(keyword: str, value: str) -> str:
    """
    *keyword* (any case), the rest of a name, an assignment, quotes or none, then *value* whole.

    Args:
        keyword: Regular expression of a provider's word; at least four letters, or it fires everywhere.
        value: Regular expression of the secret, without boundaries.
    """
    announced = f"(?:{_NAME_REST}{_CLOSE}{_ASSIGN}|{_SPOKEN})"
    anchor = f"(?P<anchor>(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:{keyword}){announced})"
    return f"{anchor}{_OPEN}{{0,12}}(?<![0-9A-Za-z])(?P<secret>{value})(?![0-9A-Za-z_/+-])"


def quoted_pattern(keyword: str) -> str:
    """A name that holds *keyword*, an assignment or comparison, and a quoted value without white space."""
    name = rf"""(?i:(?P<word>{keyword})){_WORD_REST}["'`\\\]]{{0,4}}"""
    anchor = rf"""(?P<anchor>{name}{_TYPE}[ \t]{{0,10}}{_COMPARE_OR_ASSIGN})"""
    opening = r"""[ \t]{0,8}(?:[\w.]{1,16}\(|new |[bruf@N])?\\{0,3}(?P<quote>["'`])"""
    value = r"""(?P<secret>(?:(?!(?P=quote))[^\s\\]|\\[^nrt"'`]){4,250})\\{0,3}(?P=quote)"""
    return anchor + opening + value


def bare_pattern(keyword: str) -> str:
    """A name that holds *keyword*, `=` or `:`, and a value without quotes up to white space or the end of the line."""
    anchor = rf"(?P<anchor>(?i:(?P<word>{keyword})){_WORD_REST}[ \t]{{0,10}}(?:[:?+]=|[=:]))"
    value = r"""(?P<secret>[^\s"'`<>(){}\[\],;|\\=]{4,200}={0,2})"""
    return rf"""{anchor}[ \t]{{0,8}}{value}(?=[ \t]{{0,16}}(?:[#;&,|)\]}}"'`]|\\|\s|$))"""


def flag_pattern(keyword: str) -> str:
    """A command-line option that ends in *keyword*, then its value."""
    anchor = rf"(?P<anchor>(?<!\w)--?(?i:[\w\-]{{0,20}}?(?P<word>{keyword}))[ =])"
    return rf"""{anchor}[ \t]{{0,3}}\\?["']?(?P<secret>[^\s"'`<>(){{}}\[\],;|\\]{{4,200}})"""


FORMS = {"quoted": quoted_pattern, "bare": bare_pattern, "flag": flag_pattern}
"""Ways in which a common word announces a value, by the name that rules use; `assigned` needs a value as well."""
