# SPDX-License-Identifier: Apache-2.0
"""
Owns what `quick.py` reads: the Hyperscan database, the window of each anchor, and the compiled probes behind them, for
the user's own configuration. Made again when a rule, a setting or the code that reads them has changed.
"""

from __future__ import annotations

import marshal
import os
import sys
from array import array
from typing import Any

from secrethunt.anchors import LOOKAHEAD
from secrethunt.decode import DecodeOptions
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.hook import quick
from secrethunt.match.patterns import compiled_parts
from secrethunt.ruleset import RuleSelection, Ruleset, builtin_directory, load_ruleset, reader_files, rule_files
from secrethunt.sources.change_backend import DIFF
from secrethunt.sources.hardening import ENVIRONMENT, FROM_HOOK, HARMLESS, find_git

_CODE = (
    *("decode/contract.py", "decode/extent.py", "decode/hints.py", "match/search.py"),
    *("hook/quick.py", "hook/snapshot.py"),
)
_PASSED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", *FROM_HOOK)
_CONTEXT = 1_000_000_000
"""More lines than a file has."""

_SHOWN = [
    "--raw",
    "-p",
    "-z",
    "--no-abbrev",
    "--no-relative",
    "--text",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
]

Probe = tuple[tuple[int, int], int, int] | None
"""Where the compiled pattern stands, how many bytes before the anchor's end it begins, and how far it may see."""


class _Body:
    """Byte strings end to end."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._size = 0

    def append(self, data: bytes) -> tuple[int, int]:
        """Where *data* was put: (offset, size)."""
        place = self._size, len(data)
        self.pieces.append(data)
        self._size += len(data)
        return place


def write_snapshot(
    cache: DiskCache, selection: RuleSelection, decode: DecodeOptions, *, max_size: int, config: str
) -> None:
    """Leave in *cache* what `quick.py` needs for the rules of *selection*; *config* is the file that chose them."""
    git = find_git()
    if git is None:
        return
    files = [*_watched(selection), config, git]
    # Taken before anything is read: what changes meanwhile makes the snapshot stale, not wrong.
    stamps = quick.stamp(files)
    ruleset = load_ruleset(selection, cache)
    detector = Detector(ruleset, cache, decode)
    body = _Body()
    probes = _probes(ruleset, body)
    databases = [body.append(dump) for dump in detector.matcher.search.dump()]
    parts: dict[str, Any] = {
        "layout": quick.LAYOUT,
        "files": files,
        "stamps": stamps,
        "engine": _engine_path(),
        "databases": databases,
        "windows": detector.windows,
        "whole": [hint.is_whole for hint in detector.hints],
        "probes": probes,
        "in_binary": frozenset(number for number, rule in enumerate(ruleset.rules) if rule.in_binary),
        "max_size": max_size,
        "command": [git, *HARMLESS, "diff-index", "--cached", *_SHOWN, f"-U{_CONTEXT}", *DIFF, "HEAD", "--"],
        "environment": ENVIRONMENT,
        "passed": list(_PASSED),
    }  # fmt: skip
    cache.write(quick.snapshot_name(), _packed(parts, body))


def _packed(parts: dict[str, Any], body: _Body) -> bytes:
    import zlib

    packed = marshal.dumps(parts)
    return b"".join([len(packed).to_bytes(8, "big"), zlib.crc32(packed).to_bytes(4, "big"), packed, *body.pieces])


def _watched(selection: RuleSelection) -> list[str]:
    """All files and directories on which the snapshot depends."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    named = [*([builtin_directory()] if selection.builtin else []), *selection.files]
    # A directory's time changes with the files in it; of one that holds a named file only that file counts.
    directories = [path for path in named if os.path.isdir(path)]
    return [*reader_files(), *(os.path.join(package, name) for name in _CODE), *directories, *rule_files(selection)]


def _probes(ruleset: Ruleset, body: _Body) -> list[Probe]:
    """For each rule what `Confirmer.may_hold` tests; where that is nothing, None."""
    probes: list[Probe] = []
    places: dict[str, tuple[int, int] | None] = {}
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        back = anchor.max_width + anchor.max_lead
        if anchor.tail:
            text, back, reach = anchor.tail, 0, anchor.reach + LOOKAHEAD
        elif back == anchor.min_width + anchor.min_lead:
            text, reach = rule.pattern, anchor.reach + LOOKAHEAD - back
        else:
            probes.append(None)
            continue
        if text not in places:
            places[text] = _place(text.encode("utf-8"), body)
        place = places[text]
        probes.append((place, back, reach) if place is not None else None)
    return probes


def _place(text: bytes, body: _Body) -> tuple[int, int] | None:
    made = compiled_parts(text)
    if made is None:
        return None
    flags, groups, names, code = made
    by_number: list[str | None] = [None] * groups
    for name, number in names.items():
        by_number[number] = name
    return body.append(marshal.dumps((text, flags, groups - 1, names, tuple(by_number), array("I", code).tolist())))


def _engine_path() -> str:
    import hyperscan

    return str(sys.modules[f"{hyperscan.__name__}._hs_ext"].__file__)
