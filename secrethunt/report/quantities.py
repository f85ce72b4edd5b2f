# SPDX-License-Identifier: Apache-2.0
"""Owns how numbers are written for people."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """`1,204 commits`; *noun* is singular and takes an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: float) -> str:
    """Bytes in binary units, as `--max-size` reads them: `512 B`, `3.4 KiB`, `48.2 MiB`."""
    if number < 1024:
        return f"{int(number)} B"
    for unit in ("KiB", "MiB", "GiB"):
        number /= 1024
        if number < 1023.95:
            return f"{number:.1f} {unit}"
    return f"{number / 1024:.1f} TiB"


def duration(seconds: float) -> str:
    """`0.42 s`, `12.3 s`, `4 min 7 s`, `2 h 5 min`."""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
