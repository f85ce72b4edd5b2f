# SPDX-License-Identifier: Apache-2.0
"""Every shipped rule: its examples are found with exact bounds, its negative examples are not, its pattern is quick."""

from __future__ import annotations

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.records import Rule
from secrethunt.rulecheck import RuleChecker
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset

# Names of tests are made before any fixture is, so the rules are read here as well.
RULES = load_ruleset(RuleSelection(), DiskCache(None)).rules


@pytest.fixture(scope="session")
def checker(ruleset: Ruleset) -> RuleChecker:
    """All shipped rules in one detector."""
    return RuleChecker(ruleset)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_keeps_what_it_promises(rule: Rule, checker: RuleChecker) -> None:
    assert [] == [f"{rule.file}:{rule.line}: {complaint.message}" for complaint in checker.complaints(rule)]
