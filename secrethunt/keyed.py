# SPDX-License-Identifier: Apache-2.0
"""
Builds the patterns of credentials that have no prefix of their own: a word that announces them, then the value.

One mechanism serves every such rule, so that what counts as an assignment is decided in one place. Of each pattern the
word, mostly with the assignment, is the anchor; the value only has to be confirmed.
"""

from __future__ import annotations

from secrethunt.keyed_service import (
    bare_service_pattern,
    common_service_pattern,
    noted_service_pattern,
    service_pattern,
)

_NAME_REST = r"""[\w \t.\-\[\]/]{0,24}"""
"""What may follow a provider's word in the name that is assigned: `acme_api-key`, `acme.prod[api] key`."""
_CLOSE = r"""["'`\\\])}]{0,4}[ \t]{0,4}"""
_ASSIGN = r"""(?:=>|:{1,3}=|[?.+]=|\|\||[=:,>(|])"""
_SPOKEN = r"""[\w \t.\-]{0,14}(?i:key|token|secret|access|private|password|auth|id)["']?[ \t-]"""
"""A credential's word and a space in the place of an assignment, as on command lines and in notes: `acme token x`."""
_OPEN = r"""(?:[\s"'`\\(\[{=>]|&quot;|new |String\(|u8?["']|(?:Bearer|OAuth|Token|ApiKey)[ ])"""
"""What may stand between the assignment and the value: quotes, brackets, the scheme of an `Authorization` header."""
_GETTER = r"""\w{0,24}\(\)[ \t]{0,2}(?:(?:->|:)?[ \t]?[A-Za-z.]{1,16}[ \t]?)?\{\s{0,16}return"""
"""A function that gives the value out: `func acmeToken() string { return "x" }`."""

_WORD_REST = r"""(?P<rest>[\w.\-]{0,16})"""
"""What may follow a common word such as `password` in a name; no spaces, or prose would match."""
_OTHER_NAME = (
    r"""(?<![Hh]ashed)(?<![Hh]ashed_)(?<![Pp]ublic)(?<!PUBLIC)(?<![Pp]ublic[_-])(?<!PUBLIC_)(?<!ublicKey)"""
    r"""(?<![CcXx]srf)(?<![CcXx]srf[_-])(?<!SRF_)(?<![Ii]nvalid)(?<![Mm]atching)"""
)
"""Words before a common word that make it something else: `PublicKeyToken`, `hashed_password`, `csrf_token`."""
_TYPE = r"""(?:(?:[ \t]?:[ \t]?|[ \t])(?:&'static str|&?str|[Ss]tring|char|bytes?|text)(?:\[\]|[?!])?)"""
_COMPARE_OR_ASSIGN = r"""(?:=>|<<?-|:{1,3}=|[.?+|]=|\?\?|\|\||[!=]==?|[=:])"""
_CONVERSION = (
    r"""(?:(?:[\w\[\]]{1,20}(?:\.|::)){0,2}(?:(?!Get|Read|Load|Find|Env|Fetch|Look|Param|Config|Resource|Format|Query|Input"""
    r"""|Has|Is|Must|Check|Assert|Equal)[A-Z]\w{0,30}|(?:b64|base64_)?decode|from|bytes|\[\]byte|u|of|quote|unhexlify)"""
    r"""\([ \t]{0,2})"""
)
"""Constructors and conversions that a literal passes on its way into a variable; look-ups are not among them."""
_OPENING = (
    rf"""[ \t]{{0,12}}\(?(?:new )?{_CONVERSION}{{0,2}}(?:[bruf@N]|ConvertTo-SecureString )?\\{{0,3}}(?P<quote>["'`])"""
)
_QUOTED = r"""(?P<secret>(?:(?!(?P=quote))[^\s\\]|\\[^nrt"'`]){4,250})\\{0,3}(?P=quote)"""
_BARE_END = r"""(?=[ \t]{0,16}(?:[#;&,|)\]}"'`]|\\|\s|$))"""


