# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.candidates.entropy import shannon_entropy
from secrethunt.checksums import CHECKSUMS
from secrethunt.records import RuleId
from secrethunt.samples import SampleError, fill_template, sample_secret
from tests.rule_samples import make_rule

PATTERNS = [
    r"acme_(?P<secret>[0-9a-f]{24})",
    r"(?P<secret>acme_(?:live|test)_\w{20}\d{3}\s)",
    r"(?P<secret>a.{8,})",
    r"(?P<secret>(?>ab|cd)x{2,4}+[^a-z]{9}y{2})",
    r"(?P<secret>[^\w]{8}[^0-9A-Za-z]{8}[^x]\W)",
    r"key(?=.(?P<secret>[a-z]{12}))",
    r"(?:(?:a(?P<secret>[a-z]{12}))|b){1,2}",
    r"(q)?(?(1)(?P<secret>[a-z]{12})|x)",
    r"(?i)ACME_(?P<secret>[a-f]{24})",
    r"(?P<secret>[\x20-\x7e]{30})",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_sample_is_made_wherever_the_secret_stands_in_the_pattern(pattern: str) -> None:
    rule = make_rule(pattern=pattern)
    for seed in range(20):
        assert sample_secret(rule, seed=seed)


@pytest.mark.parametrize("pattern", PATTERNS[:5])
def test_sample_is_matched_by_the_pattern_it_was_made_from(pattern: str) -> None:
    rule = make_rule(pattern=pattern)
    for seed in range(20):
        value = sample_secret(rule, seed=seed)
        found = re.search(pattern.encode(), (b"acme_" if pattern.startswith("acme") else b"") + value)
        assert found is not None
        assert value == found["secret"]


def test_samples_are_reproducible_and_differ_by_seed_and_rule() -> None:
    rule, other = make_rule(), make_rule(id=RuleId("acme.other"))
    assert sample_secret(rule, seed=1) == sample_secret(rule, seed=1)
    assert 4 == len(
        {sample_secret(rule), sample_secret(rule, seed=1), sample_secret(other), sample_secret(other, seed=1)}
    )


def test_sample_passes_the_tests_of_its_rule() -> None:
    rule = make_rule(
        pattern="(?P<secret>[0-9a-z]{10})", min_entropy=2.9, charset=("digit", "letter"), ignore=("^[a-m]",)
    )
    for seed in range(50):
        value = sample_secret(rule, seed=seed)
        assert shannon_entropy(value) >= 2.9
        assert re.search(rb"[0-9]", value)
        assert re.search(rb"[a-z]", value)
        assert not re.search(rb"^[a-m]", value)


def test_sample_carries_the_checksum_of_its_format() -> None:
    rule = make_rule(pattern="(?P<secret>acme_[0-9A-Za-z]{36})", checksum="crc32-base62")
    assert CHECKSUMS["crc32-base62"].verify(sample_secret(rule))


def test_rule_that_contradicts_itself_has_no_sample() -> None:
    with pytest.raises(SampleError, match=r"no sample of acme\.api-key"):
        sample_secret(make_rule(pattern="(?P<secret>a{24})", min_entropy=3))


def test_template_takes_samples_of_its_own_and_of_other_rules() -> None:
    rule, other = make_rule(), make_rule(id=RuleId("bolt.token"), pattern="(?P<secret>bolt-[a-z]{20})")
    text, secret = fill_template("a={{secret}} b={{ bolt.token }} a={{secret}}", rule, {"bolt.token": other}, seed=3)
    expected = b"a=" + secret + b" b=" + sample_secret(other, seed=3) + b" a=" + secret
    assert expected == text
    assert sample_secret(rule, seed=3) == secret


def test_template_that_names_no_rule_is_refused() -> None:
    with pytest.raises(SampleError, match=r"\{\{bolt.token\}\} names no rule"):
        fill_template("{{bolt.token}}", make_rule(), {})


def test_template_beyond_ascii_is_utf8() -> None:
    text, secret = fill_template("clé={{secret}}", make_rule(), {})
    assert "clé=".encode() + secret == text
