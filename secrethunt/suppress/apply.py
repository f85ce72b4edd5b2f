# SPDX-License-Identifier: Apache-2.0
"""Divides findings into those that are reported and those that are not, and notes which entries were of use."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from secrethunt.records import Finding
from secrethunt.suppress.digest import SLOW, Digester
from secrethunt.suppress.entries import Entry
from secrethunt.suppress.ignorefile import IgnoreFile
from secrethunt.suppression import SuppressedBy, Suppression


@dataclass(frozen=True, slots=True)
class SuppressOptions:
    """What may keep a finding out of a report; lowered once from the command line."""

    comments: bool = True
    """Comments beside a secret count."""
    ignore_file: bool = True
    """The scanned tree's `.secrethuntignore` counts."""
    file: str = ""
    """A file that counts in its place."""
    revision: str = ""
    """A revision of the scanned repository whose copy counts in its place."""
    baseline: str = ""
    """File of findings that are known; empty for none."""


class Suppressions:
    """What lets findings of one target stand. Remembers which of its entries were of use."""

    def __init__(
        self,
        file: IgnoreFile | None = None,
        *,
        comments: bool = True,
        today: datetime.date | None = None,
        digester: Digester | None = None,
    ) -> None:
        self._comments = comments
        self._file = file
        self._digester = digester or Digester()
        self._salts = file.salts if file else {}
        self._by_token: dict[str, list[Entry]] = {}
        self._used: set[tuple[str, str, str]] = set()
        today = today or datetime.date.today()
        entries = file.entries if file else ()
        self.expired: tuple[Entry, ...] = tuple(entry for entry in entries if entry.is_expired(today))
        for entry in entries:
            if not entry.is_expired(today):
                self._by_token.setdefault(entry.token, []).append(entry)

    @property
    def problems(self) -> Sequence[str]:
        """Lines of the ignore file that do not count."""
        return self._file.problems if self._file else ()

    @property
    def unused(self) -> list[Entry]:
        """Entries that hold and that nothing was found for so far."""
        entries = (entry for named in self._by_token.values() for entry in named)
        return [entry for entry in entries if entry.scope not in self._used]

    def apply(
        self, findings: Iterable[Finding], *, strip: bytes = b"", prepend: bytes = b""
    ) -> tuple[list[Finding], list[Finding]]:
        """
        Those of *findings* that are reported, and those that are not with their `suppression`, both in order.

        Args:
            strip: What stands before paths in findings and not in the target.
            prepend: Where in the ignore file's directory the target lies, with a slash at its end.
        """
        findings = list(findings)
        if self._by_token:
            slow = [salt for salt, kinds in self._salts.items() if SLOW in kinds]
            self._digester.warm((finding.secret.reveal() for finding in findings), slow)
        kept: list[Finding] = []
        suppressed: list[Finding] = []
        for finding in findings:
            suppression = self._suppression(finding, prepend + finding.path.removeprefix(strip))
            if suppression is None:
                kept.append(finding)
            else:
                suppressed.append(replace(finding, suppression=suppression))
        return kept, suppressed

    def _suppression(self, finding: Finding, path: bytes) -> Suppression | None:
        # Entries first, also where there is a comment: one that is of use must not be called unused.
        entry = self._entry(finding, path)
        if self._comments and finding.allowance is not None:
            reason = finding.allowance.reason.decode("utf-8", "backslashreplace")
            return Suppression(SuppressedBy.COMMENT, finding.allowance.marker, reason)
        if entry is None or self._file is None:
            return None
        grant = entry.grant
        return Suppression(SuppressedBy.IGNORE_FILE, self._file.name, grant.reason, grant.author, grant.expires)

    def _entry(self, finding: Finding, path: bytes) -> Entry | None:
        """The first entry for the value whose scope holds; all that do are noted."""
        if not self._by_token:
            return None
        found = None
        value = finding.secret.reveal()
        for salt, kinds in self._salts.items():
            token = self._digester.token(value, salt) if self._digester.kind(value) in kinds else ""
            for entry in self._by_token.get(token, ()):
                if entry.covers(finding.rule, path):
                    self._used.add(entry.scope)
                    found = found or entry
        return found
