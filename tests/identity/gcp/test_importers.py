# SPDX-License-Identifier: Apache-2.0
"""Exports of Google Cloud that are cut, broken, wrapped, mixed or large."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import Node, Unread
from secrethunt.identity.gcp.accounts import ServiceAccountKeys, ServiceAccounts
from secrethunt.identity.gcp.exports import Assets, FoundPolicies
from secrethunt.identity.gcp.hierarchy import DenyPolicies, Groups, Hierarchy
from secrethunt.identity.gcp.role_table import known_permissions, permissions_of
from secrethunt.identity.gcp.roles import Roles
from secrethunt.identity.inventory.reading import iter_items, opened_export
from tests.identity.memory_graph import MemoryGraph

POLICY = {"resource": "//storage.googleapis.com/b", "project": "projects/3", "organization": "organizations/1",
          "policy": {"bindings": [{"role": "roles/viewer", "members": ["user:ann@acme.example"]}]}}  # fmt: skip
ASSET = {"name": "//storage.googleapis.com/b", "asset_type": "storage.googleapis.com/Bucket",
         "ancestors": ["projects/3", "organizations/1"], "iam_policy": POLICY["policy"]}  # fmt: skip
EMAIL = "ci@acme.iam.gserviceaccount.com"
SAMPLES: list[tuple[Any, dict[str, Any]]] = [
    (FoundPolicies, POLICY),
    (Assets, ASSET),
    (ServiceAccounts, {"email": EMAIL, "uniqueId": "12", "projectId": "acme"}),
    (ServiceAccountKeys, {"name": f"projects/acme/serviceAccounts/{EMAIL}/keys/{'a' * 40}", "keyType": "USER_MANAGED"}),
    (Roles, {"name": "projects/acme/roles/own", "title": "own", "includedPermissions": ["storage.objects.get"]}),
    (Groups, {"name": "groups/g", "groupKey": {"id": "g@acme.example"}}),
    (Hierarchy, {"projectId": "acme", "projectNumber": "3", "lifecycleState": "ACTIVE"}),
    (DenyPolicies, {"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F3/denypolicies/d", "rules": []}),
]
NAMES = [importer.__name__ for importer, _ in SAMPLES]


@pytest.mark.parametrize(("importer", "sample"), SAMPLES, ids=NAMES)
def test_each_export_is_recognised_as_what_it_is_and_in_every_form(
    tmp_path: Path, importer: Any, sample: dict[str, Any]
) -> None:
    forms = (
        json.dumps([sample], indent=2),
        json.dumps([sample]),
        json.dumps(sample, indent=2),
        "\n".join([json.dumps(sample)] * 2) + "\n",
    )
    read = []
    for number, text in enumerate(forms):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        with opened_export(str(path)) as export:
            assert export.importer is not None and export.importer.name == importer.name
            read.append({item.key for item in iter_items(export) if isinstance(item, Node)})
    assert [] != list(read[0])
    assert [read[0]] * len(forms) == read


@pytest.mark.parametrize(("importer", "sample"), SAMPLES, ids=NAMES)
@pytest.mark.parametrize("odd", [7, "x", {}, {"name": 4}, {"resource": []}, [[]], None])
def test_what_is_malformed_is_told_and_costs_only_itself(
    tmp_path: Path, importer: Any, sample: dict[str, Any], odd: Any
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([sample, odd, sample]))
    graph = MemoryGraph(importer().read(str(path)))
    alone = MemoryGraph(_alone(tmp_path, importer, sample))
    assert [node.key for node in alone.nodes()] == [node.key for node in graph.nodes()]
    assert odd == [[]] or len(graph.unread) > len(alone.unread)


def _alone(folder: Path, importer: Any, sample: dict[str, Any]) -> Any:
    path = folder / "alone.json"
    path.write_text(json.dumps([sample]))
    return importer().read(str(path))


@pytest.mark.parametrize("field", ["policy", "project", "folders", "organization", "assetType"])
@pytest.mark.parametrize("odd", [3, "x", [], [4], {"bindings": 3}, {"bindings": [3, {}, {"role": "r", "members": 4}]}])
def test_fields_of_another_kind_do_no_harm(tmp_path: Path, field: str, odd: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{**POLICY, field: odd}]))
    assert all(not isinstance(item, BaseException) for item in FoundPolicies().read(str(path)))


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([POLICY, POLICY])[:-40])
    items = list(FoundPolicies().read(str(path)))
    assert isinstance(items[-1], Unread) and "breaks off" in items[-1].why
    assert any(isinstance(item, Node) for item in items)


def test_a_broken_line_costs_that_line(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    other = {**ASSET, "name": "//storage.googleapis.com/other"}
    path.write_text(f"{json.dumps(ASSET)}\n{{cut\n{json.dumps(other)}\n")
    graph = MemoryGraph(Assets().read(str(path)))
    assert ["line 2"] == [item.what for item in graph.unread]
    assert graph.node("gcp:storage.googleapis.com/other") is not None


def test_deleted_members_and_lists_without_permissions_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    deleted = {"role": "roles/viewer", "members": [f"deleted:serviceAccount:{EMAIL}?uid=1"]}
    path.write_text(json.dumps([{**POLICY, "policy": {"bindings": [deleted]}}]))
    assert 1 == len(MemoryGraph(FoundPolicies().read(str(path))).unread)
    path.write_text(json.dumps([{"name": "projects/acme/roles/own", "title": "own", "stage": "GA"}]))
    [unread] = MemoryGraph(Roles().read(str(path))).unread
    assert "gcloud iam roles describe" in unread.why


def test_a_large_export_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with path.open("w") as file:
        file.write("[")
        for number in range(20_000):
            file.write(
                ("," if number else "") + json.dumps({**POLICY, "resource": f"//storage.googleapis.com/b{number}"})
            )
        file.write("]")
    tracemalloc.start()
    count = sum(1 for _ in FoundPolicies().read(str(path)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 20_000
    assert most < path.stat().st_size / 2


def test_the_table_of_roles_is_whole() -> None:
    assert len(known_permissions()) > 10_000
    assert {"iam.serviceAccounts.getAccessToken"} <= (permissions_of("roles/iam.serviceAccountTokenCreator") or set())
    owner, viewer = permissions_of("roles/owner"), permissions_of("roles/viewer")
    assert owner is not None and viewer is not None and len(viewer) < len(owner)
    assert permissions_of("roles/no.such") is None
