# SPDX-License-Identifier: Apache-2.0
"""Makes a finding of a value that somebody hands over, as a scan would have made one of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from secrethunt.candidates.judge import FACT_NAMES
from secrethunt.facts import read_facts, with_expiry
from secrethunt.findings import Fingerprinter, finding_id
from secrethunt.records import BlobKind, Finding, Part, Rule, Secret, Span

PATH = b"-"
_NOWHERE = Span(0, 0, 1, 1, 1, 1)


def given_finding(rule: Rule, text: bytes, parts: Mapping[str, bytes], fingerprinter: Fingerprinter) -> Finding:
    """
    The credential in *text*: what the pattern of *rule* captures there, or all of it.

    Args:
        parts: Companions and facts by name; names that the rule does not know are facts.
    """
    match = re.search(rule.pattern.encode("utf-8"), text)
    value = match.group("secret") if match else text
    said = read_facts(rule.id, value, match.group() if match else text, is_generic=rule.is_generic)
    specs = {spec.name: spec for spec in rule.parts}
    given = tuple((name, raw.decode("utf-8", "backslashreplace")) for name, raw in parts.items() if name not in specs)
    secret_id = fingerprinter.secret_id(rule, value)
    return Finding(
        finding_id=finding_id(secret_id, "-", PATH, 0),
        secret_id=secret_id,
        rule=rule,
        secret=Secret(value),
        confidence=rule.confidence,
        reasons=(),
        facts=with_expiry((*given, *_named(match), *said)),
        also=(),
        repository="-",
        path=PATH,
        span=_NOWHERE,
        kind=BlobKind.STREAM,
        first=None,
        last=None,
        at_head=False,
        in_worktree=True,
        reachable=True,
        refs=(),
        ref_count=0,
        occurrences=(),
        parts=tuple(
            Part(name, Secret(raw), bool(specs[name].rules), None, _NOWHERE)
            for name, raw in parts.items()
            if name in specs
        ),
    )


def given_names(rule: Rule) -> tuple[str, ...]:
    """What may be handed over beside the value of *rule*: its companions, and what its pattern names."""
    groups = re.compile(rule.pattern.encode("utf-8")).groupindex
    return tuple(dict.fromkeys([*(spec.name for spec in rule.parts), *(name for name in groups if name in FACT_NAMES)]))


def _named(match: re.Match[bytes] | None) -> tuple[tuple[str, str], ...]:
    groups = match.groupdict() if match else {}
    return tuple(
        (name, text.decode("utf-8", "backslashreplace"))
        for name, text in sorted(groups.items())
        if name in FACT_NAMES and text
    )
