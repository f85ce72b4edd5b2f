# SPDX-License-Identifier: Apache-2.0
"""
Owns what is said of one finding where it is published: in code scanning, in annotations, in merge requests.

One sentence says what it is and where it stands, one why it is reported. No value, no name and no address of a person.
"""

from __future__ import annotations

from secrethunt.records import BlobKind, Finding
from secrethunt.report.blast import blast_sentence
from secrethunt.report.ranking import stands
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.verdicts import verdict_sentence


def path_of(finding: Finding, kind: BlobKind, blob: str) -> bytes:
    """
    The path, or for an object that has none a relative one that stands for it.

    Services refuse results without a path, and git allows no `.git` in a tree, so nothing else can be meant.
    """
    if kind is BlobKind.STREAM:
        return finding.path or b"-"
    if finding.path and kind not in (BlobKind.COMMIT, BlobKind.TAG):
        return finding.path
    noun = kind.value if kind in (BlobKind.COMMIT, BlobKind.TAG) else "blob"
    return f".git/{noun}/{blob}".encode()


def own_path(finding: Finding) -> bytes:
    """`path_of` the finding's newest occurrence."""
    newest = finding.occurrences[0].blob if finding.occurrences else "unknown"
    return path_of(finding, finding.kind, newest)


def statement(finding: Finding, discretion: Discretion) -> str:
    """What it is and where it stands, why it is reported, and whether it is live where somebody asked."""
    verdict = verdict_sentence(finding.verdict, discretion)
    known = f"{verdict}{blast_sentence(finding.blast, discretion)}"
    return f"{headline(finding, discretion)} {standing(finding, discretion)}.{_why(finding, discretion)}{known}"


def headline(finding: Finding, discretion: Discretion) -> str:
    """`Acme API key (high confidence)`."""
    return f"{discretion.text(finding.rule.name)} ({finding.confidence.label} confidence)"


def standing(finding: Finding, discretion: Discretion) -> str:
    """`stands here`, or where else; with what was undone to read it."""
    if stands(finding):
        where = "stands here"
    elif finding.reachable:
        where = "stands in history, no longer at HEAD"
    else:
        where = "stands in history that no ref reaches"
    if finding.decode:
        where += f", encoded ({discretion.text(' > '.join(finding.decode))})"
    return where


def _why(finding: Finding, discretion: Discretion) -> str:
    reasons = "; ".join(discretion.text(reason) for reason in finding.reasons)
    return f" Reported because: {reasons}." if reasons else ""
