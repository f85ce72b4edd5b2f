# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

from secrethunt.records import Secret
from secrethunt.ruleset import Ruleset
from secrethunt.samples import sample_secret
from secrethunt.validate.control import random_key
from tests.report.samples import make_rule


def test_a_random_key_differs_and_is_never_the_same() -> None:
    rule = make_rule()
    secret = Secret(sample_secret(rule))
    keys = {key.reveal() for _ in range(20) if (key := random_key(rule, secret)) is not None}
    assert 20 == len(keys)
    assert secret.reveal() not in keys
    assert all(re.fullmatch(rule.pattern.encode(), key) for key in keys)


def test_where_there_is_only_one_value_there_is_no_control() -> None:
    rule = make_rule(pattern="(?P<secret>acme_x7f2q9)")
    assert random_key(rule, Secret(b"acme_x7f2q9")) is None


def test_every_rule_of_ours_can_be_controlled_or_says_that_it_cannot(ruleset: Ruleset) -> None:
    made = [random_key(rule, Secret(b"")) for rule in ruleset.rules]
    assert len([key for key in made if key is not None]) > 0.95 * len(made)
