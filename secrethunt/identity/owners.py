# SPDX-License-Identifier: Apache-2.0
"""
Who seems to own what: CODEOWNERS, tags, whoever brought a secret in. All of it is a suggestion with its basis and how
much it is worth, until somebody confirms it (`owner_status`).

Format: GitHub, "About code owners"; GitLab, "Code Owners syntax" (sections, optional ones, default owners).
"""

from __future__ import annotations

import enum
import fnmatch
import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.records import CommitInfo

_SOUGHT = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""In this order; the first that is there counts."""
_LARGEST = 3 << 20
"""Bytes; GitHub reads no CODEOWNERS file that is larger."""
_MOST_RULES = 20_000
_SECTION = re.compile(r"\^?\[(?P<name>[^\]]{1,200})\](?:\[\d{1,3}\])?(?P<owners>(?:\s.*)?)$")
_OWNER = re.compile(r"@?[\w.+-]+(?:@[\w.-]+|(?:/[\w.-]+)*)$|@@?[\w./-]+$")


class Basis(enum.Enum):
    """Why somebody is suggested; how much it is worth stands in `CONFIDENCE`."""

    TAG = "tag"
    CODEOWNERS = "codeowners"
    INTRODUCER = "introducer"
    LAST_COMMITTER = "last-committer"


CONFIDENCE = {Basis.TAG: "high", Basis.CODEOWNERS: "high", Basis.INTRODUCER: "medium", Basis.LAST_COMMITTER: "low"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One owner, and why."""

    owner: str
    """E-mail, `@login`, `@org/team`, or what a tag says."""
    basis: Basis
    evidence: str

    @property
    def confidence(self) -> str:
        return CONFIDENCE[self.basis]


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One line of a CODEOWNERS file."""

    pattern: str
    owners: tuple[str, ...]
    section: str
    line: int
    is_exclusion: bool = False


class CodeOwners:
    """Which owners a path has: of each section the last rule that fits counts; GitHub knows one section only."""

    def __init__(self, data: bytes, *, file: str = "CODEOWNERS", is_gitlab: bool = False) -> None:
        self.file = file
        self._is_gitlab = is_gitlab
        self._rules = tuple(_rules(data.decode("utf-8", "replace"), is_gitlab))

    @classmethod
    def of_tree(cls, root: str) -> CodeOwners | None:
        """The file of a work tree, where GitHub and GitLab look for it; None where there is none."""
        for name in _SOUGHT:
            path = os.path.join(root, name)
            is_inside = os.path.realpath(path) == os.path.join(os.path.realpath(root), name)
            if os.path.isfile(path) and is_inside and os.path.getsize(path) <= _LARGEST:
                try:
                    with open(path, "rb") as file:
                        data = file.read(_LARGEST)
                except OSError:
                    continue
                return cls._of_file(data, name)
        return None

    @classmethod
    def first(cls, read: Callable[[str], bytes | None]) -> CodeOwners | None:
        """The file where GitHub and GitLab look for it, by whatever can *read* paths; None where there is none."""
        for name in _SOUGHT:
            data = read(name)
            if data is not None and len(data) <= _LARGEST:
                return cls._of_file(data, name)
        return None

    @classmethod
    def _of_file(cls, data: bytes, name: str) -> CodeOwners:
        is_gitlab = name.startswith(".gitlab/") or bool(re.search(rb"(?m)^\^?\[[^\]\n]+\]", data))
        return cls(data, file=name, is_gitlab=is_gitlab)

    def owners_of(self, path: str) -> list[tuple[str, int]]:
        """Owners of *path* with the line that names them, in order of sections; none where it is left unowned."""
        chosen: dict[str, OwnerRule] = {}
        excluded: set[str] = set()
        segments = path.strip("/").split("/")
        for rule in self._rules:
            if rule.section in excluded or not _fits(rule.pattern, segments, self._is_gitlab):
                continue
            if rule.is_exclusion:
                excluded.add(rule.section)
                chosen.pop(rule.section, None)
            else:
                chosen[rule.section] = rule
        found: dict[str, int] = {}
        for rule in chosen.values():
            for owner in rule.owners:
                found.setdefault(owner, rule.line)
        return list(found.items())


def _rules(text: str, is_gitlab: bool) -> Iterator[OwnerRule]:
    section, count = "", 0
    defaults: tuple[str, ...] = ()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        heading = _SECTION.match(line) if is_gitlab else None
        if heading:
            section, defaults = heading["name"].strip().lower(), _owners(heading["owners"].split())
            continue
        pattern, *rest = re.split(r"(?<!\\)\s+", line)
        is_exclusion = is_gitlab and pattern.startswith("!")
        owners = _owners(rest) or (defaults if is_gitlab else ())
        if len(pattern) > 1000 or (pattern.startswith("!") and not is_gitlab):
            continue
        count += 1
        if count > _MOST_RULES:
            return
        plain = pattern.lstrip("!") if is_exclusion else pattern
        yield OwnerRule(plain.replace("\\ ", " ").replace("\\#", "#"), owners, section, number, is_exclusion)


def _owners(words: Iterable[str]) -> tuple[str, ...]:
    found = []
    for word in words:
        if word.startswith("#"):
            break
        if _OWNER.match(word):
            found.append(word)
    return tuple(found)


def _fits(pattern: str, path: Sequence[str], is_gitlab: bool) -> bool:
    is_rooted = pattern.startswith("/")
    parts = pattern.strip("/").split("/")
    if not is_rooted and (is_gitlab or len(parts) == 1):
        parts = ["**", *parts]
    is_folder = pattern.endswith("/")
    if is_folder:
        parts = [*parts, "**", "*"]
    elif parts[-1] == "*" and len(parts) > 1 and parts[-2] != "**" and not is_gitlab:
        return _match(tuple(parts), path)
    return _match(tuple(parts), path) or (not is_folder and _match((*parts, "**", "*"), path))


def _match(parts: tuple[str, ...], path: Sequence[str]) -> bool:
    """Segment by segment; `**` stands for any number of them. In time linear in their product."""
    reach = {0}
    for part in parts:
        if not reach:
            return False
        if part == "**":
            reach = set(range(min(reach), len(path) + 1))
        else:
            compiled = _segment(part)
            reach = {at + 1 for at in reach if at < len(path) and compiled.match(path[at])}
    return len(path) in reach


@functools.lru_cache(maxsize=4096)
def _segment(part: str) -> re.Pattern[str]:
    # Brackets are no classes in CODEOWNERS files.
    return re.compile(fnmatch.translate(part.replace("[", "[[]")))


def suggest(
    path: str,
    *,
    code_owners: CodeOwners | None = None,
    tag: str = "",
    first: CommitInfo | None = None,
    last: CommitInfo | None = None,
) -> list[Suggestion]:
    """
    Who may own what stands at *path*, best first, each once.

    Args:
        path: Behind the root of the repository.
        code_owners: The repository's file.
        tag: What a tag or label of the thing names.
        first: The commit that brought it in.
        last: The last commit that held it.
    """
    found: dict[str, Suggestion] = {}
    if tag:
        found[tag.lower()] = Suggestion(tag, Basis.TAG, "tag or label")
    for owner, line in code_owners.owners_of(path) if code_owners else ():
        found.setdefault(
            owner.lower(), Suggestion(owner, Basis.CODEOWNERS, f"{code_owners.file}:{line}" if code_owners else "")
        )
    for commit, basis in ((first, Basis.INTRODUCER), (last, Basis.LAST_COMMITTER)):
        if commit is not None and (email := commit.email.decode("utf-8", "backslashreplace").strip()):
            found.setdefault(email.lower(), Suggestion(email, basis, f"author of commit {commit.id[:12]}"))
    return list(found.values())


def owner_items(key: str, suggestions: Sequence[Suggestion], *, known: Known = Known.CODE) -> Iterator[Node | Edge]:
    """An OWNER node each and its edge from *key*, marked as suggested."""
    for item in suggestions:
        owner = owner_key(item.owner)
        properties = {
            "type": _type(item.owner),
            "owner_status": "suggested",
            "basis": item.basis.value,
            "confidence": item.confidence,
        }
        yield Node(owner, NodeKind.OWNER, "", item.owner, "", properties)
        detail = f"suggested by {item.basis.value}, confidence {item.confidence}; not confirmed"
        yield Edge(key, owner, EdgeKind.OWNED_BY, EdgeStatus.POTENTIAL, known, item.evidence, detail)


def owner_key(owner: str) -> str:
    """Key of the node of *owner*."""
    return f"owner:{owner.lower().removeprefix('mailto:')}"


def _type(owner: str) -> str:
    return "team" if "/" in owner or "@" not in owner else "person"


def confirmed_items(key: str, owners: Iterable[str]) -> Iterator[Node | Edge]:
    """As `owner_items`, of owners that somebody confirmed."""
    for owner in owners:
        yield Node(owner_key(owner), NodeKind.OWNER, "", owner, "", {"type": _type(owner), "owner_status": "confirmed"})
        yield Edge(key, owner_key(owner), EdgeKind.OWNED_BY, evidence="confirmed with `nhi own`")


OWNED = frozenset(
    {NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.WORKLOAD, NodeKind.PIPELINE, NodeKind.CREDENTIAL, NodeKind.SECRET_STORE}
)


def owned_items(node: Node, code_owners: CodeOwners | None, path: str) -> Iterator[Node | Edge]:
    """Suggested owners of a declared *node* in the file at *path*: its own tags, then the file's owners."""
    if node.kind in OWNED:
        yield from owner_items(
            node.key, suggest(path, code_owners=code_owners, tag=str(node.properties.get("owner", "")))
        )