def assigned_pattern(keyword: str, value: str) -> str:
    """
    *keyword* (any case), the rest of a name, an assignment, quotes or none, then *value* whole.

    Args:
        keyword: Regular expression of a provider's word; at least four letters, or it fires everywhere.
        value: Regular expression of the secret, without boundaries.
    """
    announced = f"(?:{_NAME_REST}{_CLOSE}{_ASSIGN}|{_SPOKEN}|{_GETTER})"
    # The keyword alone: with what may follow it, Hyperscan takes ten times as long to compile and finds no less.
    anchor = f"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?P<anchor>(?i:{keyword}))"
    return f"{anchor}{announced}{_OPEN}{{0,20}}(?<![0-9A-Za-z])(?<!h1:)(?P<secret>{value})(?![0-9A-Za-z_/+-])"


def companion_pattern(keyword: str, value: str) -> str:
    """*keyword* (any case), the rest of a name, an assignment, then *value* as the group `value`: plainer than
    `assigned_pattern`, since it is searched near a finding only and compiled in the middle of a scan."""
    name = rf"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:{keyword})[\w.\-]{{0,16}}"
    assign = r"""["'`\])}]{0,3}[ \t]{0,8}(?:=>|:?=|[:,(])[\s"'`\\(\[]{0,6}"""
    return rf"{name}{assign}(?<![0-9A-Za-z])(?P<value>{value})(?![0-9A-Za-z_/+-])"


def quoted_pattern(keyword: str) -> str:
    """A name that holds *keyword*, an assignment or comparison, and a quoted value without white space."""
    name = rf"""(?i:(?P<word>{keyword})){_WORD_REST}(?:\[\w{{0,6}}\]|["'`\\\]]{{0,4}})"""
    anchor = rf"""{_OTHER_NAME}(?P<anchor>{name}(?:{_TYPE}[ \t]{{0,3}}|[ \t]{{0,16}}){_COMPARE_OR_ASSIGN})"""
    return anchor + _OPENING + _QUOTED


def setter_pattern(keyword: str) -> str:
    """A quoted value as the argument of a setter that *keyword* names: `setPassword("x")`, `.token("x")`."""
    verb = r"(?:(?i:set|with|use|add|put)\w{0,12}|[.>])"
    anchor = (
        rf"""(?P<anchor>(?i:(?P<word>{keyword}))(?P<rest>\w{{0,8}})[ \t]?\([ \t]{{0,2}}[bruf@N]?(?P<quote>["'`]))"""
    )
    return rf"{verb}{anchor}{_QUOTED}"


def argument_pattern(keyword: str) -> str:
    """Name and value as arguments of one call: `define("DB_PASSWORD", "x")`, `env.get("TOKEN", "x")`."""
    verb = r"(?i:define|set|get|put|add|append|property|env|header|default|config|field|value)"
    call = rf"""(?:{verb}\w{{0,12}}\(|["']String["'][ ]?,|\(\d{{1,9}},)"""
    quoted = r"""[ \t]{0,4}["'`][\w.\-]{0,24}"""
    opening = r"""[ \t]{0,4}[bruf@N]?(?:["'`]\\{0,3}(?=["']))?(?P<quote>["'`])"""
    anchor = rf"""(?P<anchor>(?i:(?P<word>{keyword}))(?P<rest>[\w.\-]{{0,16}})["'`][ ]?,{opening})"""
    return rf"{call}{quoted}{anchor}{_QUOTED}"


def bare_pattern(keyword: str) -> str:
    """A name that holds *keyword*, `=` or `:`, and a value without quotes up to white space or the end of the line."""
    anchor = rf"{_OTHER_NAME}(?P<anchor>(?i:(?P<word>{keyword})){_WORD_REST}[ \t]{{0,10}}(?:[:?+]=|[=:](?!:)))"
    plain = r"""[^\s"'`<>(){}\[\],;|\\=]"""
    value = rf"""(?P<secret>{plain}{{4,200}}={{0,2}}|(?:(?!&){plain}){{3,60}}=(?:(?!&){plain}){{3,60}})"""
    return rf"""{anchor}[ \t]{{0,12}}{value}{_BARE_END}"""


