# SPDX-License-Identifier: Apache-2.0
"""Terraform's state and plans: what they hold, by what it is known elsewhere, and that no value is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import EdgeKind
from secrethunt.identity.terraform.state import TerraformState
from tests.identity.memory_graph import MemoryGraph
from tests.services.credentials import made

LINEAGE = "3f0d7b52"
STATE = f"terraform:state:{LINEAGE}"
VALUE = made(40)
KEY_ID = "A" + "KIA" + "Q" * 16


def resource(kind: str, attributes: Any, **more: Any) -> dict[str, Any]:
    instance = {"schema_version": 0, "attributes": attributes, **more}
    return {"mode": "managed", "type": kind, "name": "x", "provider": "p", "instances": [instance]}


def loaded(folder: Path, *resources: Any, **more: Any) -> MemoryGraph:
    path = folder / "terraform.tfstate"
    state = {"version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": LINEAGE, "outputs": {}, **more}
    path.write_text(json.dumps({**state, "resources": list(resources)}))
    return read(path)


def read(path: Path) -> MemoryGraph:
    assert TerraformState().recognises(path.read_bytes()[:65536], path.name)
    graph = MemoryGraph(TerraformState().read(str(path)))
    assert VALUE not in repr([*graph.nodes()])
    return graph


def stored(graph: MemoryGraph, state: str = STATE) -> list[str]:
    return [edge.target for edge in graph.edges_from(state, EdgeKind.STORES)]


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("aws_iam_access_key", {"id": KEY_ID, "user": "ci", "secret": VALUE}, f"aws:access-key:{KEY_ID}"),
        (
            "google_service_account_key",
            {"name": "projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com/keys/abc", "private_key": VALUE},
            "gcp:service-account-key:abc",
        ),
        ("azuread_application_password", {"key_id": "K-1", "value": VALUE}, None),
        (
            "tls_private_key",
            {"public_key_fingerprint_sha256": "SHA256:x", "private_key_pem": VALUE},
            "ssh:key:SHA256:x",
        ),
        ("random_password", {"result": VALUE}, f"terraform:secret:{LINEAGE}/random_password.x.result"),
        ("random_pet", {"result": VALUE}, None),
        (
            "aws_db_instance",
            {"password": VALUE, "name": "db"},
            f"terraform:secret:{LINEAGE}/aws_db_instance.x.password",
        ),
        ("aws_db_instance", {"password": None, "token_name": VALUE}, None),
    ],
)
def test_a_state_stores_the_credentials_in_it(tmp_path: Path, kind: str, attributes: Any, expected: str | None) -> None:
    assert ([expected] if expected else []) == stored(loaded(tmp_path, resource(kind, attributes)))


def test_what_the_provider_marks_is_a_secret_whatever_its_name(tmp_path: Path) -> None:
    marks = [[{"type": "get_attr", "value": "value"}]]
    rows = resource("azuread_application_password", {"key_id": "K-1", "value": VALUE}, sensitive_attributes=marks)
    assert ["azure:credential:k-1"] == stored(loaded(tmp_path, rows))


def test_a_key_leads_to_its_account(tmp_path: Path) -> None:
    name = "projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com/keys/abc"
    graph = loaded(tmp_path, resource("google_service_account_key", {"name": name, "private_key": VALUE}))
    edges = graph.edges_from("gcp:service-account-key:abc", EdgeKind.AUTHENTICATES_AS)
    assert ["gcp:service-account:ci@p.iam.gserviceaccount.com"] == [edge.target for edge in edges]


def test_resources_have_the_keys_that_their_providers_exports_give_them(tmp_path: Path) -> None:
    graph = loaded(
        tmp_path,
        resource("aws_iam_role", {"arn": "arn:aws:iam::123456789012:role/ci", "name": "ci"}),
        resource(
            "azurerm_key_vault", {"id": "/subscriptions/S/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"}
        ),
    )
    assert graph.node("aws:arn:aws:iam::123456789012:role/ci") is not None
    assert graph.node("azure:/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v") is not None


def test_sensitive_outputs_are_secrets(tmp_path: Path) -> None:
    outputs = {"db": {"value": VALUE, "type": "string", "sensitive": True}, "url": {"value": "x", "type": "string"}}
    graph = loaded(tmp_path, resource("null_resource", {"id": "1"}), outputs=outputs)
    assert [f"terraform:secret:{LINEAGE}/output.db"] == stored(graph)


def test_a_plan_is_read_for_what_will_be(tmp_path: Path) -> None:
    change = {"actions": ["create"], "after": {"result": VALUE}, "after_sensitive": {"result": True}}
    gone = {"address": "random_password.y", "type": "random_password", "change": {"actions": ["delete"], "after": None}}
    changes = [{"address": "random_password.x", "type": "random_password", "change": change}, gone]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes}))
    graph = read(path)
    [plan] = [node.key for node in graph.nodes() if node.key.startswith("terraform:plan:")]
    assert ["random_password.x.result"] == [key.rpartition("/")[2] for key in stored(graph, plan)]
    assert [] == graph.unread


def test_modules_of_a_shown_state_are_read(tmp_path: Path) -> None:
    inner = {"address": "module.a.random_password.x", "type": "random_password", "values": {"result": VALUE}}
    values = {"root_module": {"resources": [], "child_modules": [{"address": "module.a", "resources": [inner]}]}}
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"format_version": "1.0", "terraform_version": "1.9.0", "values": values}))
    graph = read(path)
    [state] = [node.key for node in graph.nodes() if node.key.startswith("terraform:state:")]
    assert ["module.a.random_password.x.result"] == [key.rpartition("/")[2] for key in stored(graph, state)]


@pytest.mark.parametrize("entry", [1, None, [], {}, {"type": "x"}, {"type": "x", "name": "y", "instances": [1, {}]}])
def test_resources_of_other_shapes_are_told_and_stop_nothing(tmp_path: Path, entry: Any) -> None:
    graph = loaded(tmp_path, entry, resource("random_password", {"result": VALUE}))
    assert [f"terraform:secret:{LINEAGE}/random_password.x.result"] == stored(graph)
    assert graph.unread or entry == []


def test_a_state_that_breaks_off_is_read_until_there(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfstate"
    rows = [resource("random_password", {"result": VALUE})] * 2
    path.write_text(json.dumps({"version": 4, "terraform_version": "1", "lineage": LINEAGE, "resources": rows})[:-30])
    graph = read(path)
    assert ([f"terraform:secret:{LINEAGE}/random_password.x.result"], 1) == (stored(graph), len(graph.unread))
