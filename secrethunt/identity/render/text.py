# SPDX-License-Identifier: Apache-2.0
"""
Owns the blast radius for a terminal: the answer in a line, whose it is, a tree of ways, what stops, what is unknown.

The tree shows what counts most; of many of one kind a few are named and the rest is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import wrap

from secrethunt.identity.blast import BlastRadius, Counted
from secrethunt.identity.contract import EdgeStatus, Node
from secrethunt.identity.reach import Step
from secrethunt.identity.render.words import (
    calculation,
    edge_words,
    factors,
    how_sure,
    interval,
    iter_first_things,
    known_words,
    node_words,
    stopped_words,
    unknown_words,
)
from secrethunt.identity.weights import Weights
from secrethunt.report.escape import escape, log_line

_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_BANDS = {"critical": "\x1b[1;31m", "high": "\x1b[31m", "medium": "\x1b[33m", "low": "\x1b[36m", "info": _DIM}
_UNSURE = "\x1b[33m"
_LABEL_WIDTH = 10
_MOST_ALIKE = 6
"""Named of the things under one node that are reached in the same way."""
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How it is written."""

    width: int = 100
    color: bool = False
    rotate: str = ""
    """The advice of the secret's rule."""
    show_all: bool = False
    """Name everything that is reached."""


@dataclass(slots=True)
class _Branch:
    """A node of the tree, by the step that leads to it."""

    step: Step | None
    counted: Counted | None = None
    branches: dict[tuple[str, str], _Branch] = field(default_factory=dict)

    def weight(self) -> float:
        """By what branches are put in order: the most that anything on it counts."""
        own = self.counted.share if self.counted else 0.0
        return max((own, *(branch.weight() for branch in self.branches.values())))


def iter_text(radius: BlastRadius, weights: Weights, options: TextOptions) -> Iterator[str]:
    """The lines of it, without line ends."""
    page = _Page(radius, weights, options)
    for line in page.iter_lines():
        yield log_line(line)


