# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import gzip
import io
import zipfile
from pathlib import Path

from tests.cli.runner import Runner
from tests.rule_samples import acme_key

KEY = acme_key("cli")


def test_chain_is_reported_and_decoding_can_be_switched_off(secrethunt: Runner, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config/app.env", b"k: " + base64.b64encode(b"key = " + KEY))
    file = tmp_path / "a.zip"
    file.write_bytes(buffer.getvalue())
    outcome = secrethunt.scan(str(file))
    [finding] = outcome.findings
    assert (1, ["zip:config/app.env", "base64"]) == (outcome.code, finding["decode"])
    assert (KEY.decode(), 1) == (finding["secret"], outcome.summary["containers"])
    shallow = secrethunt.scan("--max-archive-depth", "1", str(file))
    assert (0, []) == (shallow.code, shallow.findings)
    plain = secrethunt.scan("--no-decode", str(file))
    assert (0, []) == (plain.code, plain.findings)
    text = secrethunt.run("scan", "--no-builtin-rules", "--rules", str(secrethunt.rules), str(file))
    assert b"a.zip:1:1 (zip:config/app.env > base64)" in text.stdout


def test_standard_input_is_decoded_and_a_bomb_makes_the_scan_incomplete(secrethunt: Runner) -> None:
    assert [["gzip"]] == [finding["decode"] for finding in secrethunt.scan("-", stdin=gzip.compress(KEY)).findings]
    bomb = secrethunt.scan("-", stdin=gzip.compress(b"\0" * (32 << 20)))
    assert (3, {"decodes to too much": 1}) == (bomb.code, bomb.summary["skipped"])
