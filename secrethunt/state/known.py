# SPDX-License-Identifier: Apache-2.0
"""
Owns what is known of objects: which rules each was scanned with, and which hold candidates of which rules. No value of
a secret is kept, nor where in an object it stands: an object with candidates is read again whenever something changed.

An object's id names its contents, so what is known of it holds for ever, wherever it is stored.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secrethunt.records import MAX_CANDIDATES, Candidate, Confidence

Hits = dict[bytes, dict[bytes, int]]
"""By object: the fingerprints of the rules that saw something in it, and how sure that was at most."""
ANY_RULE = b""
"""In place of a rule's fingerprint: there was more than is listed."""
SEEN_BY_ANY = {ANY_RULE: int(Confidence.HIGH)}
"""Hits of an object that must be read every time."""
_MANY_RULES = 4
"""A group forgets rules that were not used this time when it knows this many times as many."""


@dataclass(slots=True)
class Group:
    """Objects that were scanned with the same rules."""

    rules: frozenset[bytes]
    """Fingerprints."""
    ids: set[bytes]


@dataclass(slots=True)
class Known:
    """Everything that is known of a repository's objects."""

    hash_size: int
    max_size: int
    """Largest object that was read; what is larger was skipped and is not known."""
    groups: list[Group] = field(default_factory=list)
    hits: Hits = field(default_factory=dict)
    pointers: dict[bytes, str] = field(default_factory=dict)
    """Git LFS pointers, with the SHA-256 of what they stand for, which comes and goes."""

    @property
    def size(self) -> int:
        """How many objects are known."""
        return sum(len(group.ids) for group in self.groups)

    def must_read_again(self, rules: frozenset[bytes], least: Confidence) -> set[bytes]:
        """
        Objects that may come to a candidate as sure as *least* with *rules*.

        What two rules see may be surer together than each was alone.
        """
        wanted = set(self.pointers)
        for id, seen in self.hits.items():
            levels = [level for rule, level in seen.items() if rule in rules or rule == ANY_RULE]
            if len(levels) > 1 or (levels and levels[0] >= least):
                wanted.add(id)
        return wanted

    def keep_groups_of(self, rules: frozenset[bytes]) -> None:
        """Forget the groups that none of *rules* was used on."""
        self.groups = [group for group in self.groups if group.rules & rules]


def rules_seen(candidates: Iterable[Candidate], fingerprints: Mapping[str, bytes]) -> dict[bytes, int]:
    """Which rules saw something in an object, by its *candidates*; one that gave way to another may be sure."""
    seen: dict[bytes, int] = {}
    count = 0
    for candidate in candidates:
        count += 1
        rule = fingerprints[candidate.rule.id]
        seen[rule] = max(seen.get(rule, 0), candidate.confidence)
        for other in candidate.also:
            seen[fingerprints.get(other, ANY_RULE)] = Confidence.HIGH
    if count >= MAX_CANDIDATES:
        seen[ANY_RULE] = Confidence.HIGH
    return seen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scan read."""

    rules: frozenset[bytes]
    advanced: list[set[bytes]]
    """For each group of what was known, those of its objects that have been scanned with all of *rules* by now."""
    present: set[bytes]
    chosen: set[bytes]
    """Objects that all rules were to be used on, and..."""
    read: set[bytes]
    """...those of them that could be read."""
    hits: Hits
    pointers: dict[bytes, str]


def learn(known: Known, outcome: Outcome) -> Known:
    """What is known after a scan; objects that are no longer there, or could not be read, are forgotten."""
    groups: dict[frozenset[bytes], set[bytes]] = {}
    fresh = set(outcome.read)
    hits: Hits = {}
    for group, advanced in zip(known.groups, outcome.advanced, strict=True):
        rules = _united(group.rules, outcome.rules)
        kept = (advanced & outcome.present) - (outcome.chosen - outcome.read)
        fresh -= kept
        groups.setdefault(rules, set()).update(kept)
        for id in known.hits.keys() & kept:
            again = outcome.rules if id in outcome.read else frozenset[bytes]()
            seen = {rule: level for rule, level in known.hits[id].items() if rule in rules and rule not in again}
            if id not in outcome.read and ANY_RULE in known.hits[id]:
                seen[ANY_RULE] = Confidence.HIGH
            if seen:
                hits[id] = seen
    if fresh:
        groups.setdefault(outcome.rules, set()).update(fresh)
    for id in outcome.hits.keys() & outcome.read:
        hits[id] = hits.get(id, {}) | outcome.hits[id]
    pointers = {id: oid for id, oid in known.pointers.items() if id in outcome.present and id not in outcome.read}
    pointers |= outcome.pointers
    return Known(
        known.hash_size,
        known.max_size,
        [Group(rules, ids) for rules, ids in groups.items() if ids],
        hits,
        pointers,
    )


def _united(before: frozenset[bytes], now: frozenset[bytes]) -> frozenset[bytes]:
    united = before | now
    return united if len(united) <= _MANY_RULES * len(now) + 1000 else now


# --- as bytes ---------------------------------------------------------------------------------------------------


def encode_known(known: Known) -> bytes:
    """The bytes that `decode_known` reads."""
    rules = sorted({rule for group in known.groups for rule in group.rules})
    numbers = {rule: number for number, rule in enumerate(rules)} | {ANY_RULE: -1}
    head = {
        "hash_size": known.hash_size,
        "max_size": known.max_size,
        "rules": [rule.hex() for rule in rules],
        "groups": [[sorted(numbers[rule] for rule in group.rules), len(group.ids)] for group in known.groups],
        "hits": {
            id.hex(): [[numbers[rule], level] for rule, level in sorted(seen.items()) if rule in numbers]
            for id, seen in sorted(known.hits.items())
        },
        "pointers": {id.hex(): oid for id, oid in sorted(known.pointers.items())},
    }
    packed = zlib.compress(json.dumps(head, separators=(",", ":")).encode(), 1)
    ids = [id for group in known.groups for id in sorted(group.ids)]
    return b"".join([len(packed).to_bytes(4, "big"), packed, *ids])


def decode_known(data: bytes) -> Known:
    """What `encode_known` made bytes of; its checksum has been looked at."""
    start = 4 + int.from_bytes(data[:4], "big")
    head = json.loads(zlib.decompress(data[4:start]))
    rules = [bytes.fromhex(rule) for rule in head["rules"]]
    size = head["hash_size"]
    groups = []
    for numbers, count in head["groups"]:
        end = start + count * size
        ids = {data[at : at + size] for at in range(start, end, size)}
        groups.append(Group(frozenset(rules[number] for number in numbers), ids))
        start = end
    hits = {
        bytes.fromhex(id): {rules[number] if number >= 0 else ANY_RULE: level for number, level in seen}
        for id, seen in head["hits"].items()
    }
    pointers = {bytes.fromhex(id): oid for id, oid in head["pointers"].items()}
    return Known(size, head["max_size"], groups, hits, pointers)
