# SPDX-License-Identifier: Apache-2.0
"""Searches bytes with one made-up rule and says what was found, through which decodings, and what was left out."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from secrethunt.coverage import Skip
from secrethunt.decode import DecodeOptions, Tally
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.records import Candidate
from tests.rule_samples import make_blob, make_rule, make_ruleset


@dataclass(frozen=True)
class Outcome:
    """What a search came to."""

    candidates: tuple[Candidate, ...]
    tally: Tally

    @property
    def values(self) -> list[bytes]:
        """The secrets, by place."""
        return [candidate.secret.reveal() for candidate in self.candidates]

    @property
    def chains(self) -> list[tuple[str, ...]]:
        """How each was reached; empty for one that stands there as it is."""
        return [candidate.decoding.chain if candidate.decoding else () for candidate in self.candidates]

    @property
    def skips(self) -> set[Skip]:
        """Why something was left out."""
        return {skip for _, skip, _ in self.tally.notes}


@functools.cache
def detector(depth: int = 8, size: int = 1 << 26) -> Detector:
    """Acme's rule alone, in binary data too when `in_binary` is asked for by the bytes around."""
    return Detector(make_ruleset(make_rule()), DiskCache(None), DecodeOptions(depth, size))


def search(data: bytes, *, depth: int = 8, size: int = 1 << 26) -> Outcome:
    """What Acme's rule finds in *data*."""
    tally = Tally()
    hits = list(detector(depth, size).iter_hits([make_blob(data)], tally=tally))
    return Outcome(hits[0][1] if hits else (), tally)


def slices(data: bytes, outcome: Outcome) -> list[bytes]:
    """The bytes of *data* at each place."""
    return [data[candidate.span.start : candidate.span.end] for candidate in outcome.candidates]
