# SPDX-License-Identifier: Apache-2.0
"""
Fits `secrethunt/candidates/points.py` to labelled repositories, and measures it on repositories left out of the fit.

    PYTHONPATH=. python benchmarks/train_points.py DATA=WEIGHT... [--ablate] [--write FILE]

Each DATA holds `data/<repository>/…` and `meta/<repository>.csv` as `Samsung/CredData` has them (columns FilePath,
LineStart, LineEnd, GroundTruth, ValueStart, ValueEnd). Logistic regression with an L2 penalty, by Newton's method;
every repository weighs as the square root of its candidates. Needs nothing but secrethunt itself.
"""

from __future__ import annotations

import argparse
import collections
import csv
import itertools
import math
import os
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from secrethunt.candidates.appraise import is_open, name_before
from secrethunt.candidates.context import ContextReader
from secrethunt.candidates.points import SYNTAX_GROUPS
from secrethunt.candidates.signals import Evidence, iter_signals, iter_syntax_signals
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.findings import counts_at
from secrethunt.records import Blob, BlobKind, Candidate, Confidence
from secrethunt.ruleset import RuleSelection, load_ruleset

_LEAVE_OUT = frozenset({"2ba83c6a"})
"""quictls/openssl: two thirds of all labels are its own."""
_PENALTY = 10.0
_LEAST_SEEN = 15
_FOLDS = 8
_ROUNDS = 8
_SCALE = 10
"""Points to a unit of log odds."""
_HIGH = 0.95
"""Share of true ones, on repositories left out, that the candidates of high confidence must reach."""


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate, its signals and its label."""

    repository: str
    root: str
    weight: float
    signals: tuple[str, ...]
    is_true: bool


@dataclass(frozen=True, slots=True)
class Model:
    """Log odds: a start, and what each signal adds."""

    start: float
    weights: dict[str, float]

    def score(self, row: Row, without: Collection[str] = ()) -> float:
        """Log odds of *row*, as far as the signals of other groups tell."""
        return self.start + sum(
            self.weights.get(signal, 0.0) for signal in row.signals if signal.partition(":")[0] not in without
        )


def read_labels(root: Path) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """Places of true values: (file, line) to half-open columns; a value over several lines takes them whole."""
    labels: dict[tuple[str, int], list[tuple[int, int]]] = collections.defaultdict(list)
    for table in sorted((root / "meta").glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            for label in csv.DictReader(lines):
                if label["GroundTruth"] != "T":
                    continue
                first, last = int(label["LineStart"]), int(label["LineEnd"])
                columns = int(label["ValueStart"] or -1), int(label["ValueEnd"] or -1)
                if first != last or columns[0] < 0 or columns[1] <= columns[0]:
                    columns = (max(columns[0], 0) if first == last else 0, 1 << 30)
                for line in range(first, last + 1):
                    labels[label["FilePath"].removeprefix("data/"), line].append(columns)
    return labels


def iter_rows(root: Path, weight: float, detector: Detector) -> Iterator[Row]:
    """Every open candidate under *root* that would be reported."""
    labels, reader = read_labels(root), ContextReader()
    for path in sorted((root / "data").rglob("*")):
        name = path.relative_to(root / "data").as_posix()
        repository = name.partition("/")[0]
        if repository in _LEAVE_OUT or not path.is_file():
            continue
        data, shown = path.read_bytes(), f"data/{name}".encode()
        found = [item for item in detector.scan_bytes(Blob(data, BlobKind.FILE, shown)) if _is_row(item, shown)]
        contexts = reader.read(data, shown, [(item.span.start, item.span.end) for item in found])
        for item, context in zip(found, contexts, strict=True):
            evidence = Evidence(item.secret.reveal(), name_before(data, item.span.start))
            signals = (*iter_signals(evidence), *iter_syntax_signals(context))
            yield Row(repository, str(root), weight, signals, _is_true(data, name, item, labels))


def _is_row(item: Candidate, path: bytes) -> bool:
    is_hash = item.rule.id.startswith("pwhash.")
    return item.confidence >= Confidence.MEDIUM and is_open(item.rule) and not is_hash and counts_at(item.rule, path)


def _is_true(data: bytes, name: str, item: Candidate, labels: dict[tuple[str, int], list[tuple[int, int]]]) -> bool:
    first = data.rfind(b"\n", 0, item.span.start) + 1
    start = len(data[first : item.span.start].decode("utf-8", "replace"))
    end = start + len(item.secret.reveal().decode("utf-8", "replace"))
    return any(
        (start < right and end > left) or line > item.span.line
        for line in range(item.span.line, item.span.end_line + 1)
        for left, right in labels.get((name, line), ())
    )


def fit(rows: Sequence[Row], without: Collection[str] = ()) -> Model:
    """The likeliest weights under the penalty; signals of the groups *without* take no part."""
    counts = collections.Counter(
        signal for row in rows for signal in row.signals if signal.partition(":")[0] not in without
    )
    names = sorted(signal for signal, count in counts.items() if count >= _LEAST_SEEN)
    index = {name: number + 1 for number, name in enumerate(names)}
    sizes = collections.Counter(row.repository for row in rows)
    raw = [row.weight / math.sqrt(sizes[row.repository]) for row in rows]
    weights = [one * len(rows) / sum(raw) for one in raw]
    active = [[0, *(index[signal] for signal in row.signals if signal in index)] for row in rows]
    found = [0.0] * (len(names) + 1)
    for _ in range(_ROUNDS):
        found = _newton_step(found, active, [row.is_true for row in rows], weights)
    return Model(found[0], dict(zip(names, found[1:], strict=True)))


def _newton_step(
    at: list[float], active: Sequence[Sequence[int]], truths: Sequence[bool], weights: Sequence[float]
) -> list[float]:
    size = len(at)
    gradient = [0.0] + [-_PENALTY * one for one in at[1:]]
    curvature = [[0.0] * size for _ in range(size)]
    for number in range(1, size):
        curvature[number][number] = _PENALTY
    for columns, is_true, weight in zip(active, truths, weights, strict=True):
        chance = 1 / (1 + math.exp(-sum(at[column] for column in columns)))
        error, slope = weight * (is_true - chance), weight * chance * (1 - chance) + 1e-9
        for column in columns:
            gradient[column] += error
            line = curvature[column]
            for other in columns:
                line[other] += slope
    return [one + step for one, step in zip(at, _solve(curvature, gradient), strict=True)]


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with pivoting."""
    size = len(right)
    lines = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda number: abs(lines[number][column]))
        lines[column], lines[pivot] = lines[pivot], lines[column]
        head = lines[column]
        for number in range(column + 1, size):
            factor = lines[number][column] / head[column]
            if factor:
                lines[number] = [one - factor * two for one, two in zip(lines[number], head, strict=True)]
    solution = [0.0] * size
    for column in reversed(range(size)):
        known = sum(lines[column][other] * solution[other] for other in range(column + 1, size))
        solution[column] = (lines[column][size] - known) / lines[column][column]
    return solution


