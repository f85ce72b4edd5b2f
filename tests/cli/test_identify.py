# SPDX-License-Identifier: Apache-2.0
"""From a file with a key to whose it is: the command line against a provider on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import Runner
from tests.rule_samples import acme_key
from tests.validate.provider import PROVIDER_YAML, running_provider

IDENTIFIES = PROVIDER_YAML.replace(
    "rules:\n",
    """\
scopes:
  scopes: {'repo.*': write repository 0.8}
identifiers:
  user:
    requests: [{name: me, request: user}]
    identity: {key: 'user:{{me.login}}', name: '{{me.login}}', type: user}
    permissions: [{from: me.scopes, map: scopes}]
    references: ['https://docs.acme.example/api']
rules:
""",
    1,
).replace("    validate: user\n", "    validate: user\n    identify: user\n")
GOOD, BAD = acme_key("good"), acme_key("bad")


def test_identify_validates_and_says_whose_live_keys_are(secrethunt: Runner) -> None:
    rules = secrethunt.home / "provider.yaml"
    rules.write_text(IDENTIFIES)
    tree = secrethunt.home / "tree"
    tree.mkdir()
    (tree / "a.env").write_bytes(b"ACME_KEY=" + GOOD + b"\nOTHER_KEY=" + BAD + b"\n")
    with running_provider(GOOD) as provider:
        where = ("--endpoint", f"acme={provider.url}", "--no-builtin-rules", "--rules", str(rules))
        outcome = secrethunt.run("scan", "--identify", *where, "--format", "jsonl", str(tree))
    verdicts = {finding["verdict"]["state"]: finding["verdict"] for finding in outcome.findings}
    assert {"active", "inactive"} == set(verdicts)
    facts = verdicts["active"]["facts"]
    assert ("acme:user:octo", "write every repository") == (facts["identity"], facts["access"])
    assert "identity" not in verdicts["inactive"].get("facts", {})
    # A check and an identification of the live key, a check of the other: nobody is asked who a dead key is.
    assert (2, 1) == (provider.asked.count(GOOD.decode()), provider.asked.count(BAD.decode()))
    assert GOOD.decode() not in json.dumps(outcome.findings)


@pytest.fixture
def tree(secrethunt: Runner) -> Path:
    """A folder with a live key beside rules that say how to ask whose it is."""
    (secrethunt.home / "provider.yaml").write_text(IDENTIFIES)
    folder = secrethunt.home / "tree"
    folder.mkdir()
    (folder / "a.env").write_bytes(b"ACME_KEY=" + GOOD + b"\n")
    return folder


RULES = ("--no-builtin-rules", "--rules", "provider.yaml")


def test_rights_that_the_provider_tells_are_the_blast_radius_without_a_store(secrethunt: Runner, tree: Path) -> None:
    with running_provider(GOOD) as provider:
        where = ("--endpoint", f"acme={provider.url}", *RULES)
        [finding] = secrethunt.run("scan", "--identify", *where, "--format", "jsonl", str(tree)).findings
        shown = secrethunt.run("scan", "--identify", *where, "--no-verdict-cache", str(tree)).stdout
    blast = finding["blast"]
    assert ("octo", "acme:user:octo", "live") == (blast["identity"], blast["identity_key"], blast["known"])
    assert ("write", []) == (blast["access"], blast["unknown"])
    assert 0 < blast["blast"]["lo"] == blast["blast"]["hi"]
    assert b"octo" in shown and GOOD not in shown


def test_what_the_provider_told_is_kept_until_it_is_asked_again(secrethunt: Runner, tree: Path) -> None:
    database = ("--db", str(secrethunt.home / "store.sqlite"))
    with running_provider(GOOD) as provider:
        where = ("--endpoint", f"acme={provider.url}", *RULES, *database)
        [finding] = secrethunt.run("scan", "--identify", *where, "--format", "jsonl", str(tree)).findings
    secret = finding["secret_id"]
    for _ in range(2):
        radius = json.loads(secrethunt.run("blast-radius", secret, *RULES, *database, "-f", "json").stdout)
        assert ["acme:user:octo"] == [identity["key"] for identity in radius["identities"]]
        assert [("acme:any:repository", "write")] == [(item["key"], item["access"]) for item in radius["reached"]]
        # A scan that asks nobody has nothing to say against it.
        assert 1 == secrethunt.run("scan", *RULES, *database, str(tree)).code
    rules = secrethunt.home / "provider.yaml"
    rules.write_text(IDENTIFIES.replace("write repository", "read project"))
    with running_provider(GOOD) as provider:
        secrethunt.run("scan", "--identify", "--endpoint", f"acme={provider.url}", *RULES, *database, str(tree))
    radius = json.loads(secrethunt.run("blast-radius", secret, *RULES, *database, "-f", "json").stdout)
    assert [("acme:any:project", "read")] == [(item["key"], item["access"]) for item in radius["reached"]]


def test_a_blast_radius_asks_for_a_value_and_for_what_a_report_found(secrethunt: Runner, tree: Path) -> None:
    report = secrethunt.home / "report.json"
    [finding] = secrethunt.run("scan", *RULES, "--format", "jsonl", str(tree)).findings
    secrethunt.run("scan", *RULES, "--format", "json", "--output", str(report), str(tree))
    asked = ("--from", str(report), "--tree", str(tree))
    with running_provider(GOOD) as provider:
        where = ("--identify", "--endpoint", f"acme={provider.url}", *RULES, "--format", "json")
        given = secrethunt.run("blast-radius", "-", "--rule", "acme.api-key", *where, stdin=GOOD)
        found = secrethunt.run("blast-radius", finding["finding_id"], *asked, *where)
    for done in (given, found):
        assert 0 == done.code, done.stderr
        radius = json.loads(done.stdout)
        assert ["acme:user:octo"] == [identity["key"] for identity in radius["identities"]]
        assert [("acme:any:repository", "write")] == [(item["key"], item["access"]) for item in radius["reached"]]
        assert GOOD not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("abcd", "--identify"), "needs the secret itself"),
        (("abcd", "--offline"), "does nothing without --identify"),
        (("abcd", "--tree", "."), "does nothing without --identify"),
        (("-", "--rule", "acme.api-key", "--identify", "--tree", "."), "makes no sense with -"),
        (("abcd", "--part", "pin=1"), "makes no sense without -"),
    ],
)
def test_what_cannot_be_asked_is_refused(secrethunt: Runner, arguments: tuple[str, ...], complaint: str) -> None:
    done = secrethunt.run("blast-radius", *arguments)
    assert (2, True) == (done.code, complaint in done.stderr), done.stderr


def test_requests_of_identifications_are_listed(secrethunt: Runner, tree: Path) -> None:
    assert tree.is_dir()
    listed = json.loads(secrethunt.run("validate", "--list-endpoints", *RULES, "--format", "json").stdout)
    [entry] = [entry for entry in listed if entry["rule_id"] == "acme.api-key"]
    assert entry["endpoints"] == entry["identify_endpoints"] == ["GET https://api.acme.example/v1/me"]
    lines = secrethunt.run("validate", "--list-endpoints", *RULES).stdout.decode().splitlines()
    assert "acme.api-key  GET https://api.acme.example/v1/me  (with --identify)" in lines


def test_rules_check_names_what_is_wrong_with_an_identification(secrethunt: Runner) -> None:
    rules = secrethunt.home / "provider.yaml"
    rules.write_text(IDENTIFIES.replace("from: me.scopes", "from: nobody.scopes"))
    outcome = secrethunt.run("rules", "check", str(rules))
    assert b"identify: 'nobody.scopes' reads no answer of its requests" in outcome.stdout
    rules.write_text(IDENTIFIES.replace("write repository 0.8", "own repository"))
    outcome = secrethunt.run("rules", "check", str(rules))
    assert b"is not `ACCESS KIND [SENSITIVITY] [tier0]`" in outcome.stdout
