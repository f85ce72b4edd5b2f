# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path

import pytest

from secrethunt.errors import UsageError
from secrethunt.suppress import (
    Grant,
    IgnoreFile,
    Suppressions,
    add_entries,
    load_ignore_file,
    parse_ignore_file,
    write_ignore_file,
)
from secrethunt.suppress.attributes import LINE, ensure_union
from secrethunt.suppress.digest import Digester, is_guessable
from secrethunt.suppress.entries import EntryError, parse_entry
from tests.conftest import MakeRepo
from tests.report.samples import digest, make_finding, make_rule

TODAY = datetime.date(2026, 5, 1)
PASSWORD = b"hunter" + digest("p")[:4].encode()
TOKEN = b"Zk" + digest("t").encode()


def allowed(*values: bytes, grant: Grant = Grant(), path: bytes = b"a.py") -> IgnoreFile:  # noqa: B008 - frozen
    findings = [make_finding(path, value=value) for value in values]
    return add_entries(IgnoreFile("f"), findings, grant, today=TODAY)[0]


def reported(file: IgnoreFile, *values: bytes, path: bytes = b"a.py", today: datetime.date = TODAY) -> list[bytes]:
    kept, _ = Suppressions(file, today=today).apply([make_finding(path, value=value) for value in values])
    return [finding.secret.reveal() for finding in kept]


def test_allowed_value_is_held_back_wherever_it_stands() -> None:
    file = allowed(PASSWORD, TOKEN)
    assert [] == reported(file, PASSWORD, TOKEN)
    assert [] == reported(file, PASSWORD, TOKEN, path=b"moved/elsewhere.txt")


def test_new_value_in_the_same_place_is_reported() -> None:
    assert [b"another-" + TOKEN] == reported(allowed(TOKEN), b"another-" + TOKEN)


def test_file_says_nothing_of_a_value() -> None:
    file = allowed(PASSWORD, TOKEN)
    text = "\n".join(entry.line() for entry in file.entries)
    assert is_guessable(PASSWORD) and not is_guessable(TOKEN)
    assert PASSWORD.decode() not in text and TOKEN.decode() not in text
    assert ["scrypt", "hmac"] == [entry.token.split(":")[0] for entry in file.entries]


def test_entries_of_one_file_share_a_salt_and_files_do_not() -> None:
    one, other = allowed(PASSWORD, TOKEN), allowed(PASSWORD)
    assert 1 == len(one.salts)
    assert one.salts.keys() != other.salts.keys()
    grown, _ = add_entries(one, [make_finding(value=b"third-" + TOKEN)], Grant(), today=TODAY)
    assert one.salts.keys() == grown.salts.keys()


@pytest.mark.parametrize(
    ("glob", "path", "holds"),
    [
        ("tests/**", b"tests/a/b.py", True),
        ("tests/", b"tests/a/b.py", True),
        ("tests", b"src/tests/x", True),
        ("*.env", b"a/b/.env", True),
        ("*.env", b"a/b.envx", False),
        ("/a.py", b"a.py", True),
        ("/a.py", b"b/a.py", False),
        ("a/*.py", b"a/b/c.py", False),
        ("a/**/c.py", b"a/b/d/c.py", True),
        ("a?.py", b"ab.py", True),
    ],
)
def test_path_of_an_entry_limits_it(glob: str, path: bytes, holds: bool) -> None:
    assert holds is not bool(reported(allowed(TOKEN, grant=Grant(path=glob)), TOKEN, path=path))


def test_rule_of_an_entry_limits_it() -> None:
    file = allowed(TOKEN, grant=Grant(rule="acme.*"))
    finding = make_finding(value=TOKEN)
    other = replace(finding, rule=make_rule(id="beta.key", provider="beta"))
    kept, held_back = Suppressions(file, today=TODAY).apply([finding, other])
    assert ([other], [TOKEN]) == (kept, [item.secret.reveal() for item in held_back])


def test_entry_holds_up_to_its_last_day() -> None:
    file = allowed(TOKEN, grant=Grant(expires="2026-06-01"))
    assert [] == reported(file, TOKEN, today=datetime.date(2026, 6, 1))
    assert [TOKEN] == reported(file, TOKEN, today=datetime.date(2026, 6, 2))
    assert 1 == len(Suppressions(file, today=datetime.date(2026, 6, 2)).expired)


def test_unused_entries_are_known() -> None:
    suppressions = Suppressions(allowed(TOKEN, PASSWORD), today=TODAY)
    suppressions.apply([make_finding(value=TOKEN)])
    assert [True] == [entry.token.startswith("scrypt") for entry in suppressions.unused]


