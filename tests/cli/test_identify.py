# SPDX-License-Identifier: Apache-2.0
"""From a file with a key to whose it is: the command line against a provider on loopback."""

from __future__ import annotations

import json

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


def test_rules_check_names_what_is_wrong_with_an_identification(secrethunt: Runner) -> None:
    rules = secrethunt.home / "provider.yaml"
    rules.write_text(IDENTIFIES.replace("from: me.scopes", "from: nobody.scopes"))
    outcome = secrethunt.run("rules", "check", str(rules))
    assert b"identify: 'nobody.scopes' reads no answer of its requests" in outcome.stdout
    rules.write_text(IDENTIFIES.replace("write repository 0.8", "own repository"))
    outcome = secrethunt.run("rules", "check", str(rules))
    assert b"is not `ACCESS KIND [SENSITIVITY] [tier0]`" in outcome.stdout
