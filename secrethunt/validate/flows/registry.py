# SPDX-License-Identifier: Apache-2.0
"""
The flows by the name that a rule's `validate: {flow: name}` gives, with all that each may ask.

An entry is all that is needed to list endpoints; the code behind it is imported when the check is first used.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.catalogue import FLOWS


@dataclass(frozen=True, slots=True)
class LoadedFlow:
    """A check in code: call it with a credential and a session."""

    name: str
    endpoints: tuple[str, ...]
    """All it may ask: method and URL, what comes from the credential in braces."""
    allows_control: bool
    """Whether a random credential of the same shape may be tried with it."""

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        """
        Check *credential*.

        Raises:
            NoAnswer: Nothing came back that could be judged, a part is missing, or an extra is not installed.
        """
        module, _, function = FLOWS[self.name].target.partition(":")
        check = getattr(importlib.import_module(module), function)
        outcome = check(credential, session)
        assert isinstance(outcome, Outcome)
        return outcome


def load_flow(name: str) -> LoadedFlow:
    """
    The flow of this name, ready to call.

    Raises:
        KeyError: There is none.
    """
    entry = FLOWS[name]
    return LoadedFlow(name, entry.endpoints, entry.control)
