# SPDX-License-Identifier: Apache-2.0
"""Owns histories in which secrets change from version to version, and what scans of them are compared by."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from secrethunt.coverage import ScanResult, Skip
from secrethunt.records import Finding, Rule
from secrethunt.samples import fill_template, sample_secret
from tests.conftest import RepoBuilder


class Samples:
    """Values of the shipped rules, and text that holds them; made at run time."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: Mapping[str, Rule] = {rule.id: rule for rule in rules}

    def value(self, rule: str, seed: int = 0) -> bytes:
        """A secret of *rule*."""
        return sample_secret(self._rules[rule], seed=seed)

    def example(self, rule: str, number: int = 0, seed: int = 0) -> bytes:
        """One of the rule's examples with a secret in it."""
        return fill_template(self._rules[rule].examples[number], self._rules[rule], self._rules, seed=seed)[0]


Grow = Callable[[RepoBuilder, Samples], None]
"""Commits a history to an empty repository."""


def lines_of(seed: object, count: int = 200) -> list[bytes]:
    """Lines of plain code that compress badly enough for git to make deltas of them."""
    source = random.Random(f"lines/{seed}")
    words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz", k=source.randint(3, 9))) for _ in range(80)]
    choose = source.choice
    return [b"    %s = %s(%d)" % (choose(words), choose(words), source.randrange(10**6)) for _ in range(count)]


def commit_versions(repo: RepoBuilder, versions: Iterable[bytes], path: str = "config/settings.py") -> None:
    """One commit for each version of a file."""
    for number, data in enumerate(versions):
        repo.commit({path: data}, f"version {number}")


def among(*texts: bytes, seed: object = "file", count: int = 120) -> bytes:
    """*texts* in their order, spread over plain code."""
    lines = lines_of(seed, count)
    step = count // (len(texts) + 1)
    for number, text in reversed(list(enumerate(texts))):
        lines.insert((number + 1) * step, text)
    return b"\n".join(lines) + b"\n"


def grow_edited_over_many_versions(repo: RepoBuilder, samples: Samples) -> None:
    """Lines around, before and in the middle of secrets come and go, forty times."""
    source = random.Random("edits")
    secrets = [
        samples.example("aws.key-pair"),
        samples.example("privatekey.pem", 1),
        samples.example("generic.quoted-assignment"),
        samples.example("jwt.token"),
        samples.example("uri.userinfo-password"),
        samples.example("google.service-account-key"),
    ]
    lines = among(*secrets, count=600).split(b"\n")
    versions = []
    for _ in range(40):
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(lines))
            match source.randrange(5):
                case 0:
                    lines[at] = b"# %d" % source.randrange(10**9)
                case 1:
                    del lines[at]
                case 2:
                    lines.insert(at, source.choice(secrets))
                case 3:
                    middle = len(lines[at]) // 2
                    lines[at] = lines[at][:middle] + b"x" + lines[at][middle:]
                case 4:
                    lines[at : at + 2] = [b"".join(lines[at : at + 2])]
        versions.append(b"\n".join(lines))
    commit_versions(repo, versions)


