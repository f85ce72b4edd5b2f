# SPDX-License-Identifier: Apache-2.0
"""`secrethunt blast-radius` and what a scan with a store says of the secrets it finds."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from secrethunt.identity.contract import Access, Edge, EdgeKind, Known, Node, NodeKind
from secrethunt.store import Run, RunKind, open_store
from tests.cli.runner import Outcome, Runner
from tests.rule_samples import acme_key

RULE = "acme.api-key"


class Desk:
    """A store that knows the identity of a secret in a folder."""

    def __init__(self, secrethunt: Runner, folder: Path) -> None:
        self._run = secrethunt
        self.db = str(folder / "store.sqlite")
        self.tree = folder / "tree"
        self.tree.mkdir()
        (self.tree / "app.env").write_bytes(b"ACME_KEY=" + acme_key("desk") + b"\n")

    def scan(self, *options: str) -> Outcome:
        rules = ("--rules", str(self._run.rules), "--only", "acme")
        return self._run.run("scan", str(self.tree), "--db", self.db, *rules, *options)

    def report(self, *options: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.scan("-f", "json", *options).stdout)
        return document

    def know(self, secret_id: str) -> None:
        """Tells the store whose it is, and that it is an administrator."""
        secret = f"secret:{secret_id}"
        with open_store(self.db) as store, Run(store, RunKind.IMPORT, "test") as run:
            items: list[Node | Edge] = [
                Node("acme:user:ci", NodeKind.IDENTITY, "acme", "ci", "", {"permissions_known": True}),
                Node("acme:any:*@1", NodeKind.RESOURCE, "acme", "everything", "", {"tier0": True, "sensitivity": 1.0}),
                Edge(secret, "acme:user:ci", EdgeKind.AUTHENTICATES_AS, evidence="told so"),
                Edge("acme:user:ci", "acme:any:*@1", EdgeKind.CAN_ACCESS, evidence="root#1", access=Access.ADMIN),
            ]
            run.add(items, Known.INVENTORY)

    def ask(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        return self._run.run("blast-radius", *arguments, "--rules", str(self._run.rules), stdin=stdin)


@pytest.fixture
def desk(secrethunt: Runner, tmp_path: Path) -> Desk:
    """A store and a folder with one secret; nothing is scanned yet."""
    return Desk(secrethunt, tmp_path)


def test_a_secret_a_finding_and_an_identity_are_found_by_what_they_are_called(desk: Desk) -> None:
    [finding] = desk.report()["findings"]
    desk.know(finding["secret_id"])
    for wanted in (finding["secret_id"], finding["finding_id"][:8], "acme:user:ci", "ci"):
        done = desk.ask(wanted, "--db", desk.db, "-f", "json")
        assert 0 == done.code, done.stderr
        radius = json.loads(done.stdout)
        assert ("critical", "acme:any:*@1") == (radius["band"], radius["reached"][0]["key"])


def test_the_advice_of_the_rule_comes_first(desk: Desk) -> None:
    [finding] = desk.report()["findings"]
    desk.know(finding["secret_id"])
    shown = desk.ask(finding["secret_id"], "--db", desk.db).stdout.decode()
    assert "CRITICAL  blast radius of" in shown
    assert "1. Roll the key." in shown


@pytest.mark.parametrize(
    ("format_name", "begins"), [("html", b"<!doctype html>"), ("opengraph", b"{"), ("json", b"{"), ("text", b"MEDIUM")]
)
def test_all_formats_are_written_for_a_secret_that_nobody_knows(desk: Desk, format_name: str, begins: bytes) -> None:
    [finding] = desk.report()["findings"]
    assert desk.ask(finding["secret_id"], "--db", desk.db, "-f", format_name).stdout.startswith(begins)


def test_reports_say_whose_it_is_and_how_far_it_reaches(desk: Desk) -> None:
    [finding] = desk.report()["findings"]
    assert "medium" == finding["blast"]["band"]
    desk.know(finding["secret_id"])
    document = desk.report()
    schema = json.loads(resources.files("secrethunt.report").joinpath("schema/finding.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(document)
    [finding] = document["findings"]
    assert ("ci", "critical", {"lo": 95.0, "hi": 95.0}) == tuple(
        finding["blast"][name] for name in ("identity", "band", "blast")
    )
    for format_name in ("text", "html", "markdown", "sarif"):
        assert b"everything" in desk.scan("-f", format_name).stdout, format_name


def test_a_report_is_enough_where_there_is_no_store(desk: Desk, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    [finding] = desk.report()["findings"]
    report.write_bytes(desk.scan("-f", "json").stdout)
    done = desk.ask(finding["finding_id"], "--from", str(report), "-f", "json")
    assert 0 == done.code, done.stderr
    assert (0.0, "medium") == (json.loads(done.stdout)["blast"]["lo"], json.loads(done.stdout)["band"])


def test_a_value_on_standard_input_is_looked_up_and_never_shown(desk: Desk) -> None:
    [finding] = desk.report()["findings"]
    desk.know(finding["secret_id"])
    done = desk.ask("-", "--rule", RULE, "--db", desk.db, stdin=acme_key("desk") + b"\n")
    assert 0 == done.code, done.stderr
    assert done.stdout.startswith(b"CRITICAL")
    assert acme_key("desk") not in done.stdout


@pytest.mark.parametrize(("band", "code"), [("critical", 1), ("high", 1)])
def test_a_band_can_make_it_fail(desk: Desk, band: str, code: int) -> None:
    [finding] = desk.report()["findings"]
    assert 0 == desk.ask(finding["secret_id"], "--db", desk.db, "--fail-on", band).code
    desk.know(finding["secret_id"])
    assert code == desk.ask(finding["secret_id"], "--db", desk.db, "--fail-on", band).code


def test_other_weights_change_the_score(desk: Desk, tmp_path: Path) -> None:
    [finding] = desk.report()["findings"]
    desk.know(finding["secret_id"])
    weights = tmp_path / "weights.json"
    weights.write_text('{"edges": {"policy": 0.5}}')
    done = desk.ask("ci", "--db", desk.db, "--weights", str(weights), "-f", "json")
    assert {"lo": 50.0, "hi": 50.0} == json.loads(done.stdout)["blast"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "nothing that is known is called nobody"),
        (("-",), "- and --rule belong together"),
        (("x", "--rule", RULE), "- and --rule belong together"),
        (("-", "--rule", "acme.none"), "no rule has the id"),
        (("-", "--rule", RULE, "--from", "x"), "--from makes no sense"),
        (("ci", "--weights", "/nowhere"), "cannot read /nowhere"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    desk.report()
    done = desk.ask(*arguments, "--db", desk.db, stdin=b"x\n")
    assert (2, True) == (done.code, said in done.stderr), done.stderr


def test_posture_names_the_owasp_risk_of_each_judgement(desk: Desk, secrethunt: Runner) -> None:
    [finding] = desk.report()["findings"]
    desk.know(finding["secret_id"])
    done = secrethunt.run("nhi", "posture", "--db", desk.db, "-f", "json")
    found = {item["judgement"]: item["owasp"] for item in json.loads(done.stdout)["remarks"]}
    assert {
        "leaked": "NHI2:2025",
        "no-owner": "NHI1:2025",
        "over-privileged": "NHI5:2025",
        "unused": "NHI1:2025",
    } == found
