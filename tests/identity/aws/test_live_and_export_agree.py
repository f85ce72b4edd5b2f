# SPDX-License-Identifier: Apache-2.0
"""Keys that may read IAM: what one scan that asks tells of them is what the account's export alone tells."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import Runner
from tests.services.aws_account import Account, export, serve_account, user_name

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")

PLANTED = (0, 1, 2, 3, 4, 5, 7)
"""Not those whose conditions and boundaries moto does not apply or tell."""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with serve_account(tmp_path_factory.mktemp("moto"), reads_iam=True) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Scanned:
    """One history, scanned with a store whose contents the provider told, and with one that an export filled."""

    runner: Runner
    databases: Mapping[str, str]
    pairs: list[dict[str, Any]]
    """Findings of the scan that asked."""
    without_store: list[dict[str, Any]]
    """Those of one that asked and kept nothing."""
    users: Mapping[str, str]
    """By secret id."""

    def json(self, name: str, *arguments: str) -> Any:
        done = self.runner.run(*arguments, "--db", self.databases[name], "--format", "json")
        assert 0 == done.code, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def scanned(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    base = tmp_path_factory.mktemp("agree")
    _plant(base / "repository", account)
    export(account, base / "exports")
    # IAM, which is all that the keys are asked for, does not name what is in other services.
    (base / "exports" / "secrets.json").unlink()
    runner = Runner(base / "home")
    databases = {name: str(base / f"{name}.sqlite") for name in ("live", "export")}
    options = ("scan", "--only", "aws", "--format", "jsonl", "--show-secrets", str(base / "repository"))
    asking = ("--validate", "--identify", "--endpoint", f"aws=http://127.0.0.1:{account.port}", "--rate", "500")
    pairs = _pairs(runner, *options, *asking, "--db", databases["live"])
    without_store = _pairs(runner, *options, *asking)
    _pairs(runner, *options, "--db", databases["export"])
    assert 0 == runner.run("nhi", "import", "--db", databases["export"], str(base / "exports")).code
    by_key = {account.keys[user_name(number)].key_id: user_name(number) for number in PLANTED}
    users = {
        pair["secret_id"]: by_key[part["value"]]
        for pair in pairs
        for part in pair["parts"]
        if part["name"] == "access_key_id"
    }
    return Scanned(runner, databases, pairs, without_store, users)


def _plant(folder: Path, account: Account) -> None:
    """Each key is committed and then taken out again, but for the last."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for number in PLANTED:
        keys = account.keys[user_name(number)]
        lines = f"[default]\naws_access_key_id = {keys.key_id}\naws_secret_access_key = {keys.secret}\n"
        (folder / "credentials.ini").write_text(lines)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"deploy {number}"], check=True)


def _pairs(runner: Runner, *arguments: str) -> list[dict[str, Any]]:
    done = runner.run(*arguments)
    return [finding for finding in done.findings if finding["rule_id"] == "aws.key-pair"]


def test_blast_radii_of_the_answers_are_those_of_the_export(scanned: Scanned) -> None:
    assert len(PLANTED) == len(scanned.users)
    for secret_id, user in scanned.users.items():
        live, told = (scanned.json(name, "blast-radius", secret_id) for name in ("live", "export"))
        assert user == live["identities"][0]["name"]
        assert _answer(told) == _answer(live), user


def _answer(radius: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whose it is, the score, and all that is reached how; not how it is known."""
    identities = {identity["name"] for identity in radius["identities"]}
    reached = {(item["key"], item["access"]) for item in radius["reached"]}
    return identities, radius["band"], radius["blast"], reached


def test_inventories_name_the_same_identities(scanned: Scanned) -> None:
    live, told = (scanned.json(name, "nhi", "list", "--with-secrets") for name in ("live", "export"))
    assert set(scanned.users.values()) == {item["name"] for item in live}
    compared = ("key", "name", "privilege", "credentials", "secrets", "exposure")
    assert [[item[field] for field in compared] for item in told] == [
        [item[field] for field in compared] for item in live
    ]


def test_reports_tell_the_same_with_and_without_a_store(scanned: Scanned) -> None:
    kept, told = (
        {pair["secret_id"]: pair["blast"] for pair in pairs} for pairs in (scanned.pairs, scanned.without_store)
    )
    assert set(scanned.users) == set(told)
    for secret_id, user in scanned.users.items():
        assert user == told[secret_id]["identity"]
        assert kept[secret_id]["band"] == told[secret_id]["band"], user
        assert kept[secret_id]["blast"] == told[secret_id]["blast"], user
