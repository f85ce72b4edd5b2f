# SPDX-License-Identifier: Apache-2.0
"""`secrethunt rules`."""

from __future__ import annotations

import json

from tests.cli.runner import Runner


def test_list_names_every_rule_once(secrethunt: Runner) -> None:
    outcome = secrethunt.run("rules", "list")
    ids = [line.split()[0].decode() for line in outcome.stdout.splitlines()]
    assert 0 == outcome.code
    assert len(set(ids)) == len(ids) > 150
    assert f"{len(ids)} rules of" in outcome.stderr


def test_list_as_json_holds_what_a_rule_file_holds(secrethunt: Runner) -> None:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--format", "json")
    [rule] = json.loads(secrethunt.run("rules", "list", *options).stdout)
    assert ("acme.api-key", "acme", "api-key", "high") == tuple(
        rule[key] for key in ("id", "provider", "nhi", "severity")
    )
    assert ["ACME_KEY={{secret}}"] == rule["examples"]


def test_show_tells_all_of_one_rule(secrethunt: Runner) -> None:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules))
    text = secrethunt.run("rules", "show", "acme.api-key", *options).stdout.decode()
    for part in ("id: acme.api-key", "anchor: ", "pattern: ", "ACME_KEY=", "https://docs.acme.example/auth#keys"):
        assert part in text


def test_check_passes_a_good_file(secrethunt: Runner) -> None:
    outcome = secrethunt.run("rules", "check", str(secrethunt.rules))
    assert (0, b"", "1 rules checked, 0 complaints\n") == (outcome.code, outcome.stdout, outcome.stderr)


def test_check_names_file_line_and_rule_of_a_bad_one(secrethunt: Runner) -> None:
    secrethunt.rules.write_text(secrethunt.rules.read_text().replace("'ACME_KEY={{secret}}'", "'ACME_KEY=none'"))
    outcome = secrethunt.run("rules", "check", str(secrethunt.rules))
    assert 1 == outcome.code
    assert outcome.stdout.decode().startswith(f"{secrethunt.rules}:5: acme.api-key: example 'ACME_KEY=none': not found")


def test_check_says_what_anchors_cost(secrethunt: Runner) -> None:
    (secrethunt.home / "sample.txt").write_text(f"acme_live_{'0' * 24}\n" * 100)
    outcome = secrethunt.run("rules", "check", str(secrethunt.rules), "--cost", str(secrethunt.home / "sample.txt"))
    assert 0 == outcome.code
    assert b"acme.api-key" in outcome.stdout


def test_an_unreadable_file_is_an_error_with_its_line(secrethunt: Runner) -> None:
    secrethunt.rules.write_text("provider: acme\nrules:\n  - id: [\n")
    outcome = secrethunt.run("rules", "check", str(secrethunt.rules))
    assert 2 == outcome.code
    assert f"{secrethunt.rules}:4: not YAML" in outcome.stderr
