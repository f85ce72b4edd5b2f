# SPDX-License-Identifier: Apache-2.0
"""Owns what may be written into SARIF: texts without secrets and addresses, and URIs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from secrethunt.records import Secret
from secrethunt.report.escape import escape
from secrethunt.report.redact import MASK, Redactor

ROOT = "ROOT"
"""`uriBaseId` of absolute paths."""

# Bounded on both sides of the sign: linear on any input.
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w.-]{1,255}")
# A message may hold links, [text](target); nothing from the scanned input shall become one.
_BRACKETS = str.maketrans("[]", "()")


class Discretion:
    """Turns raw fields into SARIF's values; closed whatever the options of the report say."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._redactor = Redactor(secrets)
        self.has_absolute = False
        """Some location so far was absolute, so the run has to define `ROOT`."""

    def text(self, raw: bytes | str) -> str:
        """For messages: no secret, no e-mail address, no hostile character, no link."""
        return _ADDRESS.sub(MASK, escape(self._redactor.text(raw))).translate(_BRACKETS)

    def path(self, raw: bytes) -> str:
        """A file's name, for readers that open it: as it is, but for secrets and hostile characters."""
        return escape(self._redactor.text(raw))

    def location(self, path: bytes) -> dict[str, object]:
        """An `artifactLocation`: relative, percent-encoded byte by byte; only secrets in the name are masked."""
        # A colon or a second slash at the start would make a scheme or a host of the first folder.
        uri = quote(self._redactor.masked(path.lstrip(b"/")), safe="/*")
        if path.startswith(b"/"):
            self.has_absolute = True
            return {"uri": uri, "uriBaseId": ROOT}
        return {"uri": uri}


def message(text: str) -> dict[str, object]:
    """A `message`, or a multiformat one without markdown."""
    return {"text": text}