class _Page:
    def __init__(self, radius: BlastRadius, weights: Weights, options: TextOptions) -> None:
        self._radius = radius
        self._weights = weights
        self._options = options
        self._width = max(options.width, 60)

    def iter_lines(self) -> Iterator[str]:
        radius = self._radius
        band = self._styled(radius.band.upper(), _BANDS.get(radius.band, ""))
        title = self._styled(escape(node_words(radius.start)), _BOLD)
        yield f"{band}  blast radius of {title}: {interval(radius.blast)} of 100"
        yield from self._identity()
        yield from self._scores()
        yield from self._levels()
        yield ""
        yield from self._tree()
        yield from self._listed("Stopped", [stopped_words(edge) for edge in radius.blocked])
        yield from self._listed("Unknown", unknown_words(radius))
        things = list(iter_first_things(radius, self._options.rotate))
        yield from self._listed("Do first", [f"{number}. {text}" for number, text in enumerate(things, 1)], most=99)
        if radius.is_cut:
            yield from self._listed("Cut off", ["the search was stopped; what is reached is more than is shown"])

    def _identity(self) -> Iterator[str]:
        radius = self._radius
        for item in radius.identities:
            edge = item.way[-1].edge
            sure = how_sure(edge, item.way[-1].weight)
            told = f"{known_words(edge.known)}{f': {edge.evidence}' if edge.evidence else ''}"
            yield from self._row("Belongs to", f"{_described(item.node)}; {told}{f'; {sure}' if sure else ''}")
        if not radius.identities:
            own = radius.start.kind.value != "credential"
            yield from self._row("Belongs to", _described(radius.start) if own else "nobody knows; see Unknown")
        if radius.owners:
            named = [f"{item.words}{f' by {item.evidence}' if item.evidence else ''}" for item in radius.owners]
            more = f" and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else ""
            yield from self._row("Owner", f"{'; '.join(named[:_MOST_LISTED])}{more}")

    def _scores(self) -> Iterator[str]:
        radius = self._radius
        known = "everything that matters is known" if not radius.unknown else "from what is known to what is possible"
        yield from self._row("Blast", f"{interval(radius.blast)} ({radius.band}): {known}, {radius.hops} hops at most")
        said = "; ".join(
            f"{name} {word} {factor} ({why})" for name, word, factor, why in factors(radius, self._weights)
        )
        yield from self._row("Risk", f"{interval(radius.risk)} ({radius.risk_band}): {said}")

    def _levels(self) -> Iterator[str]:
        levels = Counter(one.reached.access for one in self._radius.counted)
        said = ", ".join(f"{number:,} {access.label}" for access, number in sorted(levels.items(), reverse=True))
        top = sum(1 for one in self._radius.counted if one.reached.node.properties.get("tier0"))
        tier = f"; {top} tier 0" if top else ""
        yield from self._row("Reaches", f"{said}{tier}" if said else "nothing that is known")

    # --- the tree -----------------------------------------------------------------------------------------------

    def _tree(self) -> Iterator[str]:
        root = _grown(self._radius)
        yield self._styled(escape(node_words(self._radius.start)), _BOLD)
        yield from self._branches(root, "")
        yield ""

    def _branches(self, branch: _Branch, margin: str) -> Iterator[str]:
        children = sorted(branch.branches.values(), key=lambda item: (-item.weight(), _name(item)))
        shown, more = (children, []) if self._options.show_all else _thinned(children)
        for number, child in enumerate(shown):
            is_last = number == len(shown) - 1 and not more
            yield from self._branch(child, margin, is_last=is_last)
        for number, said in enumerate(more):
            yield f"{margin}{'└─' if number == len(more) - 1 else '├─'} {self._styled(said, _DIM)}"

    def _branch(self, branch: _Branch, margin: str, *, is_last: bool) -> Iterator[str]:
        step = branch.step
        assert step is not None
        inner = margin + ("   " if is_last else "│  ")
        lead = f"{margin}{'└─' if is_last else '├─'} "
        name = self._styled(escape(node_words(step.node)), _BOLD if step.node.properties.get("tier0") else "")
        tier = self._styled(" TIER 0", _BANDS["critical"]) if _is_tier0(step.node) else ""
        line = f"{lead}{edge_words(step.edge)} {name}{tier}"
        if branch.counted is not None and branch.counted.share >= 0.0005:
            line += self._styled(f"  {branch.counted.share:.2f}", _DIM)
        yield line
        for text, style in self._notes(branch):
            for piece in wrap(escape(text), max(30, self._width - len(inner) - 3)) or [""]:
                yield f"{inner}{'│' if branch.branches else ' '}  {self._styled(piece, style)}"
        yield from self._branches(branch, inner)

    def _notes(self, branch: _Branch) -> Iterator[tuple[str, str]]:
        step = branch.step
        assert step is not None
        sure = how_sure(step.edge, step.weight)
        if sure:
            yield sure, _DIM if step.edge.status is EdgeStatus.CONFIRMED else _UNSURE
        by = ", ".join(step.edge.actions[:3])
        evidence = step.edge.evidence
        if by or evidence:
            yield f"by {by} [{evidence}]" if by and evidence else by or f"[{evidence}]", _DIM
        if branch.counted is not None and branch.counted.reached.node.properties.get("tier0"):
            yield f"counts {branch.counted.share:.2f} = {calculation(branch.counted)}", _DIM

    # --- rows ---------------------------------------------------------------------------------------------------

    def _listed(self, label: str, items: list[str], *, most: int = _MOST_LISTED) -> Iterator[str]:
        shown = items if self._options.show_all else items[:most]
        for number, item in enumerate(shown):
            yield from self._row(label if number == 0 else "", item)
        if len(items) > len(shown):
            yield from self._row("", f"and {len(items) - len(shown):,} more")

    def _row(self, label: str, text: str) -> Iterator[str]:
        margin = " " * (_LABEL_WIDTH + 3)
        lines = wrap(escape(text), self._width - len(margin), break_long_words=False, break_on_hyphens=False) or [""]
        yield "  " + self._styled(f"{label:{_LABEL_WIDTH}}", _DIM) + " " + lines[0]
        yield from (margin + line for line in lines[1:])

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._options.color and style else text


def _grown(radius: BlastRadius) -> _Branch:
    """All ways put together from their common beginnings."""
    root = _Branch(None)
    for one in (*radius.counted, *radius.assumed):
        branch = _follow(root, one.reached.way)
        branch.counted = branch.counted or one
    for item in radius.held:
        _follow(root, item.way)
    return root


def _follow(root: _Branch, way: Iterable[Step]) -> _Branch:
    branch = root
    for step in way:
        key = (step.edge.target, edge_words(step.edge))
        branch = branch.branches.setdefault(key, _Branch(step))
    return branch


def _thinned(children: list[_Branch]) -> tuple[list[_Branch], list[str]]:
    """Those to name, and lines that count the others: of leaves reached alike only the first few are named."""
    named: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    shown = []
    for child in children:
        assert child.step is not None
        words = edge_words(child.step.edge)
        if not child.branches and named[words] >= _MOST_ALIKE:
            hidden[words] += 1
        else:
            named[words] += 1
            shown.append(child)
    return shown, [f"{words} {number:,} more" for words, number in hidden.most_common()]


def _name(branch: _Branch) -> str:
    return branch.step.node.key if branch.step else ""


def _is_tier0(node: Node) -> bool:
    return bool(node.properties.get("tier0")) and node.properties.get("type") != "unknown"


def _described(node: Node) -> str:
    account = f" in {node.account.split(':', 1)[-1].replace('account:', 'account ')}" if node.account else ""
    return f"{node.provider} {node_words(node)}{account}"
