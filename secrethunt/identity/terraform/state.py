# SPDX-License-Identifier: Apache-2.0
"""
Importer of Terraform's state (version 4, as backends keep it) and of `terraform show -json` of a state or a plan: what
was made, and which credentials the file itself holds. Of their values only whether they are there is looked at.

Formats: developer.hashicorp.com, "State" and "JSON Output Format"; OpenTofu's are the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows
from secrethunt.identity.terraform.resources import credential_of, node_of

_Found = Iterator[Node | Edge | Unread]
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|secret|secret_key|secret_string|secret_binary|secret_id|token|private_key(?:_pem|_openssh)?|"
    r"client_secret|access_key|primary_key|secondary_key|primary_access_key|secondary_access_key|connection_string|"
    r"primary_connection_string|api_key|kube_config_raw|kube_admin_config_raw|credentials|plaintext_value|result)$"
)
"""Attributes that hold a secret in providers that do not mark them as sensitive."""
_NO_SECRET = re.compile(r"(?:^|_)(?:tags|arn|id|name)(?:$|_)")
_RESULTS = frozenset({"random_password", "random_bytes"})


@dataclass(frozen=True, slots=True)
class _Instance:
    """One thing that Terraform manages."""

    address: str
    type: str
    values: Mapping[str, Any]
    sensitive: frozenset[str]
    is_planned: bool = False


class TerraformState:
    """Implements `Importer`."""

    name = "terraform state or plan"

    def recognises(self, head: bytes, name: str) -> bool:
        """By `terraform_version` and what stands beside it."""
        text = head_text(head)
        return '"terraform_version"' in text and ('"lineage"' in text or '"format_version"' in text)

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*; a state is streamed, resource by resource."""
        state = ""
        for row in iter_rows(path, ("resources", "resource_changes")):
            if isinstance(row, Unread):
                yield row
                continue
            if not state:
                state, node = _state(row, path)
                yield node
                yield from _outputs(row, state)
            for instance in _instances(row):
                if isinstance(instance, Unread):
                    yield instance
                else:
                    yield from _told(instance, state)


def _state(row: Row, path: str) -> tuple[str, Node]:
    """Key and node of the file itself: by its lineage, and for what has none by its place."""
    around = {**row.value, **row.around} if not row.list_name else row.around
    is_plan = row.list_name == "resource_changes" or "planned_values" in around
    lineage = str(around.get("lineage") or hashlib.sha256(path.encode()).hexdigest()[:16])
    kind = "plan" if is_plan else "state"
    key = f"terraform:{kind}:{lineage}"
    properties = {
        "type": f"terraform-{kind}",
        "serial": around.get("serial"),
        "terraform_version": str(around.get("terraform_version", "")),
        "sensitivity": 0.9,
    }
    return key, Node(key, NodeKind.SECRET_STORE, "terraform", f"Terraform {kind} {lineage}", "", properties)


def _instances(row: Row) -> Iterator[_Instance | Unread]:
    if row.list_name == "resource_changes":
        yield from _planned(row.value)
    elif row.list_name == "resources":
        yield from _kept(row.value)
    else:
        values = row.value.get("values") or row.value.get("planned_values")
        root = values.get("root_module") if isinstance(values, Mapping) else None
        if isinstance(root, Mapping):
            yield from _shown(root)
        elif "resources" not in row.value:
            yield Unread("the resources", "the file has none")


def _kept(value: Mapping[str, Any]) -> Iterator[_Instance | Unread]:
    """A resource of a state file."""
    kind, name = str(value.get("type") or ""), str(value.get("name") or "")
    if not kind or not name:
        yield Unread("a resource", "it has no type or no name")
        return
    mode = "data." if value.get("mode") == "data" else ""
    module = f"{value['module']}." if value.get("module") else ""
    for item in value.get("instances") or ():
        attributes = item.get("attributes") if isinstance(item, Mapping) else None
        if not isinstance(attributes, Mapping):
            yield Unread(
                f"an instance of {module}{mode}{kind}.{name}", "it has no attributes (an older provider wrote it flat)"
            )
            continue
        index = f"[{item['index_key']!r}]" if item.get("index_key") is not None else ""
        marked = frozenset(_first_names(item.get("sensitive_attributes")))
        yield _Instance(f"{module}{mode}{kind}.{name}{index}", kind, attributes, marked)


