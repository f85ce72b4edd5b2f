# SPDX-License-Identifier: Apache-2.0
"""
Owns the blast radius as one HTML page with a drawing (SVG): layers from the secret on the left to what it reaches.

The page asks nobody for anything and runs no script. Of many leaves under one node the weightiest are drawn, the others
put into one box for each kind of access; the table below the drawing has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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
from secrethunt.report.escape import escape
from secrethunt.report.html_text import text

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 252, 44, 74, 12
_MARGIN = 16
_MOST_LEAVES = 7
_MOST_BRANCHES = 12
_CHARACTERS = 32
_MOST_ROWS = 2000
_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--muted:#5b6570;--line:#8a94a0;--box:#f3f5f7;--edge:#c9d0d8;
--critical:#b4121f;--high:#b3460b;--medium:#7a5c00;--low:#0b5f8a;--info:#5b6570;--unknown:#7a4fb5}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e8eaed;--muted:#a3adb8;--line:#7d8894;--box:#1f2429;
--edge:#3a424b;--critical:#ff7b84;--high:#ff9d62;--medium:#e5c04b;--low:#6cc0ee;--info:#a3adb8;--unknown:#c6a4f2}}
body{background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:1500px;
padding:0 1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin-top:1.8rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{color:var(--muted)}dd{margin:0;
overflow-wrap:anywhere}
.band{font-weight:700;text-transform:uppercase}.drawing{overflow:auto;max-height:85vh;border:1px solid var(--edge);
border-radius:6px}
svg text{font:12px system-ui,sans-serif;fill:var(--fg)}svg .how{fill:var(--muted);font-size:11px}
svg rect{fill:var(--box);stroke:var(--edge)}svg .tier0 rect{stroke:var(--critical);stroke-width:2}
svg .start rect{stroke:var(--fg);stroke-width:2}svg .unsure rect{stroke:var(--unknown);stroke-dasharray:4 3}
svg path{fill:none;stroke:var(--line)}svg path.unsure{stroke:var(--unknown);stroke-dasharray:5 4}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid var(--edge);vertical-align:top;overflow-wrap:anywhere}
td.number{text-align:right;white-space:nowrap}
.scroll{overflow-x:auto}.muted{color:var(--muted)}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(slots=True)
class _Box:
    """Something drawn: a node by the step that leads to it, or several leaves put together."""

    node: Node | None
    step: Step | None = None
    label: str = ""
    """For several leaves: how many."""
    counted: Counted | None = None
    boxes: list[_Box] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    def share(self) -> float:
        return max((self.counted.share if self.counted else 0.0, *(box.share() for box in self.boxes)))


def picture(radius: BlastRadius, weights: Weights, *, rotate: str = "") -> str:
    """The page."""
    title = f"Blast radius of {node_words(radius.start)}"
    body = "".join((_head(radius, weights), _drawing(radius), _lists(radius, rotate), _table(radius)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{text(title)}</title><style>{_STYLE}</style></head>\n<body><main>\n<h1>{text(title)}</h1>\n{body}"
        "</main></body></html>\n"
    )


def _head(radius: BlastRadius, weights: Weights) -> str:
    known = [
        f'{text(node_words(item.node))} <span class="muted">({text(known_words(item.way[-1].edge.known))}'
        f"{text(': ' + item.way[-1].edge.evidence) if item.way[-1].edge.evidence else ''})</span>"
        for item in radius.identities
    ]
    is_credential = radius.start.kind.value == "credential"
    owner = "; ".join(known) or ("nobody knows; see Unknown" if is_credential else text(node_words(radius.start)))
    said = "; ".join(f"{name} {word} {factor} ({why})" for name, word, factor, why in factors(radius, weights))
    rows = [
        ("Blast radius", f"{_band(radius.band)} {text(interval(radius.blast))} of 100"),
        ("Risk", f"{_band(radius.risk_band)} {text(interval(radius.risk))}: {text(said)}"),
        ("Belongs to", owner),
    ]
    if radius.owners:
        rows.append(("Owner", text("; ".join(item.words for item in radius.owners))))
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows)}</dl>\n"


def _band(name: str) -> str:
    return f'<span class="band" style="color:var(--{name})">{name}</span>'


# --- the drawing ------------------------------------------------------------------------------------------------


def _drawing(radius: BlastRadius) -> str:
    root = _grown(radius)
    _thin(root)
    bottom = _place(root, 0, _MARGIN)
    boxes = list(_iter_boxes(root))
    width = max(box.x for box in boxes) + _WIDTH + _MARGIN
    lines = "".join(_line(box, child) for box in boxes for child in box.boxes)
    drawn = "".join(_drawn(box) for box in boxes)
    return (
        '<h2 id="ways">Ways</h2>\n<div class="drawing" tabindex="0" role="region" aria-labelledby="ways">'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{bottom:.0f}" role="img" '
        f'aria-label="{text(f"From {node_words(radius.start)} to what it reaches; the table below says the same")}">'
        f"{lines}{drawn}</svg></div>\n"
    )


def _grown(radius: BlastRadius) -> _Box:
    root = _Box(radius.start)
    known: dict[tuple[int, str, str], _Box] = {}
    for one in (*radius.counted, *radius.assumed):
        box = _follow(root, one.reached.way, known)
        box.counted = box.counted or one
    for item in radius.held:
        _follow(root, item.way, known)
    return root


def _follow(root: _Box, way: Iterable[Step], known: dict[tuple[int, str, str], _Box]) -> _Box:
    box = root
    for step in way:
        key = (id(box), step.node.key, edge_words(step.edge))
        if key not in known:
            known[key] = _Box(step.node, step)
            box.boxes.append(known[key])
        box = known[key]
    return box


def _thin(box: _Box) -> None:
    """What is beyond the weightiest becomes one box for each way of reaching it."""
    box.boxes.sort(key=lambda child: -child.share())
    leaves = [child for child in box.boxes if not child.boxes]
    branches = [child for child in box.boxes if child.boxes]
    hidden = leaves[_MOST_LEAVES:] if len(leaves) > _MOST_LEAVES + 1 else []
    hidden += branches[_MOST_BRANCHES:]
    if hidden:
        dropped = {id(child) for child in hidden}
        box.boxes = [child for child in box.boxes if id(child) not in dropped]
        alike: dict[str, list[_Box]] = {}
        for child in hidden:
            alike.setdefault(edge_words(child.step.edge) if child.step else "", []).append(child)
        box.boxes += [_Box(None, None, f"{words} {len(many):,} more") for words, many in alike.items()]
    for child in box.boxes:
        _thin(child)


def _place(box: _Box, layer: int, top: float) -> float:
    """Gives every box its place; the bottom of what was used."""
    box.x = _MARGIN + layer * (_WIDTH + _GAP_X)
    if not box.boxes:
        box.y = top
        return top + _HEIGHT + _GAP_Y
    bottom = top
    for child in box.boxes:
        bottom = _place(child, layer + 1, bottom)
    box.y = (box.boxes[0].y + box.boxes[-1].y) / 2
    return bottom


def _iter_boxes(box: _Box) -> Iterator[_Box]:
    yield box
    for child in box.boxes:
        yield from _iter_boxes(child)


def _line(box: _Box, child: _Box) -> str:
    x1, y1, x2, y2 = box.x + _WIDTH, box.y + _HEIGHT / 2, child.x, child.y + _HEIGHT / 2
    middle = (x1 + x2) / 2
    width = 1 + 3 * min(1.0, child.share())
    style = ' class="unsure"' if _is_unsure(child) else ""
    return (
        f'<path{style} stroke-width="{width:.1f}" '
        f'd="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def _is_unsure(box: _Box) -> bool:
    return box.step is not None and box.step.edge.status is not EdgeStatus.CONFIRMED


def _drawn(box: _Box) -> str:
    if box.node is None:
        lines, told, style = ("", box.label), "named in the table below", ""
    else:
        step = box.step
        how = f"{edge_words(step.edge)}{f' ×{step.weight:.2g}' if step.weight < 1 else ''}" if step else "the start"
        lines = (how, node_words(box.node))
        told = ". ".join(piece for piece in (box.node.key, *_told(box)) if piece)
        tier = " tier0" if box.node.properties.get("tier0") else ""
        style = ("start" if step is None else "") + (" unsure" if _is_unsure(box) else "") + tier
    return (
        f'<g class="{style.strip()}"><title>{text(told)}</title>'
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text class="how" x="{box.x + 9:.0f}" y="{box.y + 16:.0f}">{_cut(lines[0])}</text>'
        f'<text x="{box.x + 9:.0f}" y="{box.y + 33:.0f}">{_cut(lines[1])}</text></g>'
    )


def _told(box: _Box) -> Iterator[str]:
    if box.step is not None:
        yield box.step.edge.evidence
        yield how_sure(box.step.edge, box.step.weight)
    if box.counted is not None:
        yield f"counts {box.counted.share:.3f} = {calculation(box.counted)}"


def _cut(line: str) -> str:
    """As much as a box holds: of long names the end tells more than the beginning."""
    shown = escape(line)
    if len(shown) <= _CHARACTERS:
        return text(shown)
    return text(f"{shown[:12]}…{shown[-(_CHARACTERS - 13) :]}")


# --- below it ---------------------------------------------------------------------------------------------------


def _lists(radius: BlastRadius, rotate: str) -> str:
    stopped = [stopped_words(edge) for edge in radius.blocked]
    parts = [
        ("Do first", "ol", list(iter_first_things(radius, rotate))),
        ("Unknown", "ul", unknown_words(radius)),
        ("Stopped", "ul", stopped),
    ]
    return "".join(
        f"<h2>{name}</h2>\n<{tag}>{''.join(f'<li>{text(item)}</li>' for item in items)}</{tag}>\n"
        for name, tag, items in parts
        if items
    )


def _table(radius: BlastRadius) -> str:
    everything = [*radius.counted, *radius.assumed]
    rows = "".join(_row(one) for one in everything[:_MOST_ROWS])
    more = len(everything) - _MOST_ROWS
    rest = f'<p class="muted">and {more:,} more that count less; JSON has all.</p>' if more > 0 else ""
    return (
        '<h2 id="reached">What is reached</h2>\n'
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="reached">'
        '<table><thead><tr><th scope="col">What</th><th scope="col">Access</th><th scope="col">Counts</th>'
        '<th scope="col">Way</th><th scope="col">Evidence of the last step</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{rest}\n"
    )


def _row(one: Counted) -> str:
    reached = one.reached
    way = " → ".join(step.node.name for step in reached.way[:-1]) or "directly"
    assumed = ' <span style="color:var(--unknown)">assumed</span>' if reached.is_assumed else ""
    evidence = reached.way[-1].edge.evidence or reached.way[-1].edge.detail if reached.way else ""
    return (
        f"<tr><td>{text(node_words(reached.node))}</td><td>{reached.access.label}{assumed}</td>"
        f'<td class="number" title="{text(calculation(one))}">{one.share:.3f}</td>'
        f"<td>{text(way)}</td><td>{text(evidence)}</td></tr>\n"
    )
