# SPDX-License-Identifier: Apache-2.0
"""The boundary between checks and the run: whatever a check does, an outcome comes of it."""

from __future__ import annotations

from typing import NamedTuple

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Check, Credential, Outcome, State


class Attempt(NamedTuple):
    """What came of asking once."""

    outcome: Outcome
    failure: str = ""
    """Kind of the error with which the check broke; never its text, which may hold the secret."""


def attempt(check: Check, credential: Credential, session: Session) -> Attempt:
    """The outcome of *check*; UNKNOWN where nobody answers or the check breaks."""
    try:
        return Attempt(check(credential, session))
    except NoAnswer as err:
        return Attempt(Outcome(State.UNKNOWN, err.reason))
    except Exception as err:  # noqa: BLE001 - the worker's boundary: one broken check must not end the run
        failure = type(err).__name__
        return Attempt(Outcome(State.UNKNOWN, f"the check failed: {failure}"), failure)
