# SPDX-License-Identifier: Apache-2.0
"""
The records that travel the corridor, in flow order: rule, blob, candidate, provenance, finding, result.

All are frozen and hold plain data; a room returns new ones and never edits its input. Paths, refs and contents are
bytes until `report/` decodes them. Lines and columns are 1-based.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import NamedTuple, NewType

from secrethunt.blast_summary import BlastSummary
from secrethunt.suppression import Suppression
from secrethunt.verdict import Verdict

BlobId = NewType("BlobId", str)
"""Hex git object id (SHA-1 or SHA-256) of a byte string; plain files have one too."""
CommitId = NewType("CommitId", str)
RuleId = NewType("RuleId", str)
SecretId = NewType("SecretId", str)
FindingId = NewType("FindingId", str)


class _Level(enum.IntEnum):
    @property
    def label(self) -> str:
        """The lower-case name that rules, options and reports use."""
        return self.name.lower()

    @classmethod
    def labels(cls) -> tuple[str, ...]:
        """All labels, lowest first."""
        return tuple(level.label for level in cls)


class Severity(_Level):
    """What somebody holding the secret could do, as far as its type tells."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Confidence(_Level):
    """How sure we are that the value is a credential."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class Secret:
    """A credential's bytes; `repr` and `str` are redacted, so it cannot slip into a log or an error."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The raw bytes: only to filter, fingerprint, validate and, on explicit request, report."""
        return self._value

    def masked(self) -> str:
        """At most the first sixth (six characters) of a long value and no more; nothing of a short one."""
        shown = min(6, len(self._value) // 6) if len(self._value) >= 16 else 0
        head = self._value[:shown].decode("utf-8", "replace")
        return head + "********"

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(********)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never serialised")


class KnownSecret(Secret):
    """A secret that an earlier scan saw: its id was kept, its value was not and must be read again from its blob."""

    __slots__ = ("secret_id",)

    def __init__(self, secret_id: SecretId) -> None:
        super().__init__(b"")
        self.secret_id = secret_id

    def reveal(self) -> bytes:
        """
        Raises:
            UnreadSecret: Always.
        """
        raise UnreadSecret

    def masked(self) -> str:
        """
        Raises:
            UnreadSecret: Always.
        """
        raise UnreadSecret

    def __len__(self) -> int:
        raise UnreadSecret

    def __eq__(self, other: object) -> bool:
        raise UnreadSecret

    def __hash__(self) -> int:
        raise UnreadSecret


class UnreadSecret(Exception):
    """Somebody needs the value of a `KnownSecret`; who made that one reads the value again, so it leaves no scan."""


# --- rules ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NegativeExample:
    """A text in which the rule must find nothing, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class PartSpec:
    """What else a credential needs to be used, and how to know it: by the rules that find it, or by a pattern where it
    is no secret of its own (an account id, a host, a user)."""

    name: str
    rules: tuple[str, ...] = ()
    """Ids or families of rules whose values are this part."""
    pattern: str = ""
    """Instead of *rules*: `re` on bytes; its group `value`, or all of the match, is the part."""
    within: int = 12
    """How many lines away it may stand to count as near."""
    confirms: bool = False
    """Standing near, it makes the credential one level surer."""
    hints: tuple[str, ...] = ()
    """Words in lower case of which each match of *pattern* holds one; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One credential type, as `docs/rules.md` describes it."""

    id: RuleId
    name: str
    provider: str
    nhi: str
    """Kind of non-human identity the credential unlocks, e.g. `api-key`, `service-account`, `bot`."""
    severity: Severity
    confidence: Confidence
    pattern: str
    """Confirming pattern (`re`, on bytes) with one `(?P<secret>…)`; an optional `(?P<anchor>…)` marks what Hyperscan
    looks for where the derived anchor is not the best."""
    checksum: str = ""
    """Name of an algorithm in `secrethunt.checksums`, or empty."""
    min_entropy: float = 0.0
    """Least Shannon entropy of the secret, in bits a character."""
    charset: tuple[str, ...] = ()
    """Classes of which the secret must hold at least one character each: lower, upper, letter, digit, symbol."""
    family: str = ""
    """Credential family for `secret_id`; rules that see the same credential share it. Empty: the rule id."""
    is_generic: bool = False
    """Weak evidence (a keyword near a value): gives way to any provider's rule on the same bytes."""
    in_binary: bool = False
    """Search blobs with NUL bytes too."""
    parts: tuple[PartSpec, ...] = ()
    """What completes the credential."""
    paths: tuple[str, ...] = ()
    """Globs, or `re:` and a pattern to search for; when given, only blobs seen under a matching path count. Behind a
    `!` stands what must not match."""
    ignore: tuple[str, ...] = ()
    """Patterns (`re`, bytes, search) on the secret that make it no secret."""
    ignore_match: tuple[str, ...] = ()
    """The same on all that the pattern matched."""
    ignore_line: tuple[str, ...] = ()
    """The same on the lines that the secret stands on."""
    needs: tuple[str, ...] = ()
    """Words in lower case of which a blob must hold one, in any case, for the rule to count in it."""
    is_verbatim: bool = False
    """Judged by its own tests alone, as rules of other scanners want it: placeholders count as well."""
    examples: tuple[str, ...] = ()
    negative_examples: tuple[NegativeExample, ...] = ()
    rotate: str = ""
    """What to do first: one sentence."""
    references: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


# --- blobs ------------------------------------------------------------------------------------------------------


class BlobKind(enum.Enum):
    """Where a byte string was read; the value is what reports print."""

    FILE = "file"
    STAGED = "staged"
    STREAM = "stream"
    HISTORY = "history"
    """A blob object of a git repository, at whatever paths."""
    COMMIT = "commit"
    """A commit object: message, author and committer fields, extra headers."""
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Blob:
    """One immutable byte string on its way to matching."""

    data: bytes = field(repr=False)
    kind: BlobKind
    path: bytes
    """Path as reports show it, relative to the source's root; empty for kinds HISTORY, COMMIT and TAG."""
    id: BlobId | None = None
    """Set for git objects; for plain files it is computed only when something is found in them."""


# --- candidates -------------------------------------------------------------------------------------------------


class Capture(NamedTuple):
    """One match of a rule's pattern in one blob; offsets half-open, in bytes, from the blob's start."""

    rule: int
    """Index in the rule set."""
    start: int
    end: int
    secret_start: int
    secret_end: int
    match: re.Match[bytes]

    def __repr__(self) -> str:
        # A match's own representation shows what it matched.
        return f"Capture(rule={self.rule}, start={self.start}, end={self.end})"


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open byte range [start, end) in one blob, 0-based, with the place a person reads: 1-based lines and
    columns, columns counted in Unicode code points (bytes where a line is not UTF-8), end exclusive."""

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Part:
    """Another part of a finding's credential. The value stays in memory: validation needs it, no report writes it out
    unless it is no secret."""

    name: str
    value: Secret
    is_secret: bool
    rule: RuleId | None
    """The rule that found it; None where it is no secret and so no finding of its own."""
    span: Span
    path: bytes | None = None
    """The file it stands in; None where that is the credential's own."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A comment beside a secret that says it may stand there."""

    marker: str
    """What was written: `secrethunt:allow`, `gitleaks:allow`, …"""
    reason: bytes = b""
    """What follows it on its line; may be anything."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a secret is reached that does not stand in its blob as it is."""

    chain: tuple[str, ...]
    """What was undone, outermost first: `zip:config/app.env`, `base64`."""
    secret: Secret
    start: int
    """Where it stands in the innermost bytes, half-open range."""
    end: int
    path: bytes = b""
    """Path of the innermost container's member, empty where there is none."""
    is_exact: bool = False
    """The place is that of the secret's own encoded form, not of all that was decoded with it."""
    is_whole: bool = False
    """All of the blob is encoded, so that it may be binary without being noise."""
    has_lines: bool = True
    """The blob is text of which lines can be told."""
    allowance: Allowance | None = None
    """Stands beside it in the decoded bytes."""


@dataclass(frozen=True, slots=True)
class SyntaxContext:
    """What a file's syntax says of a value in it. Empty texts: not known."""

    language: str
    literal: str = ""
    """What the value is: `string`, `plain text`, `text block`, `comment`, `code`."""
    use: str = ""
    """What is done with it: `assigned`, `default argument`, `comparison`, `argument`, `dictionary value`, …"""
    name: str = ""
    """What it is assigned to: the last part of the name."""
    callee: str = ""
    """The function or command it is passed to: the last part of the name."""
    is_part: bool = False
    """It is a part of a longer literal."""
    in_test: bool = False
    """A function, class or block around it is called a test."""


class Signal(NamedTuple):
    """One thing that speaks for a value or against it, and how much: ten points change the odds by a factor of e."""

    clause: str
    points: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An anchor confirmed: the secret is captured, and the tests on its value have passed. Those of rules with `paths`
    may overlap others of the same blob; which one counts is settled where the path is known."""

    rule: Rule
    secret: Secret
    span: Span
    ordinal: int
    """This is the n-th place (0-based) of the same secret in the same blob."""
    confidence: Confidence
    reasons: tuple[str, ...]
    """Why it is believed: short clauses without the value."""
    facts: tuple[tuple[str, str], ...] = ()
    """What the secret says of itself and may be shown: (name, value)."""
    also: tuple[RuleId, ...] = ()
    """Other rules that saw the same bytes."""
    parts: tuple[Part, ...] = ()
    """What completes the credential, in the order of the rule's `parts`."""
    decoding: Decoding | None = None
    """Set where the secret stands in the blob in an encoded form; `span` is then the place of that form."""
    signals: tuple[Signal, ...] | None = None
    """What its place was found to say; None while nobody looked."""
    allowance: Allowance | None = None
    """The comment that lets it stand there, if there is one."""


MAX_CANDIDATES = 5000
"""Most candidates kept of one blob, the first by place: a file made of passwords must not hold up a scan for hours."""


@dataclass(frozen=True, slots=True)
class BlobCandidates:
    """All candidates of one blob; the bytes are gone by now."""

    id: BlobId
    kind: BlobKind
    path: bytes
    candidates: tuple[Candidate, ...]


# --- provenance -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What a report says of a commit."""

    id: CommitId
    author: bytes
    email: bytes
    date: str
    """Author date, RFC 3339 with the author's own offset."""
    timestamp: float = 0.0
    """The same instant in seconds since 1970, to sort by."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """One place a blob was seen: a path, and for history the commits that held it there. A blob has many."""

    path: bytes
    kind: BlobKind
    first: CommitInfo | None = None
    """First commit (topologically, then by date) that held the blob at this path."""
    last: CommitInfo | None = None
    """Last commit that held it: the tip where it still stands, else the one before it went."""
    at_head: bool = False
    """Stands at this path in the HEAD commit's tree."""
    reachable: bool = True
    """Some ref reaches a commit that holds it; False for dangling commits and loose blobs."""
    refs: tuple[bytes, ...] = ()
    """Full names of refs that reach such a commit, sorted; at most `MAX_REFS`."""
    ref_count: int = 0
    """How many refs there are in all."""


MAX_REFS = 20


# --- findings ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One span of a finding in one blob, with the commits that hold it. Stored, never identity."""

    blob: BlobId
    kind: BlobKind
    span: Span
    decode: tuple[str, ...] = ()
    """Chain of decodings between the blob's bytes and the secret; empty when it stands there as it is."""
    first: CommitInfo | None = None
    last: CommitInfo | None = None
    at_head: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret in one place of one path, under a stable id."""

    finding_id: FindingId
    secret_id: SecretId
    rule: Rule
    secret: Secret
    confidence: Confidence
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    also: tuple[RuleId, ...]
    repository: str
    """Name of the target: the remote's path where there is one, else the folder's name. Never credentials."""
    path: bytes
    span: Span
    """Where it stands now, or stood last."""
    kind: BlobKind
    first: CommitInfo | None
    last: CommitInfo | None
    at_head: bool
    in_worktree: bool
    """Stands in the file on disk, in the index, or in the stream that was scanned."""
    reachable: bool
    refs: tuple[bytes, ...]
    ref_count: int
    occurrences: tuple[Occurrence, ...]
    parts: tuple[Part, ...] = ()
    """What completes the credential: from the same file, or from another of its directory."""
    decode: tuple[str, ...] = ()
    """Chain of decodings between the bytes at `span` and the secret; empty when it stands there as it is."""
    signals: tuple[Signal, ...] | None = None
    """What speaks for it and against it, where that was added up; None while nobody looked."""
    allowance: Allowance | None = None
    """The comment that lets it stand, in the version that `span` is of."""
    suppression: Suppression | None = None
    """Why it is not reported; None for what is."""
    verdict: Verdict | None = None
    """Is it live? None while nobody asked."""
    blast: BlastSummary | None = None
    """Whose is it, and how far does it reach? None while nobody looked."""
