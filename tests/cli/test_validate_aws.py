# SPDX-License-Identifier: Apache-2.0
"""From a file with keys to verdicts, with the shipped rules, against moto's server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from secrethunt.validate.flows.aws import Keys
from tests.cli.runner import Runner
from tests.validate.flows import test_aws_moto

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
moto = test_aws_moto.moto


def settings(keys: Keys) -> str:
    token = f"aws_session_token = {keys.token}\n" if keys.token else ""
    return f"[default]\naws_access_key_id = {keys.key_id}\naws_secret_access_key = {keys.secret}\n{token}"


def by_file(findings: Sequence[Mapping[str, object]]) -> dict[tuple[str, str], str]:
    found = {}
    for finding in findings:
        verdict = finding["verdict"]
        assert isinstance(verdict, dict)
        found[Path(str(finding["path"])).name, str(finding["rule_id"])] = str(verdict["state"])
    return found


def test_keys_in_files_are_found_paired_and_asked_about(secrethunt: Runner, moto: Any, tmp_path: Path) -> None:
    keys: dict[str, Keys] = {name: getattr(moto, name) for name in ("good", "deleted", "session")}
    for name, pair in keys.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ini").write_text(settings(pair))
    mixed = Keys(keys["good"].key_id, keys["deleted"].secret)
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "mixed.ini").write_text(settings(mixed))
    where = ("--endpoint", f"aws=http://127.0.0.1:{moto.port}")
    options = ("--validate", "--control", "--only", "aws", "--format", "jsonl")
    outcome = secrethunt.run("scan", *options, *where, str(tmp_path))
    # The id in mixed.ini is live, beside its own secret in good.ini; the secret beside it there is another's.
    assert {
        ("good.ini", "aws.access-key-id"): "active",
        ("good.ini", "aws.key-pair"): "active",
        ("deleted.ini", "aws.access-key-id"): "inactive",
        ("deleted.ini", "aws.key-pair"): "inactive",
        ("mixed.ini", "aws.access-key-id"): "active",
        ("mixed.ini", "aws.key-pair"): "inactive",
        ("session.ini", "aws.temporary-access-key-id"): "active",
        ("session.ini", "aws.key-pair"): "active",
        ("session.ini", "aws.session-token"): "active",
    } == by_file(outcome.findings)
    live = [finding["verdict"] for finding in outcome.findings if finding["verdict"]["state"] == "active"]
    assert {"a random key is inactive"} == {verdict["evidence"][-1]["marker"] for verdict in live}
    assert {"123456789012"} == {verdict["facts"]["account_id"] for verdict in live}
    text = outcome.stdout + outcome.stderr.encode()
    assert not [pair for pair in keys.values() if pair.secret.encode() in text or pair.key_id.encode() in text]


def test_live_keys_in_files_say_whose_they_are(secrethunt: Runner, moto: Any, tmp_path: Path) -> None:
    (tmp_path / "good.ini").write_text(settings(moto.good))
    where = ("--endpoint", f"aws=http://127.0.0.1:{moto.port}")
    outcome = secrethunt.run("scan", "--identify", "--only", "aws", "--format", "jsonl", *where, str(tmp_path))
    said = [finding["verdict"]["facts"] for finding in outcome.findings]
    assert {"aws:arn:aws:iam::123456789012:user/deployer"} == {facts["identity"] for facts in said}
    # The user has no policy at all: what it may not read and may not list is named.
    assert all("iam:ListUserPolicies" in facts["permissions"] for facts in said)
    assert all("s3:ListAllMyBuckets denied" in facts["probed"] for facts in said)
    text = outcome.stdout + outcome.stderr.encode()
    assert moto.good.secret.encode() not in text
    assert moto.good.key_id.encode() not in text
