# SPDX-License-Identifier: Apache-2.0
"""
Owns the verdicts that are kept between runs: a SQLite file in the cache directory, and a random key beside it.

No value is in it: a verdict stands under an HMAC of the credential with the installation's key, so that the file says
nothing to whoever has no key, and guessing weak passwords with it takes a memory-hard function for each guess. Verdicts
are written as they come, so a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import stat
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from secrethunt.candidates.canonical import canonical_value
from secrethunt.candidates.generic import strength
from secrethunt.validate.contract import Credential, Evidence, Outcome, State, Verdict

if TYPE_CHECKING:
    import sqlite3

LIFETIME_S = {State.ACTIVE: 3600.0, State.INACTIVE: 7 * 86400.0}
"""A live key may be revoked any minute; a dead one hardly ever rises. UNKNOWN is asked again."""
_FORMAT = "1"
_FILE = "verdicts-1.sqlite"
_KEY_FILE = "verdicts.key"
_KEY_SIZE = 32
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS verdicts "
    "(name BLOB PRIMARY KEY CHECK (length(name) = 32), stored REAL NOT NULL, verdict TEXT NOT NULL) "
    "STRICT, WITHOUT ROWID"
)


class VerdictCache:
    """Verdicts by credential. Never fails a run: what cannot be read or written is asked again. One thread's."""

    def __init__(self, directory: str | None, *, clock: Callable[[], float] = time.time) -> None:
        """*directory* is made when needed; None keeps nothing."""
        self._clock = clock
        self._key = b""
        self._database: sqlite3.Connection | None = None
        if directory is not None:
            self._key = _load_key(directory)
            self._database = _open(directory) if self._key else None

    def read(self, credential: Credential, manner: str) -> Verdict | None:
        """The verdict that was found for *credential* when asked in the same *manner*, while it counts."""
        if self._database is None:
            return None
        import sqlite3

        query = "SELECT stored, verdict FROM verdicts WHERE name = ?"
        try:
            row = self._database.execute(query, (self._name(credential, manner),)).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else self._thawed(*row)

    def write(self, credential: Credential, manner: str, verdict: Verdict) -> None:
        """Keep *verdict* if it is of a kind that is kept."""
        if self._database is None or verdict.outcome.state not in LIFETIME_S or verdict.is_cached:
            return
        import sqlite3

        row = (self._name(credential, manner), self._clock(), _frozen(verdict))
        with contextlib.suppress(sqlite3.Error), self._database:
            self._database.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Forget what is too old, and let go of the file."""
        if self._database is None:
            return
        import sqlite3

        with contextlib.suppress(sqlite3.Error), self._database:
            self._database.execute("DELETE FROM verdicts WHERE stored < ?", (self._clock() - max(LIFETIME_S.values()),))
        self._database.close()
        self._database = None

    def _thawed(self, stored: float, text: str) -> Verdict | None:
        try:
            fields = json.loads(text)
            outcome = Outcome(
                State(fields["state"]),
                str(fields["reason"]),
                tuple(Evidence(*item) for item in fields["evidence"]),
                tuple((str(name), str(value)) for name, value in fields["facts"]),
            )
            verdict = Verdict(outcome, str(fields["checked_at"]), float(fields["duration_s"]), is_cached=True)
        except (ValueError, TypeError, KeyError):
            return None
        age = self._clock() - stored
        return verdict if 0 <= age < LIFETIME_S.get(outcome.state, 0.0) else None

    def _name(self, credential: Credential, manner: str) -> bytes:
        digest = hmac.new(self._key, digestmod=hashlib.sha256)
        rule = credential.rule
        for text in (_FORMAT, manner, rule.id):
            _add(digest, text.encode())
        _add(digest, self._stretched(credential.secret.reveal()))
        for name, part in sorted(credential.parts.items()):
            _add(digest, name.encode())
            _add(digest, self._stretched(part.reveal()))
        for name, value in sorted(credential.facts.items()):
            if name != "expired":
                _add(digest, f"{name}={value}".encode())
        return digest.digest()

    def _stretched(self, value: bytes) -> bytes:
        canonical = canonical_value(value)
        if strength(canonical) >= 3:
            return canonical
        return hashlib.scrypt(canonical, salt=self._key, n=2**10, r=8, p=1, dklen=32)


def _add(digest: hmac.HMAC, piece: bytes) -> None:
    digest.update(len(piece).to_bytes(8, "big") + piece)


def _frozen(verdict: Verdict) -> str:
    outcome = verdict.outcome
    fields: dict[str, Any] = {
        "state": outcome.state.value,
        "reason": outcome.reason,
        "evidence": [[item.endpoint, item.status, item.marker] for item in outcome.evidence],
        "facts": [list(fact) for fact in outcome.facts],
        "checked_at": verdict.checked_at,
        "duration_s": verdict.duration_s,
    }
    return json.dumps(fields)


def _load_key(directory: str) -> bytes:
    """The installation's key, made when it is not there; empty where none can be kept or somebody else may write it."""
    path = os.path.join(directory, _KEY_FILE)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        if not os.path.exists(path):
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                file.write(os.urandom(_KEY_SIZE))
            # Of two runs that make one at the same time, the first wins.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            os.unlink(temporary)
        with open(path, "rb") as file:
            is_ours = _is_ours(os.fstat(file.fileno()))
            key = file.read(_KEY_SIZE + 1)
    except OSError:
        return b""
    return key if is_ours and len(key) == _KEY_SIZE else b""


def _is_ours(status: os.stat_result) -> bool:
    """A verdict that somebody else may write could call a live key dead."""
    if os.name != "posix":
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _open(directory: str) -> sqlite3.Connection | None:
    """The database, made anew where what is there is none."""
    import sqlite3

    path = os.path.join(directory, _FILE)
    for _ in range(2):
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
            return _connected(path)
        except sqlite3.DatabaseError as err:
            if err.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                return None
            with contextlib.suppress(OSError):
                os.unlink(path)
        except OSError:
            return None
    return None


def _connected(path: str) -> sqlite3.Connection:
    import sqlite3

    database = sqlite3.connect(path, timeout=5.0)
    try:
        # A verdict that a power cut loses is asked again; waiting for the disk after each would slow the run down.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database
