# SPDX-License-Identifier: Apache-2.0
"""
Does scanning what deltas add find exactly what scanning every object whole finds?

    python benchmarks/differential.py REPO.git… [--jobs 2] [--rules PATH]

Compares (object, rule, span) of all candidates, of whatever confidence, between the scan of the packs
(`secrethunt.packscan`) and the reference: every object read whole and handed to the detector. Of pairs that both have,
it compares the rest too: lines, columns, ordinal, confidence, reasons and so on. Objects that are absent are named, and
neither side may have read one. Exit code 1 for any difference.

Memory grows with the candidates, not with the history: the scan of the packs comes first, and what the reference
confirms is forgotten at once.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

from clones import GitFailure, iter_missing

from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.errors import SecrethuntError
from secrethunt.packscan import PackScanner
from secrethunt.records import Blob, BlobId, BlobKind, Candidate, Confidence
from secrethunt.ruleset import RuleSelection, load_ruleset
from secrethunt.sources import Ledger, Source, SourceOptions, open_source

_LISTED = 20
"""How many differences, and absent objects, are named."""

_DETAILS = [field.name for field in fields(Candidate) if field.name not in ("rule", "secret", "span")]

Place = tuple[str, int, int]
"""Rule, start and end of a span."""


@dataclass(slots=True)
class Side:
    """What one way of scanning has read and found."""

    name: str
    ledger: Ledger = field(default_factory=Ledger)
    pairs: int = 0
    cpu: float = 0.0

    def counts(self) -> tuple[int, int, int, int]:
        """Blobs, commits, tags and their bytes."""
        ledger = self.ledger
        return ledger.blobs, ledger.commits, ledger.tags, ledger.bytes

    def describe(self) -> str:
        """One line for people."""
        blobs, commits, tags, size = self.counts()
        return (
            f"{self.name:9} {blobs:,} blobs, {commits:,} commits, {tags:,} tags, {size / 10**6:,.0f} MB; "
            f"{self.pairs:,} pairs"
        )

    def describe_end(self) -> str:
        """The same, with what it cost and what could not be read."""
        skipped = ", ".join(f"{count} {skip.label}" for skip, count in self.ledger.skipped.items()) or "none"
        return f"{self.describe()}; {self.cpu:.1f} s CPU; skipped: {skipped}"


@dataclass(slots=True)
class Comparison:
    """The differences so far."""

    only_packs: int = 0
    only_whole: int = 0
    other_details: int = 0
    named: list[str] = field(default_factory=list)

    def note(self, id: BlobId, kind: str, place: Place) -> None:
        """Name one difference while there is room; never the secret."""
        if len(self.named) < _LISTED:
            self.named.append(f"{kind}: {id} {place[0]} [{place[1]}, {place[2]})")

    @property
    def total(self) -> int:
        """All differences."""
        return self.only_packs + self.only_whole + self.other_details


class Progress:
    """Says on standard error every few seconds how far a side has come."""

    def __init__(self, side: Side, interval_s: float) -> None:
        self._side = side
        self._interval_s = interval_s
        self._next = time.monotonic() + interval_s

    def tick(self) -> None:
        """Called for each piece of work."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._interval_s
            print(self._side.describe(), file=sys.stderr, flush=True)


