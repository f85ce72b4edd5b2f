# SPDX-License-Identifier: Apache-2.0
"""
One entry of an ignore file: a value that may stand, where, why, who said so and until when. Owns its line.

A line is `token key=value …`; values with white space or quotes are JSON strings. Nothing of the value but the token
(`digest.py`) is in it.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from secrethunt.candidates.allowances import names_rule
from secrethunt.records import Rule
from secrethunt.suppress.digest import split_token
from secrethunt.suppress.globs import matches

_KEYS = ("kind", "rule", "path", "expires", "added", "by", "reason")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN = re.compile(r"[^\s\"\\]+")
_FIELD = re.compile(r'\s+([a-z]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')


class EntryError(ValueError):
    """A line is no entry; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody allows, whatever the value."""

    reason: str = ""
    author: str = ""
    path: str = ""
    """Pattern of the paths where it holds; empty for everywhere."""
    rule: str = ""
    """Id, provider, family or glob of one; empty for whatever finds the value."""
    expires: str = ""
    """Last day, `YYYY-MM-DD`; empty for ever."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an ignore file."""

    token: str
    grant: Grant
    kind: str = ""
    """The rule that had found the value: tells readers what it is, decides nothing."""
    added: str = ""

    def covers(self, rule: Rule, path: bytes) -> bool:
        """Whether its scope holds a finding of *rule* at *path*, given relative to the ignore file."""
        grant = self.grant
        return (not grant.path or matches(grant.path, path)) and (not grant.rule or names_rule(grant.rule, rule))

    def is_expired(self, today: datetime.date) -> bool:
        """Whether its last day lies before *today*."""
        return bool(self.grant.expires) and self.grant.expires < today.isoformat()

    @property
    def scope(self) -> tuple[str, str, str]:
        """Equal for entries that say the same, whoever says it and why."""
        return self.token, self.grant.path, self.grant.rule

    def described(self) -> str:
        """What it is, for a person: never more than its line says."""
        grant = self.grant
        told = (
            self.kind or "a value",
            f"at {grant.path}" if grant.path else "",
            f"until {grant.expires}" if grant.expires else "",
            f"by {grant.author}" if grant.author else "",
            f"({grant.reason})" if grant.reason else "",
        )
        return f"{self.token.split(':')[-1][:12]} {' '.join(filter(None, told))}"

    def line(self) -> str:
        """Its line, without a line feed."""
        grant = self.grant
        values = (self.kind, grant.rule, grant.path, grant.expires, self.added, grant.author, grant.reason)
        fields = (f"{key}={_quoted(value)}" for key, value in zip(_KEYS, values, strict=True) if value)
        return " ".join((self.token, *fields))


def parse_entry(line: str) -> Entry:
    """
    The entry that *line* holds.

    Raises:
        EntryError: It is not as `Entry.line` writes it.
    """
    token, _, rest = line.partition(" ")
    if split_token(token) is None:
        raise EntryError("it does not begin with the digest of a value")
    fields = dict(_iter_fields(" " + rest if rest else ""))
    for key in ("expires", "added"):
        if key in fields:
            check_date(fields[key])
    grant = Grant(
        reason=fields.get("reason", ""),
        author=fields.get("by", ""),
        path=fields.get("path", ""),
        rule=fields.get("rule", ""),
        expires=fields.get("expires", ""),
    )
    return Entry(token, grant, fields.get("kind", ""), fields.get("added", ""))


def check_date(text: str) -> str:
    """
    *text* if it is a day.

    Raises:
        EntryError: It is not.
    """
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        datetime.date.fromisoformat(text)
    except ValueError:
        raise EntryError("a date must read YYYY-MM-DD") from None
    return text


def _iter_fields(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _FIELD.match(text, at)
        if match is None:
            raise EntryError("a field is not key=value")
        key, value = match.groups()
        if key not in _KEYS:
            # What it would limit is not known, so the entry must not count.
            raise EntryError(f"there is no field {key!r}")
        yield key, _unquoted(value)
        at = match.end()


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.isprintable():
        return value
    text = json.dumps(value, ensure_ascii=False)
    # Nothing that moves a cursor or turns a line around stands in the file.
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        raise EntryError("a quoted value is not well formed") from None