def flag_pattern(keyword: str) -> str:
    """A command-line option that ends in *keyword*, then its value."""
    anchor = rf"(?P<anchor>(?<!\w)--?(?i:[\w\-]{{0,20}}?(?P<word>{keyword}))[ =])"
    return rf"""{anchor}[ \t]{{0,3}}\\?["']?(?:pass:)?(?P<secret>[^\s"'`<>(){{}}\[\],;|\\]{{4,200}})"""


def member_pattern(keyword: str) -> str:
    """Name and value as two members of one object: `- name: X_PASSWORD` above `value: x`, also in JSON."""
    name = rf"""[\w.\-:]{{0,20}}(?<!authenticity_)(?<!csrf_)(?i:(?P<word>{keyword}))(?P<rest>[\w.\-]{{0,8}})"""
    anchor = rf"""(?P<anchor>(?i:name|key|id|variable)["']?[ \t]?[:=]>?[ \t]?["']?{name}["']?(?:,?[\s}}]|,(?=["'])))"""
    other = r"""(?:\s{0,24}"?(?:type|secure|sensitive|enabled|encrypted)"?[ \t]?[:=][^\n:{}]{1,24}[,\n])?"""
    between = rf"""{other}\s{{0,24}}(?:[-{{][ \t])?"""
    value = r"""(?P<quote>["']?)(?P<secret>[^\s"'<>{}\[\],\\]{4,250})(?P=quote)(?=\s|[,;}\])/]|$)"""
    return rf"""{anchor}{between}\\?["']?(?i:value|default)\\?["']?[ \t]?[:=]>?[ \t]{{0,4}}{value}"""


def element_pattern(keyword: str) -> str:
    """Name and value as neighbouring elements of XML or HTML, or the name as attribute of the value's element."""
    name = rf"""[\w.\-]{{0,16}}(?i:(?P<word>{keyword}))(?P<rest>[\w.\-]{{0,8}})"""
    closing = r"""(?:</(?:key|name|td|th|dt|param-name)>|["'](?: \w{4,12}="\w{2,6}")?>)"""
    anchor = rf"""(?P<anchor>[>"']{name}{closing})"""
    opening = r"""\s{0,40}(?:<(?:string|value|td|dd|param-value|code)>)?\s{0,20}"""
    return rf"""{anchor}{opening}(?P<secret>[^\s<>"'{{}}&]{{4,250}})\s{{0,20}}</"""


def beside_pattern(keyword: str) -> str:
    """Name and quoted value side by side: `#define WIFI_PASSWORD "x"`, `storePassword "x"` on its own line."""
    told = r"""(?:#[ \t]?define|ENV|SetEnv|setx|setenv|proxy_set_header|fastcgi_param|config\.set)[ \t]{1,4}"""
    name = rf"""[\w.\-]{{0,24}}(?i:(?P<word>{keyword}))(?P<rest>[\w\-]{{0,8}})"""
    anchor = rf"""(?P<anchor>{name}[ \t]{{1,8}}(?P<quote>["']))"""
    lead = rf"""(?:(?P<told>{told})|(?<![^\n])[ \t]{{0,16}})"""
    value = r"""(?P<secret>[^\s"']{4,200})(?P=quote)[ \t]{0,4};?[ \t]{0,4}(?=\r|\n|/|$)"""
    return rf"{lead}{anchor}{value}"


FORMS = {
    "quoted": quoted_pattern,
    "setter": setter_pattern,
    "argument": argument_pattern,
    "bare": bare_pattern,
    "flag": flag_pattern,
    "member": member_pattern,
    "element": element_pattern,
    "beside": beside_pattern,
    "service": service_pattern,
    "common-service": common_service_pattern,
    "noted-service": noted_service_pattern,
    "bare-service": bare_service_pattern,
}
"""Ways in which a common word announces a value, by the name that rules use; `assigned` needs a value as well."""
