# SPDX-License-Identifier: Apache-2.0
"""
Owns the timeline of exposure: since when each secret has been in the repository, and how many stood at a time.

Drawn as SVG with coordinates in attributes, because the page's policy allows no inline style. Each drawing has a table
or a sentence with the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from secrethunt.records import CommitInfo
from secrethunt.report.groups import SecretGroup
from secrethunt.report.html_text import day_of, text
from secrethunt.report.quantities import count

_DAY_S = 86_400
_LISTED = 8
_WIDTH = 1000
_HEIGHT = 160


@dataclass(frozen=True, slots=True)
class Exposure:
    """When one secret stood in the files, in seconds since 1970."""

    start: float
    end: float
    """When it was last seen in a commit; now, if it is still there."""
    is_present: bool
    since: str
    """The author's day of *start*, as the rows of the table have it."""
    until: str

    @property
    def days(self) -> int:
        """Whole days in the files."""
        return int((self.end - self.start) // _DAY_S)


@dataclass(frozen=True, slots=True)
class Axis:
    """The time that all drawings of a page share, in seconds since 1970."""

    start: float
    now: float

    def x(self, timestamp: float) -> float:
        """Position from 0 to 1000."""
        return round(_WIDTH * (timestamp - self.start) / max(self.now - self.start, 1), 1)


def exposure_of(group: SecretGroup, now: float) -> Exposure | None:
    """From the first commit that held it; None where no history is known."""
    firsts = [finding.first for finding in group.findings if finding.first]
    if not firsts:
        return None
    first = min(firsts, key=_instant)
    last = max([first, *(finding.last for finding in group.findings if finding.last)], key=_instant)
    end = now if group.is_present else last.timestamp
    until = "still there" if group.is_present else last.date[:10]
    # A commit may claim to be from the future.
    return Exposure(min(first.timestamp, now), min(end, now), group.is_present, first.date[:10], until)


def _instant(commit: CommitInfo) -> tuple[float, str]:
    return commit.timestamp, commit.id


def axis_of(exposures: Iterable[Exposure], now: float) -> Axis:
    """From the first exposure to now."""
    return Axis(min((exposure.start for exposure in exposures), default=now), now)


def bar(exposure: Exposure, axis: Axis) -> str:
    """One secret's bar: full while it stood in the files, faint from then on, because history keeps it."""
    start, end = axis.x(exposure.start), axis.x(exposure.end)
    stood = max(end - start, 4)
    after = (
        "" if exposure.is_present else f'<rect class="after" x="{start}" y="3" width="{_WIDTH - start}" height="4"/>'
    )
    return (
        f'<svg class="bar" viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{_described(exposure)}"><rect class="track" x="0" y="3" width="{_WIDTH}" height="4"/>{after}'
        f'<rect class="stood" x="{min(start, _WIDTH - stood)}" y="0" width="{stood}" height="10"/></svg>'
    )


def _described(exposure: Exposure) -> str:
    until = "still there" if exposure.is_present else f"gone after {exposure.until}, kept by history"
    return text(f"in the files since {exposure.since}, {until}: {count(exposure.days, 'day')}")


def section(groups: Sequence[SecretGroup], exposures: Sequence[Exposure | None], axis: Axis) -> str:
    """The timeline with its heading; a sentence where no history was scanned."""
    known = [exposure for exposure in exposures if exposure]
    heading = '<section aria-labelledby="timeline">\n<h2 id="timeline">Timeline of exposure</h2>\n'
    if not known:
        return f"{heading}<p>Nothing that was found has a history.</p>\n</section>\n"
    return f"{heading}{_chart(known, axis)}{_longest(groups, exposures, axis)}</section>\n"


def _chart(exposures: Sequence[Exposure], axis: Axis) -> str:
    """Secrets in the files over time, as steps."""
    changes = sorted(
        [(exposure.start, 1) for exposure in exposures]
        + [(exposure.end, -1) for exposure in exposures if not exposure.is_present]
    )
    standing, most = 0, 1
    levels = []
    for timestamp, change in changes:
        standing += change
        most = max(most, standing)
        levels.append((axis.x(timestamp), standing))
    path = "".join(f"H{x}V{round(_HEIGHT * (1 - level / most), 1)}" for x, level in _thinned(levels))
    label = (
        f"{count(len(exposures), 'secret')} came in since {day_of(axis.start)}; at most {most:,} stood in the files at "
        f"the same time, {standing:,} do now."
    )
    years = "".join(f'<line class="year" x1="{x}" x2="{x}" y1="0" y2="{_HEIGHT}"/>' for x in _iter_years(axis))
    names = "".join(f"<span>{name}</span>" for name in (day_of(axis.start), day_of(axis.now)))
    return (
        f'<figure><svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(label)}">{years}<path d="M0 {_HEIGHT}{path}H{_WIDTH}V{_HEIGHT}Z"/></svg>'
        f'<p class="ends" aria-hidden="true">{names}</p><figcaption>{text(label)}</figcaption></figure>\n'
    )


def _thinned(levels: Sequence[tuple[float, int]]) -> Iterable[tuple[float, int]]:
    """Of the steps at one position the last: there are no more positions than tenths of a thousand."""
    return dict(levels).items()


def _iter_years(axis: Axis) -> Iterable[float]:
    """Where years begin, while there are few enough to be told apart."""
    first, last = int(day_of(axis.start)[:4]), int(day_of(axis.now)[:4])
    if last - first > 40:
        return
    for year in range(first + 1, last + 1):
        yield axis.x(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _longest(groups: Sequence[SecretGroup], exposures: Sequence[Exposure | None], axis: Axis) -> str:
    known = [(group, exposure) for group, exposure in zip(groups, exposures, strict=True) if exposure]
    known.sort(key=lambda pair: (-pair[1].days, -pair[0].severity, pair[0].lead.secret_id))
    rows = "".join(_row(group, exposure, axis) for group, exposure in known[:_LISTED])
    caption = "Longest in the files" if len(known) <= _LISTED else f"Longest in the files: {_LISTED} of {len(known):,}"
    return (
        f'<div class="scroll" role="region" aria-label="Longest in the files" tabindex="0"><table class="longest">'
        f"<caption>{caption}</caption><thead><tr>"
        '<th scope="col">Secret</th><th scope="col">Since</th><th scope="col">Until</th>'
        '<th scope="col" class="number">Days</th><th scope="col" class="wide">Exposure</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>\n"
        '<p class="muted">A bar is full while the secret stood in the files, faint where only history keeps it.</p>\n'
    )


def _row(group: SecretGroup, exposure: Exposure, axis: Axis) -> str:
    lead = group.lead
    link = f'<a href="#s-{text(lead.secret_id)}">{text(lead.rule.name)} <code>{text(lead.secret_id[:8])}</code></a>'
    return (
        f'<tr><th scope="row">{link}</th><td>{text(exposure.since)}</td><td>{text(exposure.until)}</td>'
        f'<td class="number">{exposure.days:,}</td><td>{bar(exposure, axis)}</td></tr>\n'
    )
