# SPDX-License-Identifier: Apache-2.0
"""What is kept between runs: findings, verdicts and the identity graph, in one SQLite file. Never a secret's value."""

from secrethunt.store.database import Store, StoreError, open_store
from secrethunt.store.graph import StoreGraph
from secrethunt.store.write import Run, RunKind

__all__ = ["Run", "RunKind", "Store", "StoreError", "StoreGraph", "open_store"]