def _first_names(paths: Any) -> Iterator[str]:
    """`[[{"type": "get_attr", "value": "password"}], …]`, or names alone."""
    for path in paths if isinstance(paths, list) else ():
        first = path[0] if isinstance(path, list) and path else path
        if isinstance(first, Mapping):
            yield str(first.get("value"))
        elif isinstance(first, str):
            yield first


def _shown(module: Mapping[str, Any]) -> Iterator[_Instance | Unread]:
    """Resources of a module of `terraform show -json`, and of those below it."""
    waiting = [module]
    while waiting:
        current = waiting.pop()
        waiting.extend(item for item in current.get("child_modules") or () if isinstance(item, Mapping))
        for item in current.get("resources") or ():
            values = item.get("values") if isinstance(item, Mapping) else None
            if not isinstance(values, Mapping):
                yield Unread("a resource", "it has no values")
                continue
            marks = item.get("sensitive_values")
            marked = frozenset(str(name) for name in marks) if isinstance(marks, Mapping) else frozenset()
            yield _Instance(str(item.get("address", "")), str(item.get("type", "")), values, marked)


def _planned(value: Mapping[str, Any]) -> Iterator[_Instance | Unread]:
    change = value.get("change")
    after = change.get("after") if isinstance(change, Mapping) else None
    if not isinstance(after, Mapping):
        if isinstance(change, Mapping) and "delete" in (change.get("actions") or ()):
            return
        yield Unread(f"the change of {value.get('address', 'a resource')}", "it does not say what is planned")
        return
    marks = change.get("after_sensitive") if isinstance(change, Mapping) else None
    marked = frozenset(str(name) for name in marks) if isinstance(marks, Mapping) else frozenset()
    yield _Instance(str(value.get("address", "")), str(value.get("type", "")), after, marked, is_planned=True)


def _outputs(row: Row, state: str) -> _Found:
    outputs = (row.around if row.list_name else row.value).get("outputs")
    for name, output in outputs.items() if isinstance(outputs, Mapping) else ():
        if isinstance(output, Mapping) and output.get("sensitive") and output.get("value") not in (None, ""):
            yield from _kept_secret(state, f"output.{name}", {"type": "terraform-output"})


def _told(instance: _Instance, state: str) -> _Found:
    node = node_of(instance.type, instance.values, instance.address)
    if node is not None:
        yield node
    made = credential_of(instance.type, instance.values)
    secrets = list(_secrets_in(instance))
    if made is not None:
        credential, owner = made
        evidence = f"{instance.address} ({', '.join(secrets) or 'its value is elsewhere'})"
        yield credential
        if owner:
            yield Edge(credential.key, owner, EdgeKind.AUTHENTICATES_AS, evidence=instance.address)
        if secrets:
            yield Edge(state, credential.key, EdgeKind.STORES, evidence=evidence)
        return
    for name in secrets:
        fields = {"type": instance.type, "attribute": name, "planned": instance.is_planned}
        yield from _kept_secret(state, f"{instance.address}.{name}", fields)


def _kept_secret(state: str, address: str, fields: Mapping[str, Any]) -> _Found:
    """A secret of which nothing is known but that it is there."""
    key = f"terraform:secret:{state.rpartition(':')[2]}/{address}"
    yield Node(key, NodeKind.CREDENTIAL, "terraform", address, "", fields)
    yield Edge(state, key, EdgeKind.STORES, evidence=address)


def _secrets_in(instance: _Instance) -> Iterator[str]:
    """Names of attributes that have a secret's value."""
    for name, value in instance.values.items():
        if not isinstance(value, (str, list, dict)) or not value or (isinstance(value, list) and not any(value)):
            continue
        if name in instance.sensitive or (isinstance(value, str) and _is_secret_name(str(name), instance.type)):
            yield str(name)


def _is_secret_name(name: str, kind: str) -> bool:
    if name == "result":
        return kind in _RESULTS
    return _SECRET_NAME.search(name) is not None and _NO_SECRET.search(name) is None
