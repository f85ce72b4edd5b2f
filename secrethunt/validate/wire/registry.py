# SPDX-License-Identifier: Apache-2.0
"""
Owns the names that a rule's `validate: {wire: NAME}` may give, and the import of what stands behind one when it is used.
"""

from __future__ import annotations

import importlib

from secrethunt.validate.contract import Check

WIRES = {
    "postgresql": "postgresql:check",
    "mysql": "mysql:check",
    "redis": "redis:check",
}
"""Module of this package and function, by name."""
EXTRAS = {"postgresql": "postgresql", "mysql": "mysql"}
"""The extra that brings the library of a protocol, where it needs one."""


def load_wire(name: str) -> Check:
    """
    The check called *name*. Its library is imported when it is first run: where that is missing, the check says so.

    Raises:
        KeyError: There is none of this name.
    """
    module, _, function = WIRES[name].partition(":")
    check: Check = getattr(importlib.import_module(f"secrethunt.validate.wire.{module}"), function)
    return check
