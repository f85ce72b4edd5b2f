# SPDX-License-Identifier: Apache-2.0
"""The graph that expanders are tested against, under the name that their tests know."""

from __future__ import annotations

from secrethunt.identity.memory import MemoryGraph

__all__ = ["MemoryGraph"]
