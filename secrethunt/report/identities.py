# SPDX-License-Identifier: Apache-2.0
"""Owns how the inventory of identities is written: a table for people, JSON, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields

from secrethunt.report.csv_table import cell
from secrethunt.report.encode import encode, iter_array
from secrethunt.report.escape import escape


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One identity as the inventory shows it; the fields are the columns of CSV and the members of JSON."""

    key: str
    name: str
    type: str
    provider: str
    account: str
    environment: str
    privilege: str
    """Band of the blast radius: critical, high, medium, low, info; empty where nobody worked it out."""
    owner: str
    vendor: str
    created: str
    last_used: str
    expires: str
    credentials: int
    """Credentials of it that inventories or answers know."""
    secrets: int
    """Distinct secrets found in code that are its, or may be."""
    exposure: str
    """Where those stand: `at head`, `history only`; empty where there are none."""
    repositories: tuple[str, ...]
    is_human: bool
    known: str
    """How it is known, the most trusted way."""


_TABLE = (
    "provider",
    "account",
    "type",
    "name",
    "privilege",
    "owner",
    "vendor",
    "last_used",
    "expires",
    "secrets",
    "exposure",
)
_WIDEST = 44


def iter_table(rows: Iterable[IdentityRow]) -> Iterator[str]:
    """A line of names, then a line an identity."""
    cells = [[_shown(getattr(row, name)) for name in _TABLE] for row in rows]
    heads = [name.replace("_", " ").upper() for name in _TABLE]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def iter_json(rows: Iterable[IdentityRow]) -> Iterator[bytes]:
    """One array, an object an identity."""
    yield from iter_array(asdict(row) for row in rows)
    yield b"\n"


def iter_jsonl(rows: Iterable[IdentityRow]) -> Iterator[bytes]:
    """An object a line."""
    for row in rows:
        yield encode(asdict(row)) + b"\n"


def iter_identities_csv(rows: Iterable[IdentityRow]) -> Iterator[bytes]:
    """RFC 4180 with a header; nothing in it is a formula."""
    names = [field.name for field in fields(IdentityRow)]
    yield _csv_line(names)
    for row in rows:
        values = [getattr(row, name) for name in names]
        yield _csv_line([cell(list(value) if isinstance(value, tuple) else value) for value in values])


def _csv_line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode("utf-8")


def _shown(value: object) -> str:
    text = escape(str(value)) if value not in (0, "") else "-"
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
