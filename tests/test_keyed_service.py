# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.anchors import derive_anchor
from secrethunt.keyed_service import (
    bare_service_pattern,
    common_service_pattern,
    noted_service_pattern,
    service_pattern,
)
from tests.rule_samples import digits

VALUE = digits("keyed-service", 32)
GROUPS = "-".join(VALUE[start : start + 8] for start in (0, 8, 16, 24))
PATTERNS = {
    "service": service_pattern("acme|zeta[_-]?db"),
    "common-service": common_service_pattern("front|box"),
    "noted-service": noted_service_pattern("acme|zeta"),
    "bare-service": bare_service_pattern("acme|zeta"),
}


def captured(form: str, text: str) -> list[str]:
    """The secrets that the pattern of *form* captures in *text*."""
    return [match["secret"].decode() for match in re.finditer(PATTERNS[form].encode(), text.encode())]


@pytest.mark.parametrize("value", [VALUE, GROUPS, f"live_{VALUE}", f"{VALUE}==", f"{VALUE}.{VALUE}"])
@pytest.mark.parametrize(
    "text",
    [
        "ACME_SECRET={}",
        "acme access token {}",
        'acme.private: "{}"',
        "acmeSECRETKEY-{}",
        "<zetaDbToken>{}</zetaDbToken>",
        "zeta_db_key\n{}\n",
        'setAcmeKey("{}")',
        "the acme key is {}.",
    ],
)
def test_value_behind_name_and_word_is_captured_whole(text: str, value: str) -> None:
    assert [value] == captured("service", text.replace("{}", value))


@pytest.mark.parametrize(
    "text",
    [
        "pharmacme_key={}",
        "acme_tokenizer={}",
        "acme: {}",
        "acme_key={short}",
        "acme_token = words-joined-by-dashes-and-nothing-else-2",
        "acme_token.https://example.com/{}",
    ],
)
def test_other_word_or_value_is_not_captured(text: str) -> None:
    assert [] == captured("service", text.replace("{}", VALUE).replace("{short}", VALUE[:12]))


@pytest.mark.parametrize("text", ["front_key={}", "boxSECRET {}", "front.api_token: '{}'", "box-client-secret={}"])
def test_name_that_is_a_word_needs_the_credential_at_once(text: str) -> None:
    assert [VALUE] == captured("common-service", text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ["the front of a key={}", "checkbox_key={}", "box {}"])
def test_name_that_is_a_word_far_from_the_credential_is_prose(text: str) -> None:
    assert [] == captured("common-service", text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ["acme {}", "acme-{}", "acme: {}\n", "zeta :'{}'"])
def test_value_right_behind_a_rare_name_is_captured(text: str) -> None:
    assert [VALUE] == captured("bare-service", text.replace("{}", VALUE))


@pytest.mark.parametrize(("text", "is_noted"), [("acme {}", True), ("acme-{}", True), ("acme = '{}'", False)])
def test_value_noted_without_an_assignment_is_captured(text: str, is_noted: bool) -> None:
    assert [VALUE] * is_noted == captured("noted-service", text.replace("{}", VALUE))


@pytest.mark.parametrize("form", sorted(PATTERNS))
@pytest.mark.parametrize("behind", ["?x", "$x", "@x", "#x"])
def test_part_of_a_longer_value_is_not_captured(form: str, behind: str) -> None:
    assert [] == captured(form, f"acme {VALUE}{behind} acmeKEY-{VALUE}{behind} front_key={VALUE}{behind}")


@pytest.mark.parametrize("text", ["acme and {}", "acme/{}", "acme {}.js", "acme_{}"])
def test_value_elsewhere_than_right_behind_the_name_is_not_captured(text: str) -> None:
    assert [] == captured("bare-service", text.replace("{}", VALUE))


@pytest.mark.parametrize("form", sorted(PATTERNS))
def test_anchor_holds_the_name_and_no_value(form: str) -> None:
    anchor = derive_anchor(PATTERNS[form])
    assert anchor.max_width <= 64
    assert anchor.tail
