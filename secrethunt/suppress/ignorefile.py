# SPDX-License-Identifier: Apache-2.0
"""
Reads and writes `.secrethuntignore`: one sorted line an entry, comments kept, nothing else that changes.

There is no header that every change would touch, so two branches that both add entries merge; that they do so even
where their lines are neighbours is what the line in `.gitattributes` is for (`merge=union`).
"""

from __future__ import annotations

import contextlib
import datetime
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from secrethunt.errors import UsageError
from secrethunt.records import Finding
from secrethunt.suppress.digest import Digester, new_salt, split_token
from secrethunt.suppress.entries import Entry, EntryError, Grant, parse_entry

IGNORE_FILE = ".secrethuntignore"
MAX_SIZE = 16 * 1024 * 1024
MAX_SALTS = 8
"""Most salts of one file that count: each costs a slow digest for every guessable value that is found."""
_HEADER = ("# Secrets that may stand, one a line; written by `secrethunt allow`.",)


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """What an ignore file says."""

    name: str
    """As messages name it."""
    entries: tuple[Entry, ...] = ()
    comments: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Lines that do not count, and why."""

    @property
    def salts(self) -> dict[str, set[str]]:
        """Each salt with the kinds of digest that are used with it."""
        salts: dict[str, set[str]] = {}
        for entry in self.entries:
            if (parts := split_token(entry.token)) is not None:
                salts.setdefault(parts[1], set()).add(parts[0])
        return salts

    def salt(self) -> str:
        """The salt for further entries: the one that most of them have."""
        counts = Counter(parts[1] for entry in self.entries if (parts := split_token(entry.token)) is not None)
        return max(sorted(counts), key=counts.__getitem__, default="") or new_salt()


def load_ignore_file(path: str) -> IgnoreFile:
    """
    The ignore file at *path*; an empty one where there is none.

    Raises:
        UsageError: It is there and cannot be read.
    """
    try:
        # Neither a link nor a pipe that a hostile tree might have laid there.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = file.read(MAX_SIZE + 1) if is_regular else b""
    except FileNotFoundError:
        return IgnoreFile(path)
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path of the ignore file.") from err
    if not is_regular:
        return IgnoreFile(path, problems=(f"{path}: not a regular file, so it does not count",))
    return parse_ignore_file(data, path)


def parse_ignore_file(data: bytes, name: str) -> IgnoreFile:
    """What *data* says; lines that are no entries are named and count for nothing, so that a scan goes on."""
    if len(data) > MAX_SIZE:
        return IgnoreFile(name, problems=(f"{name}: larger than {MAX_SIZE >> 20} MiB, so none of it counts",))
    entries: dict[tuple[str, str, str], Entry] = {}
    comments: list[str] = []
    problems: list[str] = []
    salts: set[str] = set()
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            comments.append(line.rstrip())
            continue
        try:
            entry = parse_entry(line.strip())
            salts.add(entry.token.split(":")[1])
            if len(salts) > MAX_SALTS:
                salts.remove(entry.token.split(":")[1])
                raise EntryError(f"the file has more than {MAX_SALTS} salts")
        except EntryError as err:
            problems.append(f"{name}:{number}: this line does not count: {err}")
            continue
        known = entries.get(entry.scope)
        entries[entry.scope] = entry if known is None else _longer(known, entry)
    return IgnoreFile(name, tuple(entries.values()), tuple(dict.fromkeys(comments)), tuple(problems))


def _longer(one: Entry, other: Entry) -> Entry:
    """Of two that say the same, the one that holds longer."""
    if not one.grant.expires:
        return one
    return other if not other.grant.expires or other.grant.expires > one.grant.expires else one


def add_entries(
    file: IgnoreFile,
    findings: Iterable[Finding],
    grant: Grant,
    *,
    today: datetime.date,
    digester: Digester | None = None,
) -> tuple[IgnoreFile, Sequence[Entry]]:
    """
    *file* with an entry for the value of each of *findings*; and those entries, one for each value.

    An entry that says the same already is replaced.
    """
    digester = digester or Digester()
    salt = file.salt()
    fresh: dict[tuple[str, str, str], Entry] = {}
    for finding in findings:
        token = digester.token(finding.secret.reveal(), salt)
        entry = Entry(token, grant, kind=finding.rule.id, added=today.isoformat())
        fresh.setdefault(entry.scope, entry)
    kept = [entry for entry in file.entries if entry.scope not in fresh]
    return replace(file, entries=(*kept, *fresh.values())), tuple(fresh.values())


def write_ignore_file(path: str, file: IgnoreFile) -> None:
    """
    Write *file* to *path*, sorted; it is replaced whole or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    lines = [*(file.comments or _HEADER), *sorted(entry.line() for entry in file.entries)]
    # A link that a hostile tree might have laid there is replaced, not followed.
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write("".join(f"{line}\n" for line in lines))
        os.replace(temporary, path)
    except OSError as err:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check that you may write there.") from err
