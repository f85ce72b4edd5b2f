# SPDX-License-Identifier: Apache-2.0
"""`secrethunt nhi` where sources meet: vendors behind accounts, owners of code, what code declares."""

from __future__ import annotations

import base64
import json
import random
import string
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key

ACCOUNT = "123456789012"
SNYK = "198361731867"
"""https://support.snyk.io/hc/en-us/articles/360004002418-AWS-Lambda-integration"""


def ok(outcome: Outcome) -> Outcome:
    assert 0 == outcome.code, outcome.stderr
    return outcome


def rows(secrethunt: Runner, *options: str) -> dict[str, dict[str, Any]]:
    """Rows of `nhi list` by name."""
    listed = json.loads(ok(secrethunt.run("nhi", "list", "-f", "json", *options)).stdout)
    return {row["name"]: row for row in listed}


def account(*roles: dict[str, Any], users: tuple[dict[str, Any], ...] = ()) -> str:
    return json.dumps({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []})


def role_for(name: str, principal: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return {"Arn": arn, "RoleName": name, "RoleId": "AROA" + name.upper(), "AssumeRolePolicyDocument": trust}


def test_a_role_that_trusts_a_vendor_is_held_by_it(secrethunt: Runner, tmp_path: Path) -> None:
    vendors = role_for("scanner", f"arn:aws:iam::{SNYK}:root")
    (tmp_path / "iam.json").write_text(account(vendors, role_for("ours", f"arn:aws:iam::{ACCOUNT}:root")))
    ok(secrethunt.run("nhi", "import", str(tmp_path / "iam.json")))
    listed = rows(secrethunt)
    assert ("Snyk", "") == (listed["scanner"]["vendor"], listed["ours"]["vendor"])
    assert "" == listed["scanner"]["owner"]
    remarks = json.loads(ok(secrethunt.run("nhi", "posture", "-f", "json")).stdout)["remarks"]
    held = [(item["name"], item["owasp"]) for item in remarks if item["judgement"] == "vendor-held"]
    assert [("scanner", "NHI3:2025")] == held


def test_owners_are_suggested_by_code_owners_introducer_and_tags(
    secrethunt: Runner, tmp_path: Path, make_repo: MakeRepo
) -> None:
    repo = make_repo()
    repo.commit({".github/CODEOWNERS": "/deploy/ @acme/platform\n", "deploy/env": b"key = " + acme_key("owned")})
    database = str(tmp_path / "s.db")
    [finding] = secrethunt.scan(repo.target, "--db", database).findings
    shown = json.loads(ok(secrethunt.run("blast-radius", finding["secret_id"], "--db", database, "-f", "json")).stdout)
    owners = {owner["name"]: owner for owner in shown["owners"]}
    assert owners["@acme/platform"]["suggested"]
    assert ".github/CODEOWNERS:1" == owners["@acme/platform"]["evidence"]
    assert ["author@example.com"] == [name for name in owners if name != "@acme/platform"]
    text = ok(secrethunt.run("blast-radius", finding["secret_id"], "--db", database)).stdout.decode()
    assert "@acme/platform (suggested) by .github/CODEOWNERS:1" in text
    tags = [{"Key": "Team", "Value": "payments"}]
    user = {"Arn": f"arn:aws:iam::{ACCOUNT}:user/pay", "UserName": "pay", "UserId": "AIDAPAY", "Tags": tags}
    (tmp_path / "iam.json").write_text(account(users=(user,)))
    ok(secrethunt.run("nhi", "import", str(tmp_path / "iam.json"), "--db", database))
    assert "payments (suggested)" == rows(secrethunt, "--db", database)["pay"]["owner"]


def test_owners_of_a_bare_repository_and_of_a_folder_of_a_work_tree(
    secrethunt: Runner, tmp_path: Path, make_repo: MakeRepo
) -> None:
    repo = make_repo()
    repo.commit({"CODEOWNERS": "/deploy/live/ @acme/platform\n", "deploy/live/env": b"key = " + acme_key("owned")})
    repo.git("clone", "--quiet", "--bare", repo.target, str(tmp_path / "bare.git"))
    for number, target in enumerate((str(tmp_path / "bare.git"), str(repo.path / "deploy"))):
        database = str(tmp_path / f"{number}.db")
        [finding] = secrethunt.scan(target, "--db", database).findings
        shown = ok(secrethunt.run("nhi", "show", "secret:" + finding["secret_id"], "--db", database)).stdout.decode()
        assert "OWNED_BY owner:@acme/platform [potential, code] CODEOWNERS:1" in shown


WORKFLOW = """on: push
permissions: {id-token: write}
jobs:
  ship:
    runs-on: ubuntu-latest
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with: {role-to-assume: "arn:aws:iam::123456789012:role/ship", aws-region: eu-west-1}
      - run: deploy --token ${{ secrets.DEPLOY_TOKEN }}
"""
MANIFEST = """apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop, labels: {team: payments}}
"""


def imported(secrethunt: Runner, *arguments: str) -> list[dict[str, Any]]:
    outcome = secrethunt.run("nhi", "import", "-f", "json", *arguments)
    assert outcome.code in (0, 3), outcome.stderr
    files: list[dict[str, Any]] = json.loads(outcome.stdout)["files"]
    return files


def test_a_work_tree_is_read_as_code_and_exports_in_it_as_exports(
    secrethunt: Runner, tmp_path: Path, make_repo: MakeRepo
) -> None:
    repo = make_repo()
    files: dict[str | bytes, str | bytes] = {
        ".github/workflows/ship.yml": WORKFLOW,
        ".github/CODEOWNERS": "*.yaml @acme/web\n",
        "web.yaml": MANIFEST,
        "broken.yml": "apiVersion: v1\nkind: [",
        "notes.txt": "nothing",
        "exports/iam.json": account(role_for("ship", f"arn:aws:iam::{ACCOUNT}:root")),
    }
    repo.commit(files)
    code, export = imported(secrethunt, repo.target)
    assert ("code", 3) == (code["importer"], code["files"])
    assert code["silent"] >= 2
    assert ["broken.yml"] == [reason["what"].partition(":")[0] for reason in code["reasons"]]
    assert "aws account authorization details" == export["importer"]
    listed = rows(secrethunt)
    assert ("code", "inventory") == (listed["shop/web"]["known"], listed["ship"]["known"])
    assert "@acme/web (suggested), payments (suggested)" == listed["shop/web"]["owner"]
    text = ok(secrethunt.run("nhi", "show", f"aws:arn:aws:iam::{ACCOUNT}:role/ship")).stdout.decode()
    assert "[conditional, code] .github/workflows/ship.yml:" in text
    (repo.path / "web.yaml").unlink()
    assert "shop/web" not in {name for _ in imported(secrethunt, repo.target) for name in rows(secrethunt)}


def test_a_folder_of_exports_is_read_by_importers_first_and_holds_code_and_clones_too(
    secrethunt: Runner, tmp_path: Path, make_repo: MakeRepo
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "prod.yaml").write_text(MANIFEST)
    (folder / "main.tf").write_text('resource "aws_iam_user" "ci" {\n  name = "ci"\n}\n')
    (folder / "notes.txt").write_text("nothing")
    clone = make_repo()
    clone.commit({"web.yaml": MANIFEST.replace("web", "clone")})
    clone.path.rename(folder / "clone")
    found = {Path(read["file"]).name: read["importer"] for read in imported(secrethunt, str(folder))}
    assert found == {"prod.yaml": "kubernetes objects", "exports": "code", "notes.txt": None, "clone": "code"}
    known = {name: row["known"] for name, row in rows(secrethunt).items()}
    assert ("inventory", "code", "code") == (known["shop/web"], known["ci"], known["shop/clone"])


def test_code_takes_a_folder_without_git_for_code(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(MANIFEST)
    [export] = imported(secrethunt, str(tmp_path / "web.yaml"))
    [code] = imported(secrethunt, "--code", str(tmp_path))
    (tmp_path / ".gitignore").write_text("*.log")
    [unpacked] = imported(secrethunt, str(tmp_path))
    assert ["kubernetes objects", "code", "code"] == [read["importer"] for read in (export, code, unpacked)]
    assert code["nodes"] == unpacked["nodes"] > 0


def key_pair() -> tuple[str, str]:
    """A made-up AWS key id of `ACCOUNT`, and a secret of the same shape as theirs."""
    drawn = random.Random(7)
    number = (int(ACCOUNT) << 7 | 1 << 47).to_bytes(6, "big") + drawn.randbytes(4)
    letters = string.ascii_letters + string.digits + "/+"
    return "AKIA" + base64.b32encode(number).decode(), "".join(drawn.choices(letters, k=40))


@pytest.mark.parametrize(
    ("layout", "rule"),
    [
        ("AWS_ACCESS_KEY_ID={0}\nAWS_SECRET_ACCESS_KEY={1}\n", "aws.key-pair"),
        ("aws_secret_access_key = {1}\nregion = eu-west-1\naws_access_key_id = {0}\n", "aws.secret-access-key"),
    ],
)
def test_a_secret_access_key_is_joined_to_its_user_by_the_key_id_beside_it(
    secrethunt: Runner, tmp_path: Path, layout: str, rule: str
) -> None:
    key_id, secret = key_pair()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "settings.ini").write_text(layout.format(key_id, secret))
    database = str(tmp_path / "s.db")
    found = secrethunt.run("scan", str(tmp_path / "code"), "--db", database, "--format", "jsonl").findings
    assert {rule, "aws.access-key-id"} == {finding["rule_id"] for finding in found}
    metadata = {"UserName": "ci", "AccessKeyId": key_id, "Status": "Active", "CreateDate": "2025-01-01T00:00:00Z"}
    (tmp_path / "keys.json").write_text(json.dumps({"AccessKeyMetadata": [metadata]}))
    ok(secrethunt.run("nhi", "import", str(tmp_path / "keys.json"), "--db", database))
    user = f"aws:arn:aws:iam::{ACCOUNT}:user/ci"
    for finding in found:
        shown = json.loads(
            ok(secrethunt.run("blast-radius", finding["secret_id"], "--db", database, "-f", "json")).stdout
        )
        assert user in [item["key"] for item in shown["identities"]], finding["rule_id"]
        assert secret not in json.dumps(shown)


def test_an_owner_is_confirmed_replaced_and_forgotten(secrethunt: Runner, tmp_path: Path) -> None:
    tags = [{"Key": "owner", "Value": "payments"}]
    user = {"Arn": f"arn:aws:iam::{ACCOUNT}:user/pay", "UserName": "pay", "UserId": "AIDAPAY", "Tags": tags}
    (tmp_path / "iam.json").write_text(account(users=(user,)))
    ok(secrethunt.run("nhi", "import", str(tmp_path / "iam.json")))
    for owners, shown in ((("@acme/web",), "@acme/web"), (("Ann@acme.com",), "Ann@acme.com")):
        ok(secrethunt.run("nhi", "own", "pay", *owners))
        assert shown == rows(secrethunt)["pay"]["owner"]
    remarks = json.loads(ok(secrethunt.run("nhi", "posture", "-f", "json")).stdout)["remarks"]
    assert "no-owner" not in {item["judgement"] for item in remarks}
    ok(secrethunt.run("nhi", "own", "pay", "--forget"))
    assert "payments (suggested)" == rows(secrethunt)["pay"]["owner"]
    assert (2, 2) == (secrethunt.run("nhi", "own", "pay").code, secrethunt.run("nhi", "own", "none", "a@b.c").code)
