# SPDX-License-Identifier: Apache-2.0
"""Numbers read well at every magnitude."""

from __future__ import annotations

import pytest

from secrethunt.report.quantities import count, duration, size


@pytest.mark.parametrize(("number", "shown"), [(0, "0 blobs"), (1, "1 blob"), (2, "2 blobs"), (12_345, "12,345 blobs")])
def test_counts_agree_with_their_noun(number: int, shown: str) -> None:
    assert shown == count(number, "blob")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (50_541_363, "48.2 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
    ],
)
def test_sizes_are_in_binary_units(number: int, shown: str) -> None:
    assert shown == size(number)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 s"),
        (3.214, "3.21 s"),
        (9.999, "10.0 s"),
        (42.04, "42.0 s"),
        (59.97, "1 min 0 s"),
        (247, "4 min 7 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_are_as_exact_as_they_are_long(seconds: float, shown: str) -> None:
    assert shown == duration(seconds)