def main() -> int:
    """1 when something differs, 2 when a repository cannot be compared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", metavar="REPO.git")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rules", action="append", default=[], help="further rules, as for `secrethunt scan`")
    parser.add_argument("--no-builtin-rules", action="store_true", help="those of --rules only")
    parser.add_argument("--cache", metavar="DIR", help="where compiled rules are kept")
    parser.add_argument("--interval", type=float, default=15.0, help="seconds between reports of progress")
    options = parser.parse_args()
    try:
        cache = DiskCache(options.cache)
        selection = RuleSelection(files=tuple(options.rules), builtin=not options.no_builtin_rules)
        detector = Detector(load_ruleset(selection, cache), cache)
        different = [differ(repository, detector, options) for repository in options.repositories]
    except (GitFailure, SecrethuntError) as err:
        print(f"differential: {err}", file=sys.stderr)
        return 2
    return 1 if any(different) else 0


def differ(repository: str, detector: Detector, options: argparse.Namespace) -> bool:
    """Whether the two ways differ on one repository; prints the counts, and names the first differences."""
    packs, whole = Side("packs"), Side("reference")
    source = open_source(repository, SourceOptions())
    if source.packed is None:
        raise GitFailure(f"{repository} has no packs, or the native module is not built: nothing to compare")
    missing = set(iter_missing(repository))
    found: dict[BlobId, dict[Place, list[int]]] = {}
    with _timed(packs):
        progress = Progress(packs, options.interval)
        for id, candidates in _scan_packs(source, detector, packs.ledger, options.jobs):
            if candidates:
                found[id] = places_of(candidates)
                packs.pairs += len(found[id])
            progress.tick()
    comparison = Comparison()
    read: list[str] = []
    with _timed(whole):
        progress = Progress(whole, options.interval)
        blobs = _watched(_whole_blobs(repository, whole.ledger), missing, read, progress)
        for id, candidates in _scan_whole(blobs, detector, options.jobs):
            places = places_of(candidates)
            whole.pairs += len(places)
            compare_places(id, found.pop(id, {}), places, comparison)
    for id, places in found.items():
        compare_places(id, places, {}, comparison)
    read += [id for id in missing if bytes.fromhex(id) in source.packed.packs]
    _print_outcome(repository, (packs, whole), comparison, sorted(missing))
    is_uneven = packs.counts() != whole.counts()
    if is_uneven:
        print("the two have not read the same objects")
    if read:
        print(f"absent, but read: {', '.join(read[:_LISTED])}")
    return bool(comparison.total or is_uneven or read)


# --- the two ways ------------------------------------------------------------------------------------------------


def _scan_packs(
    source: Source, detector: Detector, ledger: Ledger, jobs: int
) -> Iterator[tuple[BlobId, Sequence[Candidate]]]:
    """
    As `pipeline.Scanner` does it: loose objects, packs, then what the packs could not give. A batch without candidates
    is an item without any.
    """
    packed = source.packed
    assert packed is not None
    yield from _scan_whole(source.iter_blobs(ledger), detector, jobs)
    scanner = PackScanner(
        detector, packed.packs, hash_size=packed.hash_size, max_size=packed.max_size, least=Confidence.LOW
    )
    skips = list(scanner.walker.skips)
    pointers: list[tuple[BlobId, bytes]] = []
    for batch in scanner.iter_batches(jobs):
        ledger.blobs += batch.counts[BlobKind.HISTORY]
        ledger.commits += batch.counts[BlobKind.COMMIT]
        ledger.tags += batch.counts[BlobKind.TAG]
        ledger.bytes += batch.size
        skips.extend(batch.skips)
        pointers.extend(batch.pointers)
        for hit in batch.hits:
            yield hit.id, hit.candidates
        yield BlobId(""), ()
    rest = itertools.chain(packed.iter_again(skips, ledger), packed.iter_pointed(pointers, ledger))
    yield from _scan_whole(rest, detector, jobs)


def _scan_whole(blobs: Iterable[Blob], detector: Detector, jobs: int) -> Iterator[tuple[BlobId, Sequence[Candidate]]]:
    for blob, candidates in detector.iter_hits(blobs, jobs=jobs):
        if blob.id is not None:  # a work tree's file
            yield blob.id, candidates


def _whole_blobs(repository: str, ledger: Ledger) -> Iterator[Blob]:
    return iter(open_source(repository, SourceOptions(use_packs=False)).iter_blobs(ledger))


def _watched(blobs: Iterable[Blob], missing: set[str], read: list[str], progress: Progress) -> Iterator[Blob]:
    """*blobs* unchanged; those that should not be there are put down in *read*."""
    for blob in blobs:
        if blob.id in missing:
            read.append(blob.id)
        progress.tick()
        yield blob


@contextlib.contextmanager
def _timed(side: Side) -> Iterator[None]:
    before = _cpu_seconds()
    yield
    side.cpu = _cpu_seconds() - before


def _cpu_seconds() -> float:
    """Of this process and of the git processes that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


# --- comparing ---------------------------------------------------------------------------------------------------


def places_of(candidates: Iterable[Candidate]) -> dict[Place, list[int]]:
    """What is at each place, as hashes: of no use to whoever reads this process's memory, and small."""
    places: dict[Place, list[int]] = {}
    for item in candidates:
        span = item.span
        details = hash((span, item.secret.reveal(), *[getattr(item, name) for name in _DETAILS]))
        places.setdefault((item.rule.id, span.start, span.end), []).append(details)
    return places


def compare_places(
    id: BlobId, packs: dict[Place, list[int]], whole: dict[Place, list[int]], comparison: Comparison
) -> None:
    """Note in *comparison* what one object's places in *packs* and *whole* do not have in common."""
    for place in sorted(packs.keys() | whole.keys()):
        if place not in whole:
            comparison.only_packs += 1
            comparison.note(id, "only in packs", place)
        elif place not in packs:
            comparison.only_whole += 1
            comparison.note(id, "only in the reference", place)
        elif packs[place] != whole[place]:
            comparison.other_details += 1
            comparison.note(id, "other details", place)


def _print_outcome(repository: str, sides: Sequence[Side], comparison: Comparison, missing: Sequence[str]) -> None:
    print(f"\n{repository}")
    for side in sides:
        print(side.describe_end())
    print(f"absent from both: {len(missing)}" + "".join(f"\n  {id}" for id in missing[:_LISTED]))
    print(
        f"pairs compared {max(side.pairs for side in sides):,}, differences {comparison.total} "
        f"(only packs {comparison.only_packs}, only reference {comparison.only_whole}, "
        f"other details {comparison.other_details})"
    )
    print("".join(f"  {line}\n" for line in comparison.named), end="")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
