# SPDX-License-Identifier: Apache-2.0
"""
The record of whose a secret is and how far it reaches, in a few words: what every report shows beside a finding.

It stands below all other records, as the verdict does; `identity/blast.py` has the whole calculation.
"""

from __future__ import annotations

from dataclasses import dataclass

BANDS = ("critical", "high", "medium", "low", "info")
"""The most severe first."""


@dataclass(frozen=True, slots=True)
class BlastSummary:
    """Identity and blast radius of one secret. Scores are intervals from 0 to 100; no text holds a secret."""

    identity: str
    """What a person calls the identity; empty where nobody knows it."""
    identity_key: str
    """Its node's key; empty where nobody knows it."""
    known: str
    """How: `live`, `inventory`, `code`, `offline`; empty where not."""
    band: str
    """By the upper end of `blast`: one of `BANDS`."""
    blast: tuple[float, float]
    risk: tuple[float, float]
    way: tuple[str, ...] = ()
    """Names along the way to what counts most, the secret's own left out."""
    access: str = ""
    """What may be done at its end: `admin`, `secret-read`, …"""
    unknown: tuple[str, ...] = ()
    """What is not known, and what to import to know it."""
