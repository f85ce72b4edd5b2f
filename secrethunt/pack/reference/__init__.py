# SPDX-License-Identifier: Apache-2.0
"""The packfile room in plain Python: the same answers as the native module, slower. `_native.pyi` is the contract."""

from secrethunt.pack.reference.batch import Batch, Walker, Worker
from secrethunt.pack.reference.index import Packs
from secrethunt.pack.reference.order import order_commits

__all__ = ["Batch", "Packs", "Walker", "Worker", "order_commits"]