class HeldOut(NamedTuple):
    """Scores of a row under a model that has not seen its repository: in all, and without the syntax."""

    total: float
    plain: float


def held_out_scores(rows: Sequence[Row], seed: int, without: Collection[str] = ()) -> list[HeldOut]:
    """The scores of each row; its repository is left out in every form."""
    repositories = sorted({row.repository for row in rows})
    random.Random(seed).shuffle(repositories)
    scores = [HeldOut(0.0, 0.0)] * len(rows)
    for fold in range(_FOLDS):
        out = set(repositories[fold::_FOLDS])
        model = fit([row for row in rows if row.repository not in out], without)
        for number, row in enumerate(rows):
            if row.repository in out:
                scores[number] = HeldOut(model.score(row), model.score(row, SYNTAX_GROUPS))
    return scores


def summary(rows: Sequence[Row], scores: Sequence[HeldOut], root: str) -> str:
    """Log loss, and what would be dropped below even odds: true and false ones."""
    picked = [(row.is_true, score.total) for row, score in zip(rows, scores, strict=True) if row.root == root]
    loss = sum(math.log1p(math.exp(-score if is_true else score)) for is_true, score in picked) / len(picked)
    dropped = collections.Counter(is_true for is_true, score in picked if score < 0)
    total = collections.Counter(is_true for is_true, _ in picked)
    return (
        f"{os.path.basename(root)}: loss {loss:.4f}; of {total[True]} true and {total[False]} false ones"
        f" {dropped[True]} and {dropped[False]} become low"
    )


def high_from(rows: Sequence[Row], scores: Sequence[HeldOut]) -> int:
    """The least points from which on, left out, true ones make up `_HIGH` of every form."""
    for points in range(60):
        shares = []
        for root in {row.root for row in rows}:
            sure = [
                row.is_true
                for row, score in zip(rows, scores, strict=True)
                if row.root == root and score.plain * _SCALE >= points and score.total >= 0
            ]
            shares.append(sum(sure) / len(sure) if sure else 1.0)
        if min(shares) >= _HIGH:
            return points
    return 60


def render(model: Model, high: int) -> str:
    """The table as a module."""
    points = {name: round(_SCALE * weight) for name, weight in sorted(model.weights.items())}
    lines = "".join(f'    "{name}": {value},\n' for name, value in points.items() if value)
    return f'''# SPDX-License-Identifier: Apache-2.0
"""What each signal is worth; ten points change the odds by a factor of e. Made by `benchmarks/train_points.py`."""

from __future__ import annotations

START = {round(_SCALE * model.start)}
"""Points of a candidate of which nothing is known."""
LOW_BELOW = 0
HIGH_FROM = {high}
"""Points of value and name alone that make a candidate sure."""
SYNTAX_GROUPS = frozenset({{"passed to", "use"}})
"""Signals that take a parser; of a candidate that they cannot change none is read."""

POINTS = {{
{lines}}}
'''


def main(arguments: Iterable[str] | None = None) -> None:
    """Fit, measure, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", nargs="+", metavar="DATA=WEIGHT")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    cache = DiskCache(None)
    detector = Detector(load_ruleset(RuleSelection(), cache), cache)
    rows: list[Row] = []
    for root, _, weight in (text.partition("=") for text in options.roots):
        rows.extend(iter_rows(Path(root), float(weight or 1), detector))
    roots = sorted({row.root for row in rows})
    groups = sorted({signal.partition(":")[0] for row in rows for signal in row.signals})
    scores = held_out_scores(rows, 0)
    for root in roots:
        print(summary(rows, scores, root))
    for group, root in itertools.product(groups if options.ablate else (), roots):
        print(f"without {group}:", summary(rows, held_out_scores(rows, 0, {group}), root))
    if options.write:
        Path(options.write).write_text(render(fit(rows), high_from(rows, scores)), encoding="utf-8")


if __name__ == "__main__":
    main()
