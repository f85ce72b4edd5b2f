# SPDX-License-Identifier: Apache-2.0
"""What `rules check` demands of a rule's `identify`: that it can be read, and that all it names is somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.identity.live.compile import unknown_words, wanted_names
from secrethunt.identity.live.declared import DeclaredIdentifier
from secrethunt.identity.live.spec import Identifiers
from secrethunt.records import Rule
from secrethunt.rulecheck import Complaint
from secrethunt.ruleset import Ruleset
from secrethunt.validate.speccheck import known_names


def check_identifiers(ruleset: Ruleset, identifiers: Identifiers) -> Iterator[Complaint]:
    """Everything that is wrong with how the rules of *ruleset* are identified."""
    detector = Detector(ruleset, DiskCache(None))
    rules: dict[str, Rule] = {rule.id: rule for rule in ruleset.rules}
    for rule in ruleset.rules:
        if rule.id not in identifiers:
            continue
        try:
            identifier = identifiers[rule.id]
        except RuleError as err:
            yield Complaint(rule, str(err).partition("identify: ")[2] or str(err))
            continue
        if not isinstance(identifier, DeclaredIdentifier):
            continue
        if not identifier.references:
            yield Complaint(rule, "identify has no reference: name the provider's documentation")
        for source in sorted(unknown_words(identifier)):
            yield Complaint(rule, f"identify: {source!r} reads no answer of its requests")
        for name in sorted(wanted_names(identifier) - known_names(rule, rules, detector)):
            yield Complaint(rule, f"identify names {name!r}, which nothing gives: add it to `parts`, or as a choice")
