# SPDX-License-Identifier: Apache-2.0
"""
Precision and recall on the labelled corpus, of secrethunt and of its peers on the same files.

    PYTHONPATH=. python benchmarks/corpus.py [--peer gitleaks=/path/to/gitleaks]... [--runs 3] [--seed 20] [--keep DIR]

A planted secret is found when a tool reports its value in its file, or a value that holds it or is a good part of it:
tools draw the bounds of a secret differently. A report is false when it overlaps no planted secret. One value in one
file counts once. Known gaps of secrethunt count against it as anything else does. The samples of provider tokens come
from this project's patterns, so there the figures favour it; the corpus's own kinds come from no tool's.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import Hit, Run, chosen_tools, measure

from secrethunt.diskcache import DiskCache
from secrethunt.records import Confidence, Rule
from secrethunt.ruleset import RuleSelection, load_ruleset
from tests.corpus_files import Corpus, Planted, Rendered

_GOOD_PART = 8
"""Fewest bytes of a planted value that count as found when a tool reports less than all of it."""


@dataclass
class Score:
    """Counts of one tool in one group."""

    planted: int = 0
    found: int = 0
    true: int = 0
    false: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        return self.true / (self.true + self.false) if self.true + self.false else 1.0


@dataclass
class Scores:
    """Counts of one tool, in all and by group."""

    total: Score = field(default_factory=Score)
    formats: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    families: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--keep", metavar="DIR", help="render into DIR and leave it there")
    options = parser.parse_args()
    tools = chosen_tools(options.peer)
    rules = load_ruleset(RuleSelection(), DiskCache(None)).rules
    corpus = Corpus(rules)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(options.keep or temporary)
        rendered = corpus.render(directory, seed=options.seed)
        runs = {name: measure(name, tool, "tree", str(directory), runs=options.runs) for name, tool in tools.items()}
        family = _families(rules)
        scores = {name: _score(corpus, rendered, _relative(run.hits, directory), family) for name, run in runs.items()}
    print(f"{len(corpus.files)} files, {len(rendered.planted)} planted secrets, seed {options.seed}")
    _print_totals(runs, scores)
    _print_groups("planted by kind", {name: score.families for name, score in scores.items()}, with_false=False)
    _print_groups("by format", {name: score.formats for name, score in scores.items()}, with_false=True)


def _families(rules: Iterable[Rule]) -> Callable[[Planted], str]:
    """What sort of secret a planted one is: the corpus's own kind, or how its provider's rule knows it."""
    confidence = {str(rule.id): rule.confidence for rule in rules}

    def family(planted: Planted) -> str:
        template = planted.label.template
        if template not in confidence:
            return template
        return "provider, own format" if confidence[template] == Confidence.HIGH else "provider, by its word"

    return family


def _relative(hits: Iterable[Hit], directory: Path) -> dict[str, set[str]]:
    """Distinct values by file."""
    values: dict[str, set[str]] = defaultdict(set)
    for hit in hits:
        values[os.path.relpath(hit.path, directory)].add(hit.secret)
    return values


def _score(
    corpus: Corpus, rendered: Rendered, values: Mapping[str, set[str]], family: Callable[[Planted], str]
) -> Scores:
    scores = Scores()
    planted_by_path: dict[str, list[Planted]] = defaultdict(list)
    for planted in rendered.planted:
        planted_by_path[planted.path].append(planted)
        is_found = any(_overlaps(planted, value) for value in values.get(planted.path, ()))
        for score in (scores.total, scores.formats[planted.format], scores.families[family(planted)]):
            score.planted += 1
            score.found += is_found
    for file in corpus.files:
        for value in values.get(file.path, ()):
            is_true = any(_overlaps(planted, value) for planted in planted_by_path[file.path])
            for score in (scores.total, scores.formats[file.format]):
                score.true += is_true
                score.false += not is_true
    return scores


def _overlaps(planted: Planted, value: str) -> bool:
    expected = _squeezed(planted.value.decode())
    reported = _squeezed(value)
    return expected in reported or (len(reported) >= _GOOD_PART and reported in expected)


def _squeezed(text: str) -> str:
    """Without white space and escaped line ends, which some tools normalise."""
    return "".join(text.replace("\\n", "").split())


def _print_totals(runs: Mapping[str, Run], scores: Mapping[str, Scores]) -> None:
    columns = ("recall", "precision", "found", "values", "false", "reports", "cpu s")
    print(f"\n{'tool':12}" + "".join(f"{column:>10}" for column in columns))
    for name, score in ((name, scores[name].total) for name in runs):
        cells = [f"{score.recall:.1%}", f"{score.precision:.1%}", score.found, score.true + score.false, score.false]
        cells += [len(runs[name].hits), f"{runs[name].cpu:.2f}"]
        print(f"{name:12}" + "".join(f"{cell:>10}" for cell in cells))


def _print_groups(title: str, groups: Mapping[str, Mapping[str, Score]], *, with_false: bool) -> None:
    names = sorted({name for scores in groups.values() for name in scores})
    print(f"\n{title}: found of planted" + (", false" if with_false else ""))
    print(f"{'':24}" + "".join(f"{tool:>18}" for tool in groups))
    for name in names:
        cells = (_cell(scores.get(name, Score()), with_false) for scores in groups.values())
        print(f"{name:24}" + "".join(f"{cell:>18}" for cell in cells))


def _cell(score: Score, with_false: bool) -> str:
    found = f"{score.found} of {score.planted}"
    return f"{found}, {score.false}" if with_false else found


if __name__ == "__main__":
    main()
