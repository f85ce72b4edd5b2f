# SPDX-License-Identifier: Apache-2.0
"""How much an identity may do, in one word: the band of its blast radius."""

from __future__ import annotations

from collections.abc import Callable

from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import Graph, Node


def band_of(graph: Graph) -> Callable[[Node], str]:
    """From identities of *graph* to bands; one evaluation each, which remembers what it read for the next."""
    radii = BlastRadii(graph)
    return lambda node: radii.of(node).band
