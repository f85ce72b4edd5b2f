# SPDX-License-Identifier: Apache-2.0
"""
Which permissions the basic and predefined roles have: `predefined_roles.txt`, made by `python -m
secrethunt.identity.gcp.role_table FOLDER REVISION > predefined_roles.txt` from role definitions as `gcloud iam roles
describe` writes them, one file each. An imported definition goes before this table.

Each line that begins with a P has a resource type and the verbs that permissions on it end with; permissions are
numbered from 0 in that order. Each line that begins with an R has a role and its permissions: `17` or, from 17 on for
three more, `17+3`, numbers in base 16.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TextIO

_FILE = "predefined_roles.txt"


@functools.cache
def _lines() -> tuple[tuple[str, ...], Mapping[str, str]]:
    permissions: list[str] = []
    roles: dict[str, str] = {}
    with (Path(__file__).parent / _FILE).open(encoding="ascii") as file:
        for line in file:
            kind, _, rest = line.rstrip("\n").partition(" ")
            if kind == "P":
                resource, *verbs = rest.split(" ")
                permissions.extend(f"{resource}.{verb}" for verb in verbs)
            elif kind == "R":
                role, _, numbers = rest.partition(" ")
                roles[role] = numbers
    return tuple(permissions), roles


@functools.cache
def permissions_of(role: str) -> frozenset[str] | None:
    """Those of a basic or predefined role; None where the table does not have it."""
    permissions, roles = _lines()
    numbers = roles.get(role)
    if numbers is None:
        return None
    found: set[str] = set()
    for part in numbers.split():
        first, _, more = part.partition("+")
        start = int(first, 16)
        found.update(permissions[start : start + int(more or "0", 16) + 1])
    return frozenset(found)


def known_permissions() -> tuple[str, ...]:
    """Every permission that some role of the table has."""
    return _lines()[0]


def write_table(roles: Mapping[str, Iterable[str]], out: TextIO, *, source: str) -> None:
    """Writes the table of *roles* and their permissions."""
    split = sorted({tuple(name.rsplit(".", 1)) for names in roles.values() for name in names if "." in name})
    number = {".".join(pair): index for index, pair in enumerate(split)}
    out.write(f"# Basic and predefined roles of Google Cloud and their permissions. {source}\n")
    for resource, pairs in groupby(split, key=lambda pair: pair[0]):
        out.write(f"P {resource} {' '.join(pair[1] for pair in pairs)}\n")
    for role in sorted(roles):
        numbers = sorted(number[name] for name in set(roles[role]) if name in number)
        out.write(f"R {role} {' '.join(_runs(numbers))}".rstrip() + "\n")


def _runs(numbers: Iterable[int]) -> Iterable[str]:
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        more = f"+{len(members) - 1:x}" if len(members) > 1 else ""
        yield f"{members[0]:x}{more}"


def _main(folder: str, revision: str) -> None:
    roles: dict[str, list[str]] = {}
    for path in sorted(Path(folder).glob("*.json")):
        role = json.loads(path.read_text(encoding="utf-8"))
        roles[role["name"]] = role.get("includedPermissions", [])
    source = f"Facts of Google's IAM API (roles.get), as collected in github.com/iann0036/iam-dataset at {revision}."
    write_table(roles, sys.stdout, source=source)


if __name__ == "__main__":
    _main(*sys.argv[1:3])