def grow_private_key_edited(repo: RepoBuilder, samples: Samples) -> None:
    """A key's middle, its folding and its last line change; its first never does."""
    key = samples.value("privatekey.pem")
    head, _, rest = key.partition(b"-----BEGIN")[2].partition(b"-----")
    begin, body = b"-----BEGIN" + head + b"-----", re.sub(rb"\s", b"", rest.partition(b"-----END")[0])
    end = b"-----END" + head.replace(b"BEGIN", b"END") + b"-----"
    body = (body * (1 + 1600 // max(len(body), 1)))[:1600]

    def folded(text: bytes, width: int, newline: bytes = b"\n") -> bytes:
        parts = [text[at : at + width] for at in range(0, len(text), width)]
        return newline.join([begin, *parts, end])

    changed = body[:800] + b"ZZZZ" + body[804:]
    versions = [
        folded(body, 64),
        folded(changed, 64),
        folded(body, 76),
        folded(body, 64, b"\r\n"),
        folded(body, 64, b"\\n"),
        folded(body, 64).replace(end, b""),
        folded(body, 64).replace(end, b"-----END SOMETHING ELSE-----"),
        folded(body[:400] + b"\n--\n" + body[400:], 64),
        folded(body, 64).replace(begin, begin[:-1]),
        folded(body, 64) + b"\n" + folded(changed, 64),
        folded(body, 64),
    ]
    commit_versions(repo, [among(version) for version in versions], "keys.txt")


def grow_service_account_edited(repo: RepoBuilder, samples: Samples) -> None:
    """What makes the key a service account's stands hundreds of bytes behind it, and changes alone."""
    key = samples.value("google.service-account-key").decode("latin-1")
    account = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "4" * 40,
        "private_key": key,
        "client_email": "robot@acme.iam.gserviceaccount.com",
        "client_id": "117000000000000000000",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    moved = dict(reversed(account.items()))
    bare = {name: value for name, value in account.items() if name not in ("type", "private_key_id", "client_email")}
    renamed = account | {"client_email": "other@acme.iam.gserviceaccount.com"}
    padded = {"private_key": key, "notes": "n" * 1480, "client_email": "robot@acme.iam.gserviceaccount.com"}
    far = padded | {"notes": "n" * 1600}
    contents = [account, renamed, moved, bare, account, padded, far, padded]
    texts = [json.dumps(content, indent=2).encode() for content in contents]
    texts.append(json.dumps(account).encode())
    commit_versions(repo, [among(text) for text in texts], "account.json")


def grow_keyword_and_value_apart(repo: RepoBuilder, samples: Samples) -> None:
    """The keyword stands in what a delta copies and the value in what it adds, and the other way round."""
    value, other = samples.value("generic.quoted-assignment"), samples.value("generic.quoted-assignment", 1)
    texts = [
        b'db_password = "changeme"',
        b'db_password = "%s"' % value,
        b'display_colour = "%s"' % value,
        b'db_password = "%s"' % value,
        b'db_password = "%s"' % other,
        b'db_password =\n    "%s"' % other,
        b'db_password = "%s' % other,
        b'db_password = "%s" + suffix' % other,
        b'password_hint = "%s"' % other,
    ]
    commit_versions(repo, [among(text) for text in texts])


def grow_halves_that_meet(repo: RepoBuilder, samples: Samples) -> None:
    """Nothing is added: two halves of a secret meet when what lay between them goes."""
    lines = lines_of("halves", 60)
    versions = []
    for rule in ("aws.key-pair", "jwt.token", "privatekey.pem", "generic.quoted-assignment", "uri.userinfo-password"):
        text = samples.example(rule)
        for cut in (1, len(text) // 3, len(text) // 2, len(text) - 1):
            left, right = b"\n".join(lines) + b"\n" + text[:cut], text[cut:] + b"\n" + b"\n".join(reversed(lines))
            between = b"\n" + b"\n".join(lines_of(cut, 30)) + b"\n"
            versions += [left + between + right, left + right, left + b" " + right]
    commit_versions(repo, versions)


def grow_at_edges(repo: RepoBuilder, samples: Samples) -> None:
    """A secret is a blob's first or last bytes, and what stands beside it decides whether it is one."""
    plain = b"\n".join(lines_of("edges", 80))
    versions = []
    for rule in ("aws.access-key-id", "github.personal-access-token", "jwt.token", "privatekey.age"):
        value = samples.value(rule)
        versions += [value, value + b"A", b"A" + value, value + b"\n", b"\n" + value]
        for before, after in ((b"", b"\n"), (b"\n", b""), (b"x", b"\n"), (b"\n", b"9"), (b"_", b"-"), (b"=", b'"')):
            versions += [value + after + plain, plain + before + value, plain + before + value + after + plain]
    commit_versions(repo, versions)


def grow_moved_blocks(repo: RepoBuilder, samples: Samples) -> None:
    """The same blocks, with secrets in them, in ever another order."""
    source = random.Random("moves")
    rules = ("aws.key-pair", "privatekey.pem", "jwt.token", "generic.quoted-assignment")
    blocks = [among(samples.example(rule), seed=rule, count=40) for rule in rules]
    blocks += [b"\n".join(lines_of(number, 30)) for number in range(4)]
    versions = []
    for _ in range(15):
        source.shuffle(blocks)
        versions.append(b"\n".join(blocks[: source.randint(5, len(blocks))]))
    commit_versions(repo, versions)


def grow_text_and_binary(repo: RepoBuilder, samples: Samples) -> None:
    """A NUL comes and goes, within and behind what makes a file binary; only some rules look into those."""
    text = among(samples.example("privatekey.pem"), samples.example("aws.key-pair"), samples.example("jwt.token"))
    text += b"\n".join(lines_of("tail", 600))
    text += b"\n" + samples.example("generic.quoted-assignment") + b"\n"
    versions = [text]
    for at in (0, 100, 7999, 8000, 8001, len(text)):
        versions += [text[:at] + b"\0" + text[at:], text + b"\n# %d\n" % at]
    commit_versions(repo, versions, "image.bin")


def grow_overlapping_rules(repo: RepoBuilder, samples: Samples) -> None:
    """Two rules see the same bytes; an edit changes what one of them sees."""
    secret = samples.value("aws.secret-access-key")
    token = samples.value("github.personal-access-token")
    texts = []
    for value in (secret, token):
        texts += [
            b'aws_secret_access_key = "%s"' % value,
            b'api_key = "%s"' % value,
            b'something = "%s"' % value,
            b'aws_secret_access_key = "%s"' % value,
            b'api_key = "prefix-%s"' % value,
            b'api_key = "https://user:%s@db.corp.internal/"' % value,
            b"api_key: %s" % value,
        ]
    commit_versions(repo, [among(text, count=80) for text in texts], "values.env")


def grow_ordinals(repo: RepoBuilder, samples: Samples) -> None:
    """The same secret several times; one of them goes, another comes before it."""
    one, two = samples.example("aws.key-pair"), samples.example("generic.quoted-assignment")
    versions = [among(one, one), among(one), among(one, one, one), among(two, one, two, one), among(two, one, one)]
    commit_versions(repo, versions)
    repo.rename("config/settings.py", "config/other.py")
    commit_versions(repo, [among(one, two, one)], "config/other.py")


def grow_messages(repo: RepoBuilder, samples: Samples) -> None:
    """Secrets in the messages of commits and tags; versions of a long message are deltas of each other."""
    token, key = samples.value("github.personal-access-token"), samples.value("privatekey.pem")
    story = "\n".join(line.decode() for line in lines_of("story", 60))
    for number, text in enumerate((token, b"nothing", key, token + b"x", token)):
        message = f"change {number}\n\n{story}\n{text.decode('latin-1')}\n"
        repo.commit({"a": b"%d\n" % number}, message)
        repo.tag(f"v{number}", message)


GROWERS: dict[str, Grow] = {
    name.removeprefix("grow_"): grow for name, grow in sorted(globals().items()) if name.startswith("grow_")
}


def pack_hard(repo: RepoBuilder) -> None:
    """One pack, with as many deltas as git can make."""
    repo.git("repack", "-a", "-d", "-f", "-k", "--quiet", "--depth=50", "--window=50")


def count_deltas(repo: RepoBuilder) -> int:
    """Objects that are stored as deltas."""
    indexes = [str(path) for path in repo.git_dir.glob("objects/pack/*.idx")]
    listed = repo.git("verify-pack", "--verbose", *indexes).splitlines() if indexes else []
    return sum(1 for line in listed if len(line.split()) == 7)


@dataclass(frozen=True)
class Outcome:
    """What of a scan must not depend on how it was done."""

    findings: tuple[Finding, ...]
    counts: tuple[int, ...]
    skipped: dict[Skip, int]
    problems: frozenset[tuple[Skip, bytes]]

    @classmethod
    def of(cls, result: ScanResult) -> Outcome:
        """All but times and the wording of problems."""
        coverage = result.coverage
        counts = (coverage.files, coverage.blobs, coverage.commits, coverage.tags, coverage.bytes)
        problems = frozenset((problem.skip, problem.what) for problem in result.problems)
        return cls(result.findings, counts, coverage.skipped, problems)

    def places(self) -> set[tuple[str, bytes, str, int, int]]:
        """(rule, secret, blob, start, end) of every occurrence."""
        return set(self._iter_places())

    def _iter_places(self) -> Iterator[tuple[str, bytes, str, int, int]]:
        for finding in self.findings:
            for occurrence in finding.occurrences:
                span = occurrence.span
                yield finding.rule.id, finding.secret.reveal(), occurrence.blob, span.start, span.end
