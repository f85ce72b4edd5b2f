# SPDX-License-Identifier: Apache-2.0
"""Which packs belong to an object directory."""

from __future__ import annotations

import os
from pathlib import Path

from secrethunt.pack import list_packs
from tests.pack.writer import BLOB, PackWriter


def make_objects(folder: Path, *names: str, alternates: str = "") -> Path:
    (folder / "pack").mkdir(parents=True)
    (folder / "info").mkdir()
    for name in names:
        writer = PackWriter()
        writer.add(BLOB, name.encode())
        writer.write(folder / "pack", name)
    if alternates:
        (folder / "info" / "alternates").write_text(alternates)
    return folder


def names_of(paths: tuple[bytes, ...]) -> list[str]:
    return [os.fsdecode(os.path.basename(path)) for path in paths]


def test_packs_of_a_directory_come_by_name(tmp_path: Path) -> None:
    files = list_packs(bytes(make_objects(tmp_path / "o", "pack-b", "pack-a")))
    assert ["pack-a.pack", "pack-b.pack"] == names_of(files.packs)
    assert (bytes(tmp_path / "o"),) == files.directories


def test_alternates_are_followed_once_each_and_recursively(tmp_path: Path) -> None:
    make_objects(tmp_path / "far", "far", alternates=f"# loop\n../own\n{tmp_path}/near\n")
    make_objects(tmp_path / "near", "near", alternates="../far\n")
    files = list_packs(bytes(make_objects(tmp_path / "own", "own", alternates=f"{tmp_path}/near\n")))
    assert ["own.pack", "near.pack", "far.pack"] == names_of(files.packs)
    assert () == files.missing


def test_alternate_that_is_gone_is_named(tmp_path: Path) -> None:
    files = list_packs(bytes(make_objects(tmp_path / "own", "own", alternates="../gone\n")))
    assert (bytes(tmp_path / "gone"),) == files.missing
    assert ["own.pack"] == names_of(files.packs)


def test_alternates_deeper_than_git_follows_are_named(tmp_path: Path) -> None:
    for number in range(8):
        make_objects(tmp_path / str(number), f"p{number}", alternates=f"../{number + 1}\n")
    files = list_packs(bytes(tmp_path / "0"))
    assert [f"p{number}.pack" for number in range(6)] == names_of(files.packs)
    assert (bytes(tmp_path / "6"),) == files.missing


def test_pack_without_index_is_named(tmp_path: Path) -> None:
    objects = make_objects(tmp_path / "o", "whole", "half")
    (objects / "pack" / "half.idx").unlink()
    files = list_packs(bytes(objects))
    assert ["half.pack"] == names_of(files.without_index)
    assert ["whole.pack"] == names_of(files.packs)


def test_directory_without_packs_holds_none(tmp_path: Path) -> None:
    assert () == list_packs(bytes(tmp_path)).packs
