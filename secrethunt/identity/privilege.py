# SPDX-License-Identifier: Apache-2.0
"""How much an identity may do, in one word: the band of its blast radius."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from secrethunt.identity.contract import Graph, Node


def band_of(graph: Graph) -> Callable[[Node], str]:
    """From identities of *graph* to bands; one evaluation each, which remembers what it read for the next."""
    try:
        blast = importlib.import_module("secrethunt.identity.blast")
    except ModuleNotFoundError:
        return lambda _: ""
    radii = blast.BlastRadii(graph)
    return lambda node: str(radii.of(node).band)
