# SPDX-License-Identifier: Apache-2.0
"""
Owns the file: opening it, its settings, its schema and the steps from one schema to the next.

Several processes may have it open: readers never wait, writers wait for each other (write-ahead log, busy timeout).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from secrethunt.errors import UsageError

if TYPE_CHECKING:
    from sqlite_utils import Database

MEMORY = ":memory:"
_BUSY_TIMEOUT_S = 60.0
_APPLICATION_ID = 0x53484E54
"""Says in the file's header whose it is (SQLite, "Pragma application_id")."""
_OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""
_PAGE_CACHE_KIB = 64 * 1024


class StoreError(UsageError):
    """The store cannot be opened or written."""


class Store:
    """One open file. Not for several threads at a time."""

    def __init__(self, database: Database, path: str) -> None:
        self.database = database
        self.path = path

    @property
    def connection(self) -> sqlite3.Connection:
        """For statements that are run too often to go through sqlite-utils."""
        connection: sqlite3.Connection = self.database.conn
        return connection

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of one query."""
        yield from self.connection.execute(sql, arguments)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """
        All or nothing; takes the writers' lock at once, so that nobody finds out late that somebody else wrote.

        Raises:
            StoreError: Somebody else wrote for too long, or the disk is full.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as err:
            self._roll_back()
            raise StoreError(f"cannot write {self.path}: {err}", hint=_hint(err)) from err
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA optimize")
        self.database.close()

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(path: str, *, create: bool = True) -> Store:
    """
    The store at *path*, made or brought to today's schema where needed; readable by its owner only.

    Raises:
        StoreError: It is absent and *create* is False; it is no store; a later version wrote it; it cannot be opened.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old", hint="The store needs SQLite 3.37 or later.")
    if path != MEMORY:
        _make_file(path, create)
    import sqlite_utils

    try:
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        store = Store(sqlite_utils.Database(connection, execute_plugins=False), path)
        _set_up(connection)
        migrate(store)
    except sqlite3.DatabaseError as err:
        raise StoreError(f"cannot open {path}: {err}", hint=_hint(err)) from err
    return store


def _make_file(path: str, create: bool) -> None:
    try:
        if not create and not os.path.exists(path):
            raise StoreError(f"there is no store at {path}", hint="`secrethunt nhi import` or `scan --db` makes one.")
        if create:
            os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as err:
        raise StoreError(f"cannot open {path}: {err.strerror}", hint="Check the path given to --db.") from err


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_S * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    # With the write-ahead log this loses at most the last transactions of a power cut, and never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def migrate(store: Store, steps: Sequence[str] | None = None) -> None:
    """
    Bring *store* to the latest schema.

    Args:
        store: May be new.
        steps: Scripts that lead from schema n to n + 1, the first from 1; None takes those of `migrations/`.

    Raises:
        StoreError: It is another program's file, or of a later version.
    """
    steps = load_steps() if steps is None else steps
    latest = 1 + len(steps)
    version = _version(store)
    if version == latest:
        return
    if version > latest:
        raise StoreError(
            f"{store.path} was written by a later version of secrethunt (schema {version}, known is {latest})",
            hint="Update secrethunt, or name another file with --db.",
        )
    with store.transaction():
        # Somebody else may have been quicker.
        version = _version(store)
        if version == 0:
            _make_schema(store, latest)
            return
        for script in steps[version - 1 :]:
            _run_script(store, script)
        store.connection.execute(f"PRAGMA user_version = {latest}")


def load_steps() -> list[str]:
    """The scripts of `migrations/`, in order."""
    folder = resources.files("secrethunt.store") / "migrations"
    if not folder.is_dir():
        return []
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(folder / name).read_text("utf-8") for name in names]


def _version(store: Store) -> int:
    return int(store.connection.execute("PRAGMA user_version").fetchone()[0])


def _make_schema(store: Store, version: int) -> None:
    if store.database.table_names():
        raise StoreError(f"{store.path} is a database of another program", hint="Name another file with --db.")
    _run_script(store, (resources.files("secrethunt.store") / "schema.sql").read_text("utf-8"))
    store.connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    store.connection.execute(f"PRAGMA user_version = {version}")


def _run_script(store: Store, script: str) -> None:
    """Statement by statement: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            store.connection.execute(statement)
            statement = ""


def _hint(err: sqlite3.Error) -> str:
    code = getattr(err, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "Another run writes to it; try again when that one is done."
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "It is no SQLite file, or damaged; name another file with --db."
    return "Check the path given to --db, its permissions and the free space."
