# SPDX-License-Identifier: Apache-2.0
"""
Owns what GitHub's code scanning takes of a SARIF file, and how a file that would be refused is cut.

Limits: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

from __future__ import annotations

import zlib

from secrethunt.coverage import ScanResult
from secrethunt.report.quantities import count
from secrethunt.report.sarif_values import message

MAX_RESULTS = 25_000
"""Results of a run; more, and the whole file is refused. Rules are those of results, so they cannot be more either."""
SHOWN_RESULTS = 5_000
"""Results of a run that are shown: those of more should come in the order of what they matter."""
MAX_LOCATIONS = 100
"""Locations of a result that are shown; 1,000 are taken."""
MAX_BYTES = 10_000_000
"""A compressed file of more than 10 MB is refused; read as the smaller of the two megabytes."""

_RESERVE = 50_000
"""Compressed bytes kept for what else follows the results: counts, what was left out."""
_CUT_ID = "results-left-out"

CUT_RULE: dict[str, object] = {
    "id": _CUT_ID,
    "shortDescription": message("Findings left out because code scanning takes no more"),
    "defaultConfiguration": {"level": "warning"},
}


class Budget:
    """How much room there is for results; compresses what it is asked for only once that could matter."""

    def __init__(self, head: bytes) -> None:
        """
        Args:
            head: All of the file that is no result.
        """
        self._waiting = [head]
        self._raw_bytes = len(head)
        self._compressor = zlib.compressobj(1)
        self._compressed_bytes = 0
        self._results = 0

    def takes(self, line: bytes) -> bool:
        """Count *line* and tell whether the file with it is one that would be accepted."""
        if self._results >= MAX_RESULTS:
            return False
        self._waiting.append(line)
        self._raw_bytes += len(line)
        # Nothing compresses to more than its own size and a little, so small files are never compressed here.
        if self._raw_bytes > MAX_BYTES - _RESERVE:
            self._compress()
        if self._compressed_bytes > MAX_BYTES - _RESERVE:
            return False
        self._results += 1
        return True

    def _compress(self) -> None:
        """At the lowest level, which makes the most bytes: whoever uploads may choose any."""
        pieces = b"\n".join(self._waiting)
        self._waiting.clear()
        self._compressed_bytes += len(self._compressor.compress(pieces))


def describe_cut(kept: int, total: int) -> str:
    """A sentence without a full stop on what is not in the file; empty where all is."""
    if kept == total:
        return ""
    left_out = count(total - kept, "finding")
    return (
        f"{left_out} of {total:,} left out, the least severe, because code scanning takes {MAX_RESULTS:,} results "
        f"and {MAX_BYTES // 1_000_000} MB compressed; the JSON formats hold all"
    )


def cut_notifications(result: ScanResult, cut: str) -> list[dict[str, object]]:
    """The notification that explains *cut*; none where nothing was cut."""
    if not cut:
        return []
    descriptor = {"id": _CUT_ID, "index": len(result.coverage.skipped)}
    return [{"descriptor": descriptor, "level": "warning", "message": message(f"{cut}.")}]
