# SPDX-License-Identifier: Apache-2.0
"""What `rules check` demands of a rule's `validate`: that it can be read, and that all it names can be known."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.records import Blob, BlobKind, Rule
from secrethunt.rulecheck import Complaint
from secrethunt.ruleset import Ruleset
from secrethunt.samples import SampleError, fill_template
from secrethunt.validate.contract import variable_name
from secrethunt.validate.declared import DeclaredCheck, wanted_names
from secrethunt.validate.spec import Checks


def check_validators(ruleset: Ruleset, checks: Checks) -> Iterator[Complaint]:
    """Everything that is wrong with how the rules of *ruleset* are checked at their providers."""
    detector = Detector(ruleset, DiskCache(None))
    rules: dict[str, Rule] = {rule.id: rule for rule in ruleset.rules}
    for rule in ruleset.rules:
        try:
            check = checks.get(rule.id)
        except RuleError as err:
            yield Complaint(rule, str(err).partition("validate: ")[2] or str(err))
            continue
        if isinstance(check, DeclaredCheck):
            for name in sorted(wanted_names(check) - known_names(rule, rules, detector)):
                yield Complaint(
                    rule, f"validate names {name!r}, which nothing gives: add it to `parts`, or as a choice"
                )


def known_names(rule: Rule, rules: dict[str, Rule], detector: Detector) -> set[str]:
    """The rule's parts, and what its examples are found to say of themselves."""
    known = {part.name for part in rule.parts}
    for number, example in enumerate(rule.examples):
        try:
            text, _ = fill_template(example, rule, rules, seed=number)
        except SampleError:
            continue
        found = detector.scan_bytes(Blob(text, BlobKind.STREAM, b"example"))
        known.update(
            variable_name(name) for candidate in found if candidate.rule.id == rule.id for name, _ in candidate.facts
        )
    return known
