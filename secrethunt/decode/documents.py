# SPDX-License-Identifier: Apache-2.0
"""Documents and databases: the text of markup inside of office files, of PDF pages, and the rows of SQLite tables."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator

from secrethunt.coverage import Skip
from secrethunt.decode.contract import Budget, Piece

_MAX_PAGES = 5000
_ROWS_AT_ONCE = 500
_SQLITE_STEPS = 200_000_000
"""Instructions of SQLite's virtual machine that reading one database may take."""
_STEPS_AT_ONCE = 100_000

_BLOCK_END = re.compile(rb"</(?:\w+:)?(?:p|h|si|tr|row|table-row|title|br)>|<(?:w:br|w:cr|text:line-break)/>")
_GAP = re.compile(rb"<w:tab/>|<text:tab/>|</(?:c|tc|w:tc|table:table-cell)>")
_TAG = re.compile(rb"<[^<>]*>")


def markup_text(content: bytes) -> bytes:
    """The text that a reader of this part of an office document sees: runs joined, a line for each paragraph."""
    lines = _TAG.sub(b"", _GAP.sub(b"\t", _BLOCK_END.sub(b"\n", content)))
    return html.unescape(lines.decode("utf-8", "replace")).encode("utf-8", "replace")


def open_pdf(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """The text of a PDF's pages, where pypdf is installed."""
    if end != 5:
        return
    try:
        import pypdf
    except ImportError:
        budget.note(Skip.NEEDS_EXTRA, "a PDF: pip install 'secrethunt[documents]'")
        return
    import logging

    # It warns of everything odd in a file, and quotes it.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    # A damaged file fails inside of pypdf in as many ways as Python has.
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            budget.note(Skip.ENCRYPTED, "a PDF")
            return
        pages = len(reader.pages)
    except Exception as err:  # noqa: BLE001
        budget.note(Skip.UNOPENED, f"PDF: {type(err).__name__}")
        return
    budget.log.containers += 1
    for number in range(min(pages, _MAX_PAGES)):
        try:
            text = reader.pages[number].extract_text().encode("utf-8", "replace")
        except Exception as err:  # noqa: BLE001
            budget.note(Skip.UNOPENED, f"a PDF's page: {type(err).__name__}")
            continue
        if text and not budget.take(len(text)):
            return
        yield Piece(f"pdf:page {number + 1}", text, 0, len(data), is_container=True)
    if pages > _MAX_PAGES:
        budget.cut()


def open_sqlite(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """
    The rows of each table, a line `column=value` for each cell; blobs each as a piece of its own.

    The database is read in memory, its schema untrusted: no view, trigger or virtual table of its is run.
    """
    import sqlite3

    if end != 16:
        return
    try:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(data)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.text_factory = bytes
        _limit_steps(connection)
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid"
        ).fetchall()
    except (sqlite3.Error, OverflowError, MemoryError) as err:
        budget.note(Skip.UNOPENED, f"SQLite: {_said(err)}")
        return
    budget.log.containers += 1
    try:
        for (raw,) in tables:
            yield from _table(connection, bytes(raw).decode("utf-8", "replace"), len(data), budget)
    finally:
        connection.close()


def _limit_steps(connection: object) -> None:
    left = [_SQLITE_STEPS // _STEPS_AT_ONCE]

    def step() -> int:
        left[0] -= 1
        return left[0] < 0

    connection.set_progress_handler(step, _STEPS_AT_ONCE)  # type: ignore[attr-defined]


def _table(connection: object, name: str, size: int, budget: Budget) -> Iterator[Piece]:
    import sqlite3

    quoted = name.replace('"', '""')
    try:
        cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # type: ignore[attr-defined]
        columns = [column[0].encode("utf-8", "replace") for column in cursor.description]
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            lines, blobs = _lines(columns, rows)
            for content in (lines, *blobs):
                if not content:
                    continue
                if not budget.take(len(content)):
                    return
                yield Piece(f"sqlite:{name}", content, 0, size, is_container=True)
    except (sqlite3.Error, OverflowError, MemoryError) as err:
        budget.note(Skip.UNOPENED, f"a table of SQLite: {_said(err)}")


def _lines(columns: list[bytes], rows: list[tuple[object, ...]]) -> tuple[bytes, list[bytes]]:
    """Cells as lines, and those that hold bytes other than text."""
    lines, blobs = [], []
    for row in rows:
        for column, value in zip(columns, row, strict=False):
            if isinstance(value, bytes):
                if b"\0" in value[:8000]:
                    blobs.append(value)
                else:
                    lines.append(column + b"=" + value)
            elif value is not None:
                lines.append(column + b"=" + str(value).encode())
        lines.append(b"")
    return b"\n".join(lines), blobs


def _said(err: BaseException) -> str:
    return type(err).__name__ if isinstance(err, MemoryError | OverflowError) else str(err)[:80]
