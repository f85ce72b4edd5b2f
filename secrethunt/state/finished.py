# SPDX-License-Identifier: Apache-2.0
"""
Owns what a finished scan of a history came to, for a run that meets the same repository with the same rules: its
candidates without their values, where each stands, and what was skipped.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from secrethunt.coverage import Problem, Skip
from secrethunt.findings import Fingerprinter, Placed
from secrethunt.records import BlobCandidates, BlobId, BlobKind, Finding, Provenance, Rule
from secrethunt.report.redact import is_telling
from secrethunt.sources.contract import BlobKey
from secrethunt.state.codec import Codec

_LOOKED_AT = frozenset({Skip.CORRUPT_OBJECT, Skip.UNREADABLE, Skip.BACKEND_LIMIT, Skip.NEEDS_EXTRA})
"""What may be mended without a trace in the repository; everything else is skipped again while nothing changes."""
_UNREAD = "unread\0"
_Placed = tuple[BlobCandidates, tuple[Provenance, ...]]
_Record = tuple[tuple[_Placed, ...], tuple[Problem, ...], int]


@dataclass(frozen=True, slots=True)
class Finished:
    """The outcome for history."""

    placed: tuple[Placed, ...]
    problems: tuple[Problem, ...]
    """All that were skipped, one each."""
    known: int
    """How many objects there are."""

    @property
    def can_be_kept(self) -> bool:
        """Whether all of it holds as long as the repository does not change."""
        return all(problem.skip not in _LOOKED_AT for problem in self.problems)


def encode_finished(finished: Finished, fingerprint: bytes, fingerprinter: Fingerprinter) -> bytes | None:
    """The bytes that `decode_finished` reads; None where a secret stands in a path, a name or a text beside it."""
    codec = Codec({}, fingerprinter.secret_id_of)
    record = (tuple((item.blob, item.places) for item in finished.placed), finished.problems, finished.known)
    text = json.dumps(codec.encode(_Record, record), ensure_ascii=False, separators=(",", ":"))
    values = {candidate.secret.reveal() for item in finished.placed for candidate in item.blob.candidates}
    if any(needle in text for value in values if is_telling(value) for needle in _spellings(value)):
        return None
    return fingerprint + zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def decode_finished(data: bytes, fingerprint: bytes, rules: Iterable[Rule]) -> Finished | None:
    """What was kept, secrets without their values; None where it was for another *fingerprint*."""
    if not fingerprint or not data.startswith(fingerprint):
        return None
    by_id: Mapping[str, Rule] = {rule.id: rule for rule in rules}
    codec = Codec(by_id, Fingerprinter().secret_id_of)
    text = zlib.decompress(data[len(fingerprint) :]).decode("utf-8", "surrogatepass")
    placed, problems, known = codec.decode(_Record, json.loads(text))
    return Finished(tuple(Placed(_marked(blob), places) for blob, places in placed), problems, known)


def unread_blob(finding: Finding) -> BlobKey | None:
    """The blob that the reasons of a finding are still to be read from; None where they have been."""
    if finding.reasons and finding.reasons[0].startswith(_UNREAD):
        _, kind, id = finding.reasons[0].split("\0")
        return BlobKey(BlobKind(kind), BlobId(id), b"")
    return None


def _marked(blob: BlobCandidates) -> BlobCandidates:
    """*blob* with its name in place of its candidates' reasons, for `unread_blob`."""
    mark = (f"{_UNREAD}{blob.kind.value}\0{blob.id}",)
    return replace(blob, candidates=tuple(replace(candidate, reasons=mark) for candidate in blob.candidates))


def _spellings(value: bytes) -> set[str]:
    """How the value would be written as part of a JSON string."""
    texts = {value.decode("latin-1"), value.decode("utf-8", "backslashreplace"), value.decode("utf-8", "replace")}
    return {json.dumps(text, ensure_ascii=False)[1:-1] for text in texts}
