# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from secrethunt import ruleset as ruleset_module
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError, UsageError
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset, rule_files
from tests.rule_samples import ACME_YAML

NOWHERE = DiskCache(None)


def write(path: Path, *ids: str) -> Path:
    """A rule file with one rule for each of *ids*, all of the provider before the first dot."""
    head, entry = ACME_YAML.split("rules:\n")
    head = head.replace("acme", ids[0].partition(".")[0], 1)
    path.write_text(head + "rules:\n" + "".join(entry.replace("acme.api-key", name) for name in ids), encoding="utf-8")
    return path


def load(
    *files: Path, cache: DiskCache = NOWHERE, only: tuple[str, ...] = (), exclude: tuple[str, ...] = ()
) -> Ruleset:
    """The rules of *files*, without the built-in ones."""
    names = tuple(str(file) for file in files)
    return load_ruleset(RuleSelection(files=names, only=only, exclude=exclude, builtin=False), cache)


def ids(ruleset: Ruleset) -> list[str]:
    """Rule ids in order."""
    return [rule.id for rule in ruleset.rules]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two providers, three rules."""
    rules = tmp_path / "rules"
    rules.mkdir()
    write(rules / "b.yaml", "bolt.token", "bolt.api-key")
    write(rules / "a.yml", "acme.api-key")
    (rules / "notes.txt").write_text("no rules")
    return rules


def test_directory_is_read_in_order_of_name_and_only_its_yaml(directory: Path) -> None:
    assert ["acme.api-key", "bolt.token", "bolt.api-key"] == ids(load(directory))


def test_files_and_directories_add_up(directory: Path, tmp_path: Path) -> None:
    extra = write(tmp_path / "extra.yaml", "coil.token")
    assert ["coil.token", "acme.api-key", "bolt.token", "bolt.api-key"] == ids(load(extra, directory))


def test_builtin_rules_come_first_and_others_are_added(tmp_path: Path, ruleset: Ruleset) -> None:
    extra = write(tmp_path / "extra.yaml", "zzz-test.token")
    both = load_ruleset(RuleSelection(files=(str(extra),)), NOWHERE)
    assert [*ids(ruleset), "zzz-test.token"] == ids(both)


@pytest.mark.parametrize(
    ("only", "exclude", "expected"),
    [
        (("acme",), (), ["acme.api-key"]),
        (("bolt.token",), (), ["bolt.token"]),
        (("*.api-key",), (), ["acme.api-key", "bolt.api-key"]),
        (("b*",), (), ["bolt.token", "bolt.api-key"]),
        (("bolt", "acme"), (), ["acme.api-key", "bolt.token", "bolt.api-key"]),
        ((), ("bolt",), ["acme.api-key"]),
        ((), ("*.api-key",), ["bolt.token"]),
        (("bolt",), ("bolt.token",), ["bolt.api-key"]),
        (("bolt.[st]*",), (), ["bolt.token"]),
    ],
)
def test_selection_by_id_provider_or_glob(
    directory: Path, only: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    chosen = load(directory, only=only, exclude=exclude)
    assert expected == ids(chosen)
    everything = load(directory)
    anchors = dict(zip(ids(everything), everything.anchors, strict=True))
    assert [anchors[name] for name in expected] == list(chosen.anchors)


@pytest.mark.parametrize(
    ("only", "exclude", "what"),
    [
        (("acmee",), (), "no rule matches 'acmee'"),
        (("Acme",), (), "no rule matches 'Acme'"),
        (("acme",), ("none*",), "no rule matches 'none\\*'"),
        (("acme",), ("acme",), "leave no rule"),
    ],
)
def test_selection_that_names_nothing_is_refused(
    directory: Path, only: tuple[str, ...], exclude: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        load(directory, only=only, exclude=exclude)
    assert caught.value.hint()


def test_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such rule file or directory: .*none\.yaml"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("names", [[], ["empty"]])
def test_no_rules_at_all_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match="no rules to scan with"):
        load(*(tmp_path / name for name in names))


def test_same_id_in_two_files_names_both_places(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.yaml", "acme.api-key"), write(tmp_path / "b.yaml", "acme.token", "acme.api-key")
    with pytest.raises(RuleError, match=r"rule id 'acme\.api-key' is taken by") as caught:
        load(first, second)
    assert f"{first}:5" in str(caught.value)
    assert (str(second), 13) == (caught.value.file, caught.value.line)


def test_same_id_twice_in_one_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="is taken by"):
        load(write(tmp_path / "a.yaml", "acme.api-key", "acme.api-key"))


def test_frozen_rules_equal_those_read_fresh(tmp_path: Path, ruleset: Ruleset) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    selection = RuleSelection()
    assert ruleset == load_ruleset(selection, cache)
    assert len(os.listdir(tmp_path / "cache")) == 1
    thawed = load_ruleset(selection, cache)
    assert ruleset == thawed
    assert [type(rule.severity) for rule in ruleset.rules] == [type(rule.severity) for rule in thawed.rules]


def test_cache_is_what_is_read_while_files_stay_the_same(directory: Path, tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    load(directory, cache=cache)
    status = (directory / "a.yml").stat()
    (directory / "a.yml").write_bytes(b"x" * status.st_size)
    os.utime(directory / "a.yml", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert ["acme.api-key", "bolt.token", "bolt.api-key"] == ids(load(directory, cache=cache))


def test_cache_of_other_code_is_not_used(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    load(directory, cache=cache)
    monkeypatch.setattr(ruleset_module, "_READERS", ("ruleset", "keyed"))
    load(directory, cache=cache)
    assert 2 == len(os.listdir(tmp_path / "cache"))


def test_changed_added_and_removed_files_are_noticed(directory: Path, tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    load(directory, cache=cache)
    write(directory / "b.yaml", "bolt.token", "bolt.api-key", "bolt.secret")
    assert "bolt.secret" in ids(load(directory, cache=cache))
    write(directory / "c.yaml", "coil.token")
    assert "coil.token" in ids(load(directory, cache=cache))
    (directory / "c.yaml").unlink()
    assert "coil.token" not in ids(load(directory, cache=cache))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"rules": [[1]], "anchors": []}', b'{"rules": 1, "anchors": 2}']
)
def test_cache_that_another_version_wrote_is_made_again(directory: Path, tmp_path: Path, payload: bytes) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    fresh = load(directory, cache=cache)
    [name] = os.listdir(tmp_path / "cache")
    cache.write(name, payload)
    assert fresh == load(directory, cache=cache)
    assert payload != cache.read(name)


def test_relative_path_is_reported_as_it_was_given(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    monkeypatch.chdir(directory)
    assert ["b.yaml", "b.yaml"] == [rule.file for rule in load(Path("b.yaml"), cache=cache).rules]
    monkeypatch.chdir(directory.parent)
    again = load(Path("rules/b.yaml"), cache=cache)
    assert ["rules/b.yaml", "rules/b.yaml"] == [rule.file for rule in again.rules]


def test_shipped_rules_are_found_wherever_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = rule_files(RuleSelection())
    assert files
    assert sorted(files) == files
    assert all(os.path.isabs(file) for file in files)
