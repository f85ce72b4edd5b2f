# SPDX-License-Identifier: Apache-2.0
"""Joins what is stored: run after anything that brought findings or inventory; replaces the joins before."""

from __future__ import annotations

from secrethunt.identity.contract import Known
from secrethunt.identity.join import iter_joins
from secrethunt.store.database import Store
from secrethunt.store.graph import StoreGraph
from secrethunt.store.write import Run, RunKind


def join_store(store: Store) -> int:
    """Join all found secrets to all identities; how many edges there are now."""
    joins = list(iter_joins(StoreGraph(store)))
    with Run(store, RunKind.JOIN, "store") as run:
        run.add(joins, Known.LIVE)
    return run.edges