def test_file_is_written_sorted_and_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "f")
    grant = Grant('it\'s a "test"\nof \u202e lines', "Änn O'Brien", "a b/**", "acme.*", "2030-01-01")
    file = allowed(TOKEN, PASSWORD, grant=grant)
    write_ignore_file(path, file)
    lines = Path(path).read_text().splitlines()
    assert sorted(lines[1:]) == lines[1:] and 3 == len(lines)
    assert all(line.isprintable() for line in lines)
    again = load_ignore_file(path)
    assert {entry.line() for entry in file.entries} == {entry.line() for entry in again.entries}
    assert grant == again.entries[0].grant


def test_comments_of_a_file_stay(tmp_path: Path) -> None:
    path = str(tmp_path / "f")
    Path(path).write_text("# ours\n")
    file, _ = add_entries(load_ignore_file(path), [make_finding(value=TOKEN)], Grant(), today=TODAY)
    write_ignore_file(path, file)
    assert "# ours" == Path(path).read_text().splitlines()[0]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "hmac:00:11",
        "hmac:0011223344556677:" + "a" * 32 + " until=tomorrow",
        "hmac:0011223344556677:" + "a" * 32 + " expires=2026-13-01",
        "hmac:0011223344556677:" + "a" * 32 + ' reason="open',
        "hmac:0011223344556677:" + "a" * 32 + " stray",
    ],
)
def test_line_that_is_no_entry_counts_for_nothing_and_is_named(line: str) -> None:
    with pytest.raises(EntryError):
        parse_entry(line)
    file = parse_ignore_file(b"# c\n" + line.encode() + b"\n", "name")
    assert () == file.entries
    assert file.problems[0].startswith("name:2: ") and line not in file.problems[0]


def test_many_salts_do_not_make_a_scan_slow() -> None:
    lines = [f"scrypt:{n:016x}:{'a' * 32}" for n in range(1000)]
    file = parse_ignore_file("\n".join(lines).encode(), "name")
    assert 8 == len(file.salts)
    assert 992 == len(file.problems)


def test_link_or_pipe_is_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert 1 == len(load_ignore_file(str(tmp_path / "pipe")).problems)
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(UsageError):
        load_ignore_file(str(tmp_path / "link"))


def test_branches_that_both_add_entries_merge(make_repo: MakeRepo) -> None:
    """Also where the file is new on both, and where the new lines are neighbours."""
    repo = make_repo()
    repo.commit({"a": "a"})
    path = str(repo.path / ".secrethuntignore")
    for number, name in enumerate(("one", "two")):
        repo.branch(name, "main")
        for value in (b"%d-first-" % number + TOKEN, b"%d-second-" % number + TOKEN):
            file, _ = add_entries(load_ignore_file(path), [make_finding(value=value)], Grant(), today=TODAY)
            write_ignore_file(path, file)
            ensure_union(str(repo.path))
        repo.commit()
    repo.git("merge", "--no-edit", "one")
    assert "" == repo.git("status", "--porcelain")
    file = load_ignore_file(path)
    assert 4 == len(file.entries) and () == file.problems
    assert [] == reported(file, *(b"%d-%s-" % (n, word) + TOKEN for n in (0, 1) for word in (b"first", b"second")))


def test_attributes_are_said_once_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("*.png binary")
    assert ensure_union(str(tmp_path)) is not None
    assert ensure_union(str(tmp_path)) is None
    assert f"*.png binary\n{LINE}\n" == (tmp_path / ".gitattributes").read_text()


def test_digests_in_threads_are_those_of_one() -> None:
    values = [b"password%d" % number for number in range(30)]
    warmed, plain = Digester(), Digester()
    warmed.warm(values, ["00" * 8])
    assert [plain.token(value, "00" * 8) for value in values] == [warmed.token(value, "00" * 8) for value in values]


def test_digest_of_a_value_never_changes() -> None:
    """Files that were written by this version must be read by all later ones."""
    digester = Digester()
    assert "scrypt:0001020304050607:" + SCRYPT == digester.token(b"correct horse", "0001020304050607")
    assert "hmac:0001020304050607:" + HMAC == digester.token(b"aB3cD4eF5-gH6iJ7kL8_mN9", "0001020304050607")


SCRYPT = "ffdf76140d97964e8495077743261741"
HMAC = "4b6dd434cd3674505ff54c43f4cd1b25"
