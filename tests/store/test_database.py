# SPDX-License-Identifier: Apache-2.0
"""The file: who may read it, what it is refused for, how it grows with its schema, how several write it."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from secrethunt.identity.contract import Access, EdgeKind, EdgeStatus, Known, NodeKind
from secrethunt.store import StoreError, open_store
from secrethunt.store.database import load_steps, migrate

SCHEMA = (resources.files("secrethunt.store") / "schema.sql").read_text("utf-8")
WRITER = """
import sys
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind
from secrethunt.store import Run, RunKind, open_store
path, name = sys.argv[1:]
with open_store(path) as store:
    for turn in range(5):
        with Run(store, RunKind.IMPORT, f"{name}{turn}") as run:
            for number in range(100):
                run.add([Node(f"n:{number}", NodeKind.GROUP, "x", name, "", {name: turn})])
                run.add([Edge(f"n:{number}", f"m:{name}", EdgeKind.MEMBER_OF, evidence=str(turn))])
                run.flush()
"""


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite"
    open_store(str(path)).close()
    assert 0o600 == path.stat().st_mode & 0o777
    assert 0o700 == path.parent.stat().st_mode & 0o777


def test_an_absent_store_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with pytest.raises(StoreError, match="there is no store"):
        open_store(str(path), create=False)
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="cannot open") as caught:
        open_store(str(path))
    assert "no SQLite file" in caught.value.hint()
    assert path.read_bytes().startswith(b"not a database")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        open_store(str(path))
    with sqlite3.connect(path) as other:
        assert [("songs",)] == other.execute("SELECT name FROM sqlite_master").fetchall()
    other.close()


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "store.sqlite")
    with open_store(path) as store:
        store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="later version"):
        open_store(path)


def test_steps_lead_an_older_file_to_the_latest_schema_once(tmp_path: Path) -> None:
    path = str(tmp_path / "store.sqlite")
    steps = [*load_steps(), "ALTER TABLE runs ADD COLUMN made_up TEXT;\nUPDATE runs SET made_up = ';';"]
    with open_store(path) as store:
        migrate(store, steps)
        migrate(store, steps)
        assert [(1 + len(steps),)] == list(store.rows("PRAGMA user_version"))
        assert "made_up" in [row[1] for row in store.rows("PRAGMA table_info(runs)")]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    steps = [*load_steps(), "CREATE TABLE made_up (a TEXT);\nINSERT INTO nowhere VALUES (1);"]
    with open_store(str(tmp_path / "store.sqlite")) as store:
        with pytest.raises(StoreError, match="nowhere"):
            migrate(store, steps)
        assert [(len(steps),)] == list(store.rows("PRAGMA user_version"))
        assert [] == list(store.rows("SELECT name FROM sqlite_master WHERE name = 'made_up'"))


def test_every_table_is_strict_and_every_column_explained(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "store.sqlite")) as store:
        strict = {row[1]: row[5] for row in store.rows("PRAGMA table_list") if row[2] == "table"}
    tables = {name for name in strict if not name.startswith("sqlite_")}
    assert {"runs", "keys", "nodes", "edges", "aliases", "findings", "occurrences", "verdicts"} == tables
    assert all(strict[name] for name in tables)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("edges.kind", {kind.value for kind in EdgeKind}),
        ("edges.status", {status.value for status in EdgeStatus}),
        ("edges.known", {known.value for known in Known if known is not Known.EVALUATED}),
        ("nodes.kind", {kind.value for kind in NodeKind}),
        ("nodes.known", {known.value for known in Known if known is not Known.EVALUATED}),
    ],
)
def test_the_schema_takes_exactly_the_words_of_the_contract(column: str, values: set[str]) -> None:
    table, _, name = column.partition(".")
    body = re.search(rf"CREATE TABLE {table} \(.*?\n\) STRICT", SCHEMA, re.DOTALL)
    assert body is not None
    assert values == set(re.findall(rf"\b{name} = '([\w-]+)'", body[0]))


def test_the_schema_takes_exactly_the_accesses_of_the_contract() -> None:
    assert f"access BETWEEN {min(Access).value} AND {max(Access).value}" in SCHEMA


def test_wrong_words_are_refused_by_the_file_itself(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "store.sqlite")) as store, pytest.raises(sqlite3.IntegrityError):
        store.connection.execute("INSERT INTO runs (kind, origin, started) VALUES ('guess', '', '')")


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], env=environment, stderr=subprocess.PIPE)
        for name in ("a", "b", "c")
    ]
    errors = [writer.communicate()[1].decode() for writer in writers]
    assert (["", "", ""], [0, 0, 0]) == (errors, [writer.returncode for writer in writers])
    with open_store(str(path)) as store:
        assert [(15,)] == list(store.rows("SELECT count(*) FROM runs WHERE finished <> ''"))
        assert [(1500,)] == list(store.rows("SELECT count(*) FROM edges"))
        assert [(100,)] == list(store.rows("SELECT count(*) FROM nodes"))
        whole = list(store.rows("SELECT DISTINCT properties FROM nodes"))
        assert [{"a", "b", "c"}] == [set(re.findall(r"[abc]", text)) for (text,) in whole[:1]]
        assert [("ok",)] == list(store.rows("PRAGMA integrity_check"))
        assert [] == list(store.rows("PRAGMA foreign_key_check"))
