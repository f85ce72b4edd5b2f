# SPDX-License-Identifier: Apache-2.0
"""What a credential says about itself, off line: account, kind, mode, owner, expiry."""

from secrethunt.facts.expiry import with_expiry
from secrethunt.facts.registry import read_facts

__all__ = ["read_facts", "with_expiry"]
