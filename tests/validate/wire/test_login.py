# SPDX-License-Identifier: Apache-2.0
"""The judgement of two logins, the real one and the control."""

from __future__ import annotations

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.validate.contract import State
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, compare, random_text, shown


def attempt(result: Attempt | NoAnswer) -> Attempt:
    if isinstance(result, NoAnswer):
        raise result
    return result


@pytest.mark.parametrize(
    ("real", "control", "state"),
    [
        (Accepted("who"), Rejected("1"), State.ACTIVE),
        (Accepted("who"), Accepted("who"), State.UNKNOWN),
        (Accepted("who"), NoAnswer("timed out"), State.UNKNOWN),
        (Rejected("1"), NoAnswer("never asked"), State.INACTIVE),
    ],
)
def test_only_a_login_whose_control_is_rejected_is_active(
    real: Attempt, control: Attempt | NoAnswer, state: State
) -> None:
    assert state is compare(lambda: real, lambda: attempt(control), label="x").state


def test_login_without_an_answer_is_the_callers_matter() -> None:
    with pytest.raises(NoAnswer, match="timed out"):
        compare(lambda: attempt(NoAnswer("timed out")), lambda: Rejected("1"), label="x")


def test_facts_are_told_only_of_what_is_active() -> None:
    told = (("account", "app"),)
    active = compare(lambda: Accepted("who", told), lambda: Rejected("1"), label="x")
    unknown = compare(lambda: Accepted("who", told), lambda: Accepted("who"), label="x")
    assert (told, ()) == (active.facts, unknown.facts)


def test_control_is_never_short_nor_the_same() -> None:
    assert [12, 12, 40] == [len(random_text(length)) for length in (0, 4, 40)]
    assert random_text(12) != random_text(12)


def test_shown_facts_are_short_texts() -> None:
    expected = (("role", "a, b"), ("superuser", "no"), ("user", "x" * 200))
    found = shown({"role": ["a", "b"], "groups": [], "superuser": False, "user": "x" * 500, "expires": None})
    assert expected == tuple(sorted(found))
