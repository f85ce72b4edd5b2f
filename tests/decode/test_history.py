# SPDX-License-Identifier: Apache-2.0
"""What stands encoded in packed history is what stands encoded in its objects written out."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pytest

from secrethunt.coverage import ScanResult
from secrethunt.pack import IS_NATIVE
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.ruleset import RuleSelection
from secrethunt.sources import SourceOptions
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import ACME_YAML, acme_key


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    rules = tmp_path / "acme.yaml"
    rules.write_text(ACME_YAML)
    return Scanner(ScannerOptions(RuleSelection(files=(str(rules),), builtin=False), jobs=1))


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def grow(repo: RepoBuilder) -> None:
    """Files in which encoded secrets come, stay while the file changes near and far, change, and go."""
    filler = "".join(f"line {number} of a file that is long enough for a delta\n" for number in range(400))
    encoded = [base64.b64encode(b"key = " + acme_key(n)).decode() for n in range(3)]
    folded = base64.encodebytes(b"# folded\n" * 30 + acme_key("folded") + b"\n" * 60).decode()
    percent = f"/?key%3D{acme_key('percent').decode()}%26x\n"
    for number in range(12):
        head = f"# {number}\n" * number
        secret = f"value: {encoded[number % 3]}\n" if number != 7 else ""
        tail = f"# tail {number}\n"
        text = head + filler + secret + filler + folded + ("" if number < 4 else "x\n") + percent * 3 + filler + tail
        wide = (head + "key = " + acme_key("wide").decode() + "\n").encode("utf-16")
        repo.commit({"a.txt": text, "w.txt": wide, "z.zip": zipped("a.env", acme_key(f"zip {number // 3}"))})


def places(result: ScanResult) -> set[tuple[object, ...]]:
    return {
        (finding.finding_id, finding.path, finding.decode, occurrence.blob, occurrence.span, occurrence.decode)
        for finding in result.findings
        for occurrence in finding.occurrences
    }


@pytest.mark.skipif(not IS_NATIVE, reason="the native module is not built")
def test_deltas_hold_what_whole_objects_hold(make_repo: MakeRepo, scanner: Scanner) -> None:
    repo = make_repo()
    grow(repo)
    repo.pack()
    target = str(repo.git_dir)
    whole = scanner.scan([target], SourceOptions(use_packs=False))
    packed = scanner.scan([target], SourceOptions(use_packs=True))
    assert places(whole) == places(packed)
    chains = {finding.decode for finding in packed.findings}
    assert {("base64",), ("percent",), ("utf-16le",), ("zip:a.env",)} == chains
    assert 10 == len({finding.secret_id for finding in packed.findings})
    assert packed.coverage.containers and packed.coverage.decoded


def test_encoded_secret_keeps_its_finding_where_the_file_around_it_changes(
    make_repo: MakeRepo, scanner: Scanner
) -> None:
    repo = make_repo()
    encoded = base64.b64encode(b"key = " + acme_key("a")).decode()
    repo.commit({"a.txt": f"v: {encoded}\n"})
    [before] = scanner.scan([repo.target]).findings
    repo.commit({"a.txt": f"# more\n\nv: {encoded}\n"})
    [after] = scanner.scan([repo.target]).findings
    assert before.finding_id == after.finding_id
    assert (("base64",), 3) == (after.decode, after.span.line)
