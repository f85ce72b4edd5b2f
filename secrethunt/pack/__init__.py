# SPDX-License-Identifier: Apache-2.0
"""
The packfile room: packs, deltas, dirty ranges, and what a delta inherits. It knows nothing of rules or findings.

The native module is used where the build made it; its plain-Python twin gives the same answers, slower.
"""

try:
    from secrethunt.pack._native import IS_FINDING_FAST, Batch, Packs, Walker, Worker, order_commits
    from secrethunt.pack._native import find_encoded as _find_encoded

    IS_NATIVE = True
    # Without it patterns do the same.
    find_encoded = _find_encoded if IS_FINDING_FAST else None
except ImportError:  # built without a compiler
    from secrethunt.pack.reference import Batch, Packs, Walker, Worker, order_commits  # type: ignore[assignment]  # the twin

    IS_NATIVE = False
    find_encoded = None

from secrethunt.pack.commits import CommitTable
from secrethunt.pack.contract import TAG_BITS, Kind, PackError, Reason
from secrethunt.pack.files import PackFiles, list_packs

__all__ = [
    "IS_NATIVE",
    "TAG_BITS",
    "Batch",
    "CommitTable",
    "Kind",
    "PackError",
    "PackFiles",
    "Packs",
    "Reason",
    "Walker",
    "Worker",
    "find_encoded",
    "list_packs",
    "order_commits",
]
