# SPDX-License-Identifier: Apache-2.0
"""Configuration comes from where it may come from, and says what is wrong with it."""

from __future__ import annotations

import pytest

from tests.cli.runner import Runner
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key

CONFIG = 'rules = ["acme.yaml"]\nbuiltin-rules = false\nfail-on = ["never"]\n'


def test_config_option_names_the_file(secrethunt: Runner) -> None:
    (secrethunt.home / "mine.toml").write_text(CONFIG)
    outcome = secrethunt.run("scan", "-", "--config", "mine.toml", "-f", "jsonl", stdin=acme_key(1))
    assert (0, 1) == (outcome.code, len(outcome.findings))


def test_the_users_own_file_is_read(secrethunt: Runner) -> None:
    directory = secrethunt.home / "config" / "secrethunt"
    directory.mkdir(parents=True)
    (directory / "secrethunt.toml").write_text(CONFIG.replace("acme.yaml", "../../acme.yaml"))
    outcome = secrethunt.run("scan", "-", "-f", "jsonl", stdin=acme_key(1))
    assert (0, 1) == (outcome.code, len(outcome.findings))


def test_a_section_of_pyproject_is_read(secrethunt: Runner) -> None:
    (secrethunt.home / "pyproject.toml").write_text("[tool.secrethunt]\n" + CONFIG)
    outcome = secrethunt.run("scan", "-", "--config", "pyproject.toml", "-f", "jsonl", stdin=acme_key(1))
    assert (0, 1) == (outcome.code, len(outcome.findings))


def test_a_scanned_repository_configures_nothing(secrethunt: Runner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    hostile = 'exclude = ["*"]\nfail-on = ["never"]\n'
    repo.commit({"secrethunt.toml": hostile, "pyproject.toml": "[tool.secrethunt]\n" + hostile, "a.txt": acme_key(1)})
    outcome = secrethunt.scan(cwd=repo.path)
    assert (1, 1) == (outcome.code, len(outcome.findings))


def test_the_command_line_wins(secrethunt: Runner) -> None:
    (secrethunt.home / "mine.toml").write_text(CONFIG)
    outcome = secrethunt.run("scan", "-", "--config", "mine.toml", "--fail-on", "low", "-f", "jsonl", stdin=acme_key(1))
    assert 1 == outcome.code


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense = 1\n", "unknown key 'nonsense'"),
        ("jobs = 'two'\n", "jobs must be a whole number"),
        ("only = 'acme'\n", "only must be a list of texts"),
        ("only = [1]\n", "only must be a list of texts"),
        ("min-confidence = 'sure'\n", "min_confidence must be one of low, medium, high"),
        ("not toml", "not TOML"),
        ("fingerprint-key-file = 'missing'\n", "cannot read the fingerprint key"),
        ("fingerprint-key-file = 'short'\n", "shorter than 16 bytes"),
        ("max-size = 'huge'\n", "not a size"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_scanned(secrethunt: Runner, text: str, complaint: str) -> None:
    (secrethunt.home / "mine.toml").write_text(text)
    (secrethunt.home / "short").write_text("abc")
    outcome = secrethunt.run("scan", "-", "--config", "mine.toml", stdin=acme_key(1))
    assert 2 == outcome.code
    assert complaint in outcome.stderr


def test_an_organisations_key_makes_its_own_ids(secrethunt: Runner) -> None:
    (secrethunt.home / "key").write_text("k" * 32)
    (secrethunt.home / "mine.toml").write_text("fingerprint-key-file = 'key'\n")
    public = secrethunt.scan("-", stdin=acme_key(1)).findings[0]
    own = secrethunt.scan("-", "--config", "mine.toml", stdin=acme_key(1)).findings[0]
    assert public["secret_id"] != own["secret_id"]
    assert public["finding_id"] != own["finding_id"]
