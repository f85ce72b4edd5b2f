# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from secrethunt.records import PartSpec
from secrethunt.validate.contract import Evidence, Outcome, State
from secrethunt.validate.discretion import MASK, without_secrets
from tests.report.samples import make_rule
from tests.validate.credentials import credential_of

VALUE = b"k3y/with+signs=4711"


@pytest.mark.parametrize("form", [VALUE.decode(), quote(VALUE, safe=""), base64.b64encode(VALUE).rstrip(b"=").decode()])
def test_no_form_of_a_secret_is_left(form: str) -> None:
    said = Outcome(State.UNKNOWN, f"a {form}", (Evidence(f"GET /{form}", 200, form),), ((form, f"x{form}y"),))
    clean = without_secrets(said, credential_of(VALUE))
    assert Outcome(State.UNKNOWN, f"a {MASK}", (Evidence(f"GET /{MASK}", 200, MASK),), ((MASK, f"x{MASK}y"),)) == clean


def test_companions_that_are_no_secrets_may_be_said() -> None:
    rule = make_rule(parts=(PartSpec("account", pattern="[0-9]+"), PartSpec("pin", rules=("acme.pin",))))
    said = Outcome(State.ACTIVE, "account 471112 with pin 998877")
    credential = credential_of(VALUE, rule=rule, account=b"471112", pin=b"998877")
    assert f"account 471112 with pin {MASK}" == without_secrets(said, credential).reason
