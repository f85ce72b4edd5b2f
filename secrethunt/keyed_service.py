# SPDX-License-Identifier: Apache-2.0
"""
Builds the patterns of credentials known by the name of their service alone: whatever their format, old, new or unknown.

They find what the exact rule of a provider does not: a format that changed, a service nobody wrote a rule for, words
in an order that no assignment has (`acme access token is x`). Their rules are generic and give way to exact ones.
"""

from __future__ import annotations

_BEGINS = r"""(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"""
_NAME = rf"""{_BEGINS}(?P<anchor>(?P<kind>(?i:{{keyword}})))"""
"""The name alone is the anchor: hundreds of literals cost Hyperscan nothing, hundreds of automata double it."""
_CREDENTIAL = r"""(?P<word>(?i:secret|private|access|token|key)s?|PAT|pat)"""
_GOES_ON = r"""(?![a-z])(?P<rest>[\w \t.\-]{0,20}?)"""
"""What follows a credential's word; `tokenizer`, `keyboard` and `secretmanager` are other words."""
_BEFORE_VALUE = r"""[\s"'`\\=:>({\[,.?|-]{1,8}"""
_SCHEME = r"""(?:(?:Bearer|Basic|OAuth|Token|ApiKey|X-Authorization) )?"""
"""A header's value told whole: `acme_auth: "Bearer x"`."""
_BODY = r"""[\w+/.~=-]"""
_RUN = r"""[0-9A-Za-z](?:[\w+~-]{0,40}[_+~-])?[0-9A-Za-z]{11}"""
_GROUPS = r"""[0-9A-Za-z]{5,8}(?:-[0-9A-Za-z]{4,8}){2}"""
_WHOLE = r"""(?=[\s"'`<>(){}\[\],:;&|\\]|\.?(?:\s|$))"""
"""Behind the value; a part of something longer is none."""
_VALUE = rf"""(?P<secret>(?:{_RUN}|{_GROUPS}){_BODY}{{2,1400}}[\w=+/~-]){_WHOLE}"""
"""A run of twelve letters and digits, or groups of them: words joined by dashes hold neither, as a rule."""
_ALONE = (
    rf"""(?P<secret>[0-9A-Za-z]{{8}}(?:-[0-9A-Za-z]{{4}}){{3}}-[0-9A-Za-z]{{12}}|{_RUN}[\w+/=~-]{{8,200}}){_WHOLE}"""
)


def service_pattern(keyword: str) -> str:
    """A rare name that *keyword* describes, a credential's word not far behind, then a long value."""
    return (
        rf"""{_NAME.format(keyword=keyword)}[\w\s.\-/:=?&]{{0,24}}?{_CREDENTIAL}"""
        + _GOES_ON
        + _BEFORE_VALUE
        + _SCHEME
        + _VALUE
    )


def common_service_pattern(keyword: str) -> str:
    """As `service_pattern` for names that stand everywhere: the credential's word follows at once."""
    between = r"""[_. \-]?(?:(?i:api|app|client|access|private|secret|auth)[_. \-]?)?"""
    anchor = rf"""{_BEGINS}(?P<anchor>(?P<kind>(?i:{keyword})){between}{_CREDENTIAL})"""
    return anchor + _GOES_ON + _BEFORE_VALUE + _SCHEME + _VALUE


def bare_service_pattern(keyword: str) -> str:
    """A rare name and the value at once, as in notes and on command lines: `acme x`, `acme: x`, `Acme("x")`."""
    return rf"""{_NAME.format(keyword=keyword)}[ \t:=\-'"(][ \t:='"]{{0,5}}""" + _ALONE


def noted_service_pattern(keyword: str) -> str:
    """As `bare_service_pattern`, but no assignment: for names whose own rules know what is assigned to them."""
    return rf"""{_NAME.format(keyword=keyword)}[ \-]{{1,2}}['"]?""" + _ALONE
