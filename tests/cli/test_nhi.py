# SPDX-License-Identifier: Apache-2.0
"""`secrethunt nhi` and `scan --db`, as a user runs them: exports in, inventory out, found secrets joined."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key

ACCOUNT = "123456789012"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def user(name: str, **fields: Any) -> dict[str, Any]:
    return {"Arn": arn("user", name), "UserName": name, "UserId": "AIDA" + name.upper(), **fields}


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def export(folder: Path, *users: dict[str, Any], name: str = "iam.json") -> Path:
    path = folder / name
    lists = {"UserDetailList": list(users), "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    path.write_text(json.dumps(lists))
    return path


def listed(secrethunt: Runner, *options: str) -> list[str]:
    """Names of the identities that `nhi list` has, in its order."""
    return [row["name"] for row in json.loads(_ok(secrethunt.run("nhi", "list", "-f", "json", *options)).stdout)]


def _ok(outcome: Outcome) -> Outcome:
    assert 0 == outcome.code, outcome.stderr
    return outcome


@pytest.fixture
def account(secrethunt: Runner, tmp_path: Path) -> Path:
    """An imported account of three users."""
    path = export(
        tmp_path,
        user("ann", CreateDate="2020-01-01T00:00:00Z", Tags=tags(owner="=cmd()", env="prod")),
        user("bot", CreateDate="2019-01-01T00:00:00Z"),
        user("new", CreateDate="2999-01-01T00:00:00Z", Tags=tags(team="web")),
    )
    _ok(secrethunt.run("nhi", "import", str(path)))
    return path


def test_import_says_what_was_read(secrethunt: Runner, tmp_path: Path) -> None:
    path = export(tmp_path, user("ann"))
    outcome = _ok(secrethunt.run("nhi", "import", str(path)))
    assert f"{path}: aws account authorization details: 2 nodes, 1 edges\n".encode() == outcome.stdout


def test_import_takes_compressed_files_folders_and_standard_input(secrethunt: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "deep"
    folder.mkdir(parents=True)
    plain = export(tmp_path, user("ann")).read_bytes()
    (folder / "iam.json.gz").write_bytes(gzip.compress(export(tmp_path, user("zip")).read_bytes()))
    export(folder.parent, user("folder"))
    _ok(secrethunt.run("nhi", "import", "-", str(folder.parent), stdin=plain))
    assert ["ann", "folder", "zip"] == listed(secrethunt, "--sort", "name")


def test_import_names_what_it_did_not_read_and_why(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the kind")
    broken = tmp_path / "broken.json"
    broken.write_text(export(tmp_path, user("ann"), {"UserName": "no arn"}).read_text()[:-30])
    damaged = tmp_path / "damaged.json.gz"
    damaged.write_bytes(gzip.compress(broken.read_bytes() * 50)[:-40])
    outcome = secrethunt.run("nhi", "import", "-f", "json", "notes.txt", str(broken), str(damaged), cwd=tmp_path)
    assert 3 == outcome.code
    notes, cut, gz = json.loads(outcome.stdout)["files"]
    assert (None, 1) == (notes["importer"], notes["unread"])
    assert "no importer knows" in notes["reasons"][0]["why"]
    assert {"an entry of UserDetailList", "Policies"} <= {reason["what"] for reason in cut["reasons"]}
    assert cut["nodes"] > 0
    assert "compression is damaged" in gz["reasons"][0]["why"]
    assert ["ann"] == listed(secrethunt)


def test_import_of_a_file_that_is_not_there_writes_nothing(secrethunt: Runner, tmp_path: Path) -> None:
    outcome = secrethunt.run("nhi", "import", str(export(tmp_path, user("ann"))), "absent.json")
    assert 2 == outcome.code
    assert "there is no file absent.json" in outcome.stderr
    assert 2 == secrethunt.run("nhi", "list").code


def test_importing_again_replaces(secrethunt: Runner, account: Path) -> None:
    export(account.parent, user("ann"))
    outcome = _ok(secrethunt.run("nhi", "import", str(account)))
    assert b"no longer there" in outcome.stdout
    assert ["ann"] == listed(secrethunt)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--provider", "aws"), ["ann", "bot", "new"]),
        (("--provider", "gcp"), []),
        (("--type", "iam-user"), ["ann", "bot", "new"]),
        (("--type", "iam-role"), []),
        (("--account", ACCOUNT), ["ann", "bot", "new"]),
        (("--account", "1"), []),
        (("--environment", "PROD"), ["ann"]),
        (("--name", "AN"), ["ann"]),
        (("--stale", "30"), ["ann", "bot"]),
        (("--orphaned",), ["bot"]),
        (("--with-secrets",), []),
        (("--sort", "created"), ["bot", "ann", "new"]),
        (("--sort", "name", "--reverse"), ["new", "bot", "ann"]),
        (("--limit", "1"), ["ann"]),
        (("--humans",), []),
    ],
)
def test_filters_and_sorting(secrethunt: Runner, account: Path, options: tuple[str, ...], names: list[str]) -> None:
    assert names == listed(secrethunt, *options)


def test_csv_has_no_formulas(secrethunt: Runner, account: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    _ok(secrethunt.run("nhi", "export", "--output", str(out)))
    ann = next(row for row in csv.DictReader(io.StringIO(out.read_text())) if row["name"] == "ann")
    assert ("'=cmd() (suggested)", "prod", ACCOUNT) == (ann["owner"], ann["environment"], ann["account"])


@pytest.mark.parametrize("wanted", ["ann", arn("user", "ann"), "aws:" + arn("user", "ann"), "AIDAANN"])
def test_show_finds_an_identity_by_what_people_know(secrethunt: Runner, account: Path, wanted: str) -> None:
    shown = json.loads(_ok(secrethunt.run("nhi", "show", wanted, "-f", "json")).stdout)
    assert ("aws:" + arn("user", "ann"), "=cmd() (suggested)") == (shown["key"], shown["owner"])
    assert ["IN_ACCOUNT", "OWNED_BY"] == [edge["kind"] for edge in shown["edges"]]


def test_show_of_nothing_and_of_several_says_so(secrethunt: Runner, account: Path) -> None:
    other = export(account.parent, {**user("ann"), "Arn": arn("user", "team/ann")}, name="other.json")
    _ok(secrethunt.run("nhi", "import", str(other)))
    assert "nothing is known by 'nobody'" in secrethunt.run("nhi", "show", "nobody").stderr
    several = secrethunt.run("nhi", "show", "ann")
    assert (2, True) == (several.code, arn("user", "team/ann") in several.stderr)


def test_hostile_names_cannot_move_the_cursor(secrethunt: Runner, tmp_path: Path) -> None:
    _ok(secrethunt.run("nhi", "import", str(export(tmp_path, user("ev\x1b[2Jil", Tags=tags(owner="\u202eowner"))))))
    for arguments in (("list",), ("show", "ev\x1b[2Jil"), ("export",)):
        output = secrethunt.run("nhi", *arguments).stdout.decode()
        assert "\x1b" not in output
        assert "\u202e" not in output


def test_a_scan_keeps_findings_places_and_times_but_no_value(secrethunt: Runner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    value = acme_key("stored")
    repo.commit({f"{value.decode()}.txt": b"key " + value}, author=(value.decode(), "dev@example.com"))
    assert 1 == secrethunt.scan(repo.target, "--db", "default").code
    kept = [path for path in secrethunt.home.rglob("secrethunt.sqlite*") if path.is_file()]
    assert kept
    assert not [path for path in kept if value in path.read_bytes()]
    finding = secrethunt.scan(repo.target).findings[0]
    shown = json.loads(_ok(secrethunt.run("nhi", "show", finding["finding_id"][:12], "-f", "json")).stdout)
    assert "secret:" + finding["secret_id"] == shown["key"]
    assert {"FOUND_IN", "OWNED_BY"} == {edge["kind"] for edge in shown["edges"]}


def test_a_scan_without_db_keeps_nothing(secrethunt: Runner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.txt": acme_key("x")})
    assert 1 == secrethunt.scan(repo.target).code
    assert [] == list(secrethunt.home.rglob("*.sqlite"))


def test_what_a_whole_scan_no_longer_finds_has_no_place(secrethunt: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_bytes(acme_key("moved"))
    db = str(tmp_path / "store.sqlite")
    secret_id = secrethunt.scan(str(folder), "--db", db).findings[0]["secret_id"]
    (folder / "a.txt").unlink()
    assert 1 == secrethunt.scan(str(folder), "--db", db).code
    shown = json.loads(_ok(secrethunt.run("nhi", "show", secret_id, "--db", db, "-f", "json")).stdout)
    assert ["b.txt"] == [edge["target"].rpartition("/")[2] for edge in shown["edges"]]


def test_a_store_that_cannot_be_written_is_a_usage_error(secrethunt: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    path = tmp_path / "file"
    path.write_bytes(b"not a database" * 1000)
    outcome = secrethunt.scan(str(folder), "--db", str(path))
    assert (2, True) == (outcome.code, "cannot open" in outcome.stderr)
