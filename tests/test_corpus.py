# SPDX-License-Identifier: Apache-2.0
"""Scans the labelled corpus as a user's project: all that is labelled is found, nothing else, known gaps apart."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from secrethunt import Finding, Scanner
from secrethunt.pipeline import ScannerOptions
from tests.corpus_files import CORPUS, Corpus, Planted, Rendered

SEED = 20


@dataclass(frozen=True)
class Scanned:
    """The rendered corpus with what the scan says of it."""

    corpus: Corpus
    rendered: Rendered
    findings: dict[tuple[str, int, bytes], Finding]
    """By path, line and value."""

    def found(self, planted: Planted) -> Finding | None:
        """The finding that has exactly this value in this place."""
        return self.findings.get((planted.path, planted.line, planted.value))

    def is_right(self, planted: Planted) -> bool:
        """Whether it is found, by the right rule, and as sure as it should be."""
        finding = self.found(planted)
        return (
            finding is not None
            and planted.is_expected_from(finding.rule.id)
            and finding.confidence >= planted.label.confidence
        )


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    return Scanner(ScannerOptions(cache_directory=str(tmp_path_factory.mktemp("cache"))))


@pytest.fixture(scope="module")
def scanned(scanner: Scanner, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    corpus = Corpus(scanner.ruleset.rules)
    project = tmp_path_factory.mktemp("project")
    rendered = corpus.render(project, seed=SEED)
    result = scanner.scan([str(project)])
    assert () == result.problems
    assert len(corpus.files) == result.coverage.files
    return Scanned(corpus, rendered, _by_place(result.findings, project))


def test_every_labelled_secret_is_found_in_its_place_with_its_exact_value(scanned: Scanned) -> None:
    wrong = [_describe(scanned, planted) for planted in scanned.rendered.planted if not planted.label.gap]
    assert [] == [line for line in wrong if line]


def test_nothing_else_is_found(scanned: Scanned) -> None:
    assert [] == sorted((_others(scanned) - _known(scanned)).elements())


def test_known_misses_are_still_missed(scanned: Scanned) -> None:
    mended = [p.place for p in scanned.rendered.planted if p.label.gap and scanned.is_right(p)]
    assert [] == mended, "found by now: remove `known_miss` from their labels in corpus/manifest.yaml"


def test_known_false_positives_are_still_reported(scanned: Scanned) -> None:
    mended = sorted((_known(scanned) - _others(scanned)).elements())
    assert [] == mended, "gone by now: remove them from `known_false_positives` in corpus/manifest.yaml"


def test_templates_themselves_hold_no_secret(scanner: Scanner, scanned: Scanned) -> None:
    known = {(f"files/{gap.path}", gap.line) for file in scanned.corpus.files for gap in file.false_positives}
    found = {(path, line) for path, line, _ in _by_place(scanner.scan([str(CORPUS)]).findings, CORPUS)}
    assert set() == found - known


def test_same_seed_renders_the_same_bytes(scanned: Scanned, tmp_path: Path) -> None:
    again = scanned.corpus.render(tmp_path, seed=SEED)
    assert [planted.value for planted in scanned.rendered.planted] == [planted.value for planted in again.planted]


def _by_place(findings: Iterable[Finding], root: Path) -> dict[tuple[str, int, bytes], Finding]:
    return {
        (os.path.relpath(os.fsdecode(finding.path), root), finding.span.line, finding.secret.reveal()): finding
        for finding in findings
    }


def _describe(scanned: Scanned, planted: Planted) -> str:
    """What is wrong with *planted*, without its value; empty where nothing is."""
    finding = scanned.found(planted)
    if finding is None:
        return f"{planted.place}: not found"
    if not scanned.is_right(planted):
        return f"{planted.place}: found by {finding.rule.id}, {finding.confidence.label}"
    return ""


def _others(scanned: Scanned) -> Counter[tuple[str, int, str]]:
    """Findings that are no labelled secret, by path, line and rule."""
    labelled = {(planted.path, planted.line, planted.value) for planted in scanned.rendered.planted}
    return Counter(
        (path, line, str(finding.rule.id))
        for (path, line, value), finding in scanned.findings.items()
        if (path, line, value) not in labelled
    )


def _known(scanned: Scanned) -> Counter[tuple[str, int, str]]:
    return Counter((gap.path, gap.line, gap.rule) for gap in scanned.rendered.false_positives)
