# SPDX-License-Identifier: Apache-2.0
"""Parts of a credential in other files of its directory: on disk, at HEAD, in history."""

from __future__ import annotations

from pathlib import Path

import pytest

from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Finding
from secrethunt.ruleset import RuleSelection
from secrethunt.sources import SourceOptions
from tests.conftest import MakeRepo
from tests.rule_samples import digits

RULES = r"""
provider: acme
references: ['https://docs.acme.example/auth#keys']
rules:
  - id: acme.token
    name: Acme token
    nhi: api-key
    confidence: medium
    pattern: '\btok_(?P<secret>[0-9a-f]{24})\b'
    parts:
      - {name: account_id, pattern: '\bAC[0-9a-f]{16}\b', confirms: true}
      - {name: key_id, rules: [acme.key-id]}
    examples: ['tok_{{secret}}']
    negative_examples: [{text: 'tok_', why: empty}]
  - id: acme.key-id
    name: Acme key id
    nhi: api-key
    pattern: '\b(?P<secret>kid_[0-9a-f]{12})\b'
    examples: ['{{secret}}']
    negative_examples: [{text: 'kid_', why: empty}]
"""
TOKEN = f"tok_{digits('token')}\n"
ACCOUNT = f"AC{digits('account', 16)}"
OTHER_ACCOUNT = f"AC{digits('other', 16)}"
KEY_ID = f"kid_{digits('id', 12)}"


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    path = tmp_path / "acme.yaml"
    path.write_text(RULES, encoding="utf-8")
    return Scanner(ScannerOptions(selection=RuleSelection(files=(str(path),), builtin=False), jobs=1))


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def tokens(scanner: Scanner, target: Path, options: SourceOptions | None = None) -> list[Finding]:
    result = scanner.scan([str(target)], options or SourceOptions())
    return [finding for finding in result.findings if finding.rule.id == "acme.token"]


def joined(finding: Finding) -> dict[str, tuple[str, str]]:
    """By name of the part: its value and the file it stands in."""
    return {
        part.name: (part.value.reveal().decode(), (part.path or finding.path).decode().rpartition("/")[2])
        for part in finding.parts
    }


def test_parts_in_other_files_of_the_directory_are_attached(scanner: Scanner, tmp_path: Path) -> None:
    root = write(
        tmp_path / "app", {"deploy/token": TOKEN, "deploy/account.txt": f"id {ACCOUNT}\n", "deploy/ids": KEY_ID}
    )
    [finding] = tokens(scanner, root)
    assert {"account_id": (ACCOUNT, "account.txt"), "key_id": (KEY_ID, "ids")} == joined(finding)
    assert ("medium", ("fits the format",)) == (finding.confidence.label, finding.reasons)
    [account, _] = finding.parts
    assert (1, 4) == (account.span.line, account.span.column)


def test_path_of_a_part_can_be_opened_from_here(
    scanner: Scanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "app", {"deploy/token": TOKEN, "deploy/account.txt": ACCOUNT, "deploy/ids": KEY_ID})
    monkeypatch.chdir(tmp_path)
    [finding] = tokens(scanner, Path("app"))
    assert [b"app/deploy/account.txt", b"app/deploy/ids"] == [part.path for part in finding.parts]


def test_other_directories_do_not_count(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"a/token": TOKEN, "b/account": ACCOUNT, "account": ACCOUNT, "a/c/ids": KEY_ID})
    [finding] = tokens(scanner, root)
    assert () == finding.parts


def test_of_two_accounts_nobody_can_tell_whose_token_it_is(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"token": TOKEN, "one": ACCOUNT, "two": OTHER_ACCOUNT})
    [finding] = tokens(scanner, root)
    assert () == finding.parts


def test_same_account_in_two_files_is_one(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"token": TOKEN, "one": ACCOUNT, "two": ACCOUNT})
    [finding] = tokens(scanner, root)
    assert {"account_id": (ACCOUNT, "one")} == joined(finding)


def test_part_in_the_same_file_goes_before_one_beside_it(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"token": TOKEN + ACCOUNT, "other": OTHER_ACCOUNT})
    [finding] = tokens(scanner, root)
    assert {"account_id": (ACCOUNT, "token")} == joined(finding)


def test_single_file_has_nothing_beside_it(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"token": TOKEN, "account": ACCOUNT})
    [finding] = tokens(scanner, root / "token")
    assert () == finding.parts


def test_stream_is_joined_within_itself(scanner: Scanner) -> None:
    [finding] = [item for item in scanner.scan_bytes(f"{ACCOUNT}\n{TOKEN}".encode()) if item.rule.id == "acme.token"]
    assert {"account_id": (ACCOUNT, "-")} == joined(finding)


def test_ignored_files_of_a_work_tree_are_not_read(scanner: Scanner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({".gitignore": "secret/local\n", "secret/token": TOKEN})
    write(repo.path, {"secret/local": ACCOUNT, "secret/ids": KEY_ID})
    [finding] = tokens(scanner, repo.path)
    assert {"key_id": (KEY_ID, "ids")} == joined(finding)
    [finding] = tokens(scanner, repo.path, SourceOptions(include_ignored=True))
    assert {"account_id": (ACCOUNT, "local"), "key_id": (KEY_ID, "ids")} == joined(finding)


def test_links_and_pipes_beside_a_finding_are_left_alone(scanner: Scanner, tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"token": TOKEN})
    write(tmp_path, {"outside": ACCOUNT})
    (root / "link").symlink_to(tmp_path / "outside")
    [finding] = tokens(scanner, root)
    assert () == finding.parts


@pytest.mark.parametrize("use_packs", [True, False])
def test_files_added_by_one_commit_are_joined_in_history(
    scanner: Scanner, make_repo: MakeRepo, use_packs: bool
) -> None:
    repo = make_repo()
    repo.commit({"deploy/token": TOKEN, "deploy/ids": KEY_ID, "x": "1"})
    repo.commit(remove=["deploy/token", "deploy/ids"])
    repo.pack()
    [finding] = tokens(scanner, repo.path, SourceOptions(use_packs=use_packs))
    assert {"key_id": (KEY_ID, "ids")} == joined(finding)


def test_files_that_never_stood_together_are_not_joined(scanner: Scanner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"deploy/token": TOKEN, "x": "1"})
    repo.commit({"deploy/ids": KEY_ID}, remove=["deploy/token"])
    [finding] = tokens(scanner, repo.path)
    assert () == finding.parts


@pytest.mark.parametrize("use_packs", [True, False])
def test_unsure_value_that_its_part_confirms_is_found_in_a_pack_too(
    make_repo: MakeRepo, tmp_path: Path, use_packs: bool
) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(RULES.replace("confidence: medium", "confidence: low"), encoding="utf-8")
    scanner = Scanner(ScannerOptions(selection=RuleSelection(files=(str(path),), builtin=False), jobs=1))
    repo = make_repo()
    for number in range(4):
        repo.commit({"config": f"{'x' * 200}\n{number}\n{ACCOUNT}\n{TOKEN}"})
    repo.commit(remove=["config"])
    repo.pack()
    [finding] = tokens(scanner, repo.path, SourceOptions(use_packs=use_packs))
    assert ("medium", 4) == (finding.confidence.label, len(finding.occurrences))
    assert {"account_id": (ACCOUNT, "config")} == joined(finding)
