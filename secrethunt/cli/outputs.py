# SPDX-License-Identifier: Apache-2.0
"""Where reports go: one to standard output or to `--output`, and as many more as `--report FORMAT=FILE` asks for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import click

from secrethunt.coverage import ScanResult
from secrethunt.errors import UsageError
from secrethunt.report import FORMATS, ReportOptions, render

STDOUT = "-"
_HINT = "Check the path given to --output or --report."


@dataclass(frozen=True, slots=True)
class Output:
    """One report: a key of `FORMATS`, and a path or `-`."""

    format: str
    path: str


def parse_report(text: str) -> Output:
    """
    The output that `FORMAT=FILE` names.

    Raises:
        UsageError: There is no such format, or no file.
    """
    format_name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(
            f"--report wants FORMAT=FILE, not {text!r}", hint="For example --report sarif=secrethunt.sarif."
        )
    if format_name not in FORMATS:
        raise UsageError(f"no such report format: {format_name}", hint=f"Choose one of {', '.join(FORMATS)}.")
    return Output(format_name, path)


def check_outputs(outputs: Iterable[Output]) -> None:
    """
    Refuse before a scan what could not be written after it.

    Raises:
        UsageError: Two reports for one place, or a folder that does not exist.
    """
    taken: set[str] = set()
    for output in outputs:
        place = output.path if output.path == STDOUT else os.path.realpath(output.path)
        if place in taken:
            where = "standard output" if place == STDOUT else output.path
            raise UsageError(f"two reports would go to {where}", hint="Give each report a file of its own.")
        taken.add(place)
        folder = os.path.dirname(output.path) or "."
        if place != STDOUT and not os.path.isdir(folder):
            raise UsageError(
                f"cannot write {output.path}: there is no folder {folder}", hint="Make it first, or name another."
            )


def write_outputs(result: ScanResult, outputs: Iterable[Output], options: ReportOptions) -> None:
    """
    Write *result* to each of *outputs*; standard error says where a format could not take all of it.

    Raises:
        UsageError: A file that cannot be written.
    """
    for output in outputs:
        with open_output(output.path) as out:
            left_out = render(result, output.format, options=options, out=out)
        if left_out:
            click.echo(f"note: {output.format}: {left_out}", err=True)


@contextlib.contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """
    Standard output for `-`; else a file that appears whole or not at all, readable by its owner only. What exists and
    is no regular file (a device, a pipe) is written to, not replaced.
    """
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if os.path.exists(path) and not os.path.isfile(path):
        with _open_special(path) as out:
            yield out
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            yield out
        os.replace(temporary, path)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint=_HINT) from err
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _open_special(path: str) -> BinaryIO:
    try:
        return open(path, "wb")
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint=_HINT) from err
