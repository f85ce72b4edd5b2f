# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping

import pytest

from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import BlobKind, Confidence, Finding
from secrethunt.ruleset import RuleSelection
from secrethunt.sources.contract import Scope, SourceOptions
from tests.conftest import MakeRepo
from tests.rule_samples import digits

SURE = b'password = "' + digits("sure", 40).encode() + b'"\n'
SIMPLE = b'def connect():\n    return login(password="hunter22")\n'
DOUBTFUL = b'login(password="mypass-22")\n'
TRIAL = b'expected_token = "my_test_token2"\n'
FILES: Mapping[str | bytes, str | bytes] = {"a/sure.py": SURE, "b/simple.py": SIMPLE, "c/trial.py": TRIAL}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    selection = RuleSelection(only=("generic.quoted-assignment",))
    return Scanner(ScannerOptions(selection=selection, min_confidence=Confidence.LOW, jobs=1))


def facts(findings: tuple[Finding, ...]) -> set[tuple[object, ...]]:
    """What must not depend on where a file was read."""
    return {(f.finding_id, f.path, f.confidence, f.signals) for f in findings}


def test_history_is_appraised_as_the_work_tree_is(make_repo: MakeRepo, scanner: Scanner) -> None:
    repo = make_repo()
    repo.commit(FILES)
    on_disk = scanner.scan([repo.target], SourceOptions(scope=Scope.WORKTREE)).findings
    loose = scanner.scan([repo.target], SourceOptions(scope=Scope.HEAD)).findings
    repo.git("rm", "-rq", "a", "b", "c")
    repo.commit({"other": "nothing"})
    repo.pack()
    packed = scanner.scan([repo.target]).findings
    assert {BlobKind.HISTORY} == {finding.kind for finding in packed}
    assert 3 == len(on_disk)
    assert facts(on_disk) == facts(loose) == facts(packed)
    assert {Confidence.LOW, Confidence.HIGH} <= {finding.confidence for finding in packed}


def test_low_confidence_of_history_is_left_out(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit(FILES)
    repo.git("rm", "-rq", "a", "b", "c")
    repo.commit({"other": "nothing"})
    repo.pack()
    selection = RuleSelection(only=("generic.quoted-assignment",))
    result = Scanner(ScannerOptions(selection=selection, jobs=1)).scan([repo.target])
    assert [b"a/sure.py", b"b/simple.py"] == sorted(finding.path for finding in result.findings)


def test_commit_message_is_appraised_without_syntax(make_repo: MakeRepo, scanner: Scanner) -> None:
    repo = make_repo()
    repo.commit({"a.txt": "nothing"}, SURE.decode())
    repo.pack()
    [finding] = scanner.scan([repo.target]).findings
    assert (BlobKind.COMMIT, Confidence.HIGH) == (finding.kind, finding.confidence)
    assert finding.signals


def test_bytes_are_appraised_at_their_path(scanner: Scanner) -> None:
    [as_code] = scanner.scan_bytes(DOUBTFUL, "b/simple.py")
    [as_text] = scanner.scan_bytes(DOUBTFUL, "b/simple")
    assert "use: named argument" in dict(as_code.signals or ())
    assert "use: named argument" not in dict(as_text.signals or ())
    assert as_code.secret_id == as_text.secret_id
