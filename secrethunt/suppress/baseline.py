# SPDX-License-Identifier: Apache-2.0
"""
What was known when a scanner was adopted: secrets by id, with the places where they stood then. Holds no values.

A secret that is known is known wherever it stands: a baseline does not change because a line, a file or a commit did.
The file is JSON with one place a line, sorted, so that its differences can be read.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from secrethunt.errors import UsageError
from secrethunt.records import Finding
from secrethunt.suppression import SuppressedBy, Suppression

SCHEMA = "urn:secrethunt:baseline:1"


class Place(NamedTuple):
    """One place of a secret, as the file names it."""

    secret_id: str
    path: str
    rule_id: str
    finding_id: str

    def described(self) -> str:
        """What it is, for a person."""
        return f"{self.secret_id[:12]} {self.rule_id} at {self.path}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known."""

    name: str
    """The file, as messages name it."""
    places: tuple[Place, ...]
    key: str
    """Of the key under which the ids were made; see `key_mark`."""

    def divide(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Those of *findings* that are new, and those that are known with their `suppression`."""
        known = {place.secret_id for place in self.places}
        suppression = Suppression(SuppressedBy.BASELINE, self.name)
        fresh: list[Finding] = []
        held_back: list[Finding] = []
        for finding in findings:
            if finding.secret_id in known:
                held_back.append(replace(finding, suppression=suppression))
            else:
                fresh.append(finding)
        return fresh, held_back

    def gone(self, findings: Iterable[Finding]) -> int:
        """How many known secrets are not among *findings*."""
        return len({place.secret_id for place in self.places} - {finding.secret_id for finding in findings})


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed since a baseline was made."""

    fresh: tuple[Place, ...]
    """Places of secrets that it does not know."""
    spread: tuple[Place, ...]
    """New places of secrets that it knows."""
    gone: tuple[Place, ...]
    """Places of secrets that are found no more, anywhere."""


def key_mark(key: bytes) -> str:
    """Tells keys apart and says nothing of them."""
    return hmac.new(key, b"secrethunt baseline", hashlib.sha256).hexdigest()[:16]


def places_of(findings: Iterable[Finding]) -> tuple[Place, ...]:
    """The places of *findings*, each once, sorted."""
    return tuple(
        sorted(
            {
                Place(item.secret_id, item.path.decode("utf-8", "backslashreplace"), item.rule.id, item.finding_id)
                for item in findings
            }
        )
    )


def difference(baseline: Baseline, findings: Iterable[Finding]) -> Difference:
    """How *findings*, all of a scan, differ from what *baseline* knows."""
    now = places_of(findings)
    known = {place.secret_id for place in baseline.places}
    stood = {(place.secret_id, place.path) for place in baseline.places}
    found = {place.secret_id for place in now}
    return Difference(
        fresh=tuple(place for place in now if place.secret_id not in known),
        spread=tuple(place for place in now if place.secret_id in known and (place.secret_id, place.path) not in stood),
        gone=tuple(place for place in baseline.places if place.secret_id not in found),
    )


def load_baseline(path: str, key: bytes) -> Baseline:
    """
    The baseline at *path*, whose ids must have been made under *key*.

    Raises:
        UsageError: It cannot be read, is none, or was made under another key.
    """
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except OSError as err:
        raise UsageError(
            f"cannot read {path}: {err.strerror}", hint=f"Make one with `secrethunt baseline create {path}`."
        ) from err
    except ValueError as err:
        raise UsageError(f"{path} is no baseline: {err}", hint="`secrethunt import` reads other tools' files.") from err
    try:
        baseline = _parsed(document, path)
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{path} is no baseline of secrethunt", hint="`secrethunt import` reads others.") from None
    if baseline.key != key_mark(key):
        raise UsageError(
            f"{path} was made with another fingerprint key, so none of its ids fits",
            hint="Use the configuration that it was made with, or make it anew.",
        )
    return baseline


def _parsed(document: Any, path: str) -> Baseline:
    if document["schema"] != SCHEMA:
        raise ValueError
    places = [tuple(entry[name] for name in Place._fields) for entry in document["findings"]]
    if not all(isinstance(value, str) for place in places for value in place):
        raise TypeError
    return Baseline(path, tuple(Place(*place) for place in places), str(document["key"]))


def write_baseline(path: str, places: Sequence[Place], key: bytes) -> None:
    """
    Write *places* to *path*; it is replaced whole or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    lines = ",\n".join(json.dumps(place._asdict(), ensure_ascii=True) for place in sorted(set(places)))
    text = f'{{"schema": "{SCHEMA}", "key": "{key_mark(key)}", "findings": [\n{lines}\n]}}\n'
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "x", encoding="ascii", newline="\n") as out:
            out.write(text)
        os.replace(temporary, path)
    except OSError as err:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check that you may write there.") from err
