# SPDX-License-Identifier: Apache-2.0
"""Progress on standard error, for the commands that take their time."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

Tell = Callable[[int, int, str], None]
"""Told bytes done, bytes expected, and what is being done."""


@contextlib.contextmanager
def progress(wanted: bool | None) -> Iterator[Tell | None]:
    """What to tell while the context lasts; None where nobody is looking. *wanted* None: where there is a terminal."""
    if wanted is False or not sys.stderr.isatty():
        yield None
        return
    from secrethunt.report.progress import Progress

    with Progress(sys.stderr) as shown:
        yield shown.update
