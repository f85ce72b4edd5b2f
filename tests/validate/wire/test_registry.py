# SPDX-License-Identifier: Apache-2.0
"""The names that rules give: what stands behind each, and what is said where its library is missing."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from secrethunt.validate.wire.registry import WIRES, load_wire
from tests.services.databases import password
from tests.validate.wire.session import checked, credential_in

ROOT = Path(__file__).parents[3]
LIBRARIES = {
    "pg8000": ("postgresql", "postgres.connection-uri", "postgresql"),
    "pymysql": ("mysql", "mysql.connection-uri", "mysql"),
    "bson": ("mongodb", "mongodb.connection-uri", "mongodb"),
    "paramiko": ("ssh", "uri.userinfo-password", "ssh"),
}


@pytest.mark.parametrize("name", WIRES)
def test_every_name_leads_to_a_function_and_lists_what_it_asks(name: str) -> None:
    module, _, function = WIRES[name].target.partition(":")
    assert callable(getattr(importlib.import_module(f"secrethunt.validate.wire.{module}"), function))
    assert load_wire(name).endpoints


def test_every_extra_is_one_of_the_package_and_part_of_the_one_for_all() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    needed = {entry.extra for entry in WIRES.values() if entry.extra}
    assert needed <= set(extras)
    assert set(extras["wire"]) >= {library for name in needed for library in extras[name]}


def test_names_and_endpoints_load_no_library() -> None:
    code = (
        "import sys; from secrethunt.validate.wire.registry import WIRES, load_wire;"
        "[load_wire(name) for name in WIRES];"
        f"print(sorted(set(sys.modules) & {set(LIBRARIES) | {'requests', 'cryptography'}!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "[]\n" == done.stdout


@pytest.mark.parametrize("library", LIBRARIES)
def test_missing_library_is_unknown_and_its_extra_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extra, rule, scheme = LIBRARIES[library]
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    credential = credential_in(f"x={scheme}://app:{password()}@localhost:1/x", rule)
    assert ("unknown", f"not installed: pip install 'secrethunt[{extra}]'") == checked(credential)[:2]


def test_scheme_that_nothing_speaks_is_unknown() -> None:
    found = checked(credential_in(f"x=gopher://app:{password()}@localhost:1/x", "uri.userinfo-password"))
    assert ("unknown", "there is no check for gopher") == found[:2]


def test_connection_string_for_an_unknown_server_is_unknown() -> None:
    found = checked(credential_in(f"Server=db1;User Id=svc;Password={password()};", "odbc.connection-string"))
    assert ("unknown", "the connection string is for no server that is known here") == found[:2]
