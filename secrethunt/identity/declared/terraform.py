# SPDX-License-Identifier: Apache-2.0
"""
Terraform and OpenTofu configuration: identities, keys, roles and bindings, workloads, stores of secrets, the state.

Which account a configuration goes to is rarely written in it, so that what it declares is keyed by folder and address;
what is written out as an ARN, an e-mail or an application id has the key that inventories use.

Format: Terraform language, "Resources", "Backends", and the registry's pages on each resource.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.cloudformation import principal_keys
from secrethunt.identity.declared.hcl import HclBlock, Reference, as_document, parse_hcl
from secrethunt.identity.declared.place import Place, environment_of, is_known, owner_of
from secrethunt.identity.declared.yamltree import Malformed


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One line of `terraform_types.json`."""

    kind: NodeKind
    provider: str
    type: str
    name: str


def _load() -> tuple[dict[str, ResourceType], dict[str, EdgeKind], dict[str, tuple[str, str]]]:
    table = json.loads(resources.files(__package__).joinpath("terraform_types.json").read_text("utf-8"))
    types = {name: ResourceType(NodeKind(row[0]), row[1], row[2], row[3]) for name, row in table["types"].items()}
    roles = {name: EdgeKind(kind) for name, kind in table["attributes"].items()}
    return types, roles, {name: (row[0], row[1]) for name, row in table["attachments"].items()}


_TYPES, _ATTRIBUTES, _ATTACHMENTS = _load()
_DOCUMENTS = ("policy", "inline_policy", "assume_role_policy", "policy_data")


def configuration(place: Place, data: bytes) -> Iterator[Node | Edge]:
    """
    Everything that one file declares.

    Raises:
        Malformed: At the end, where a part of it does not parse.
    """
    blocks, broken_line = parse_hcl(data)
    documents = {
        f"data.aws_iam_policy_document.{block.labels[1]}": _policy_document(block)
        for block in blocks
        if block.type == "data" and len(block.labels) == 2 and block.labels[0] == "aws_iam_policy_document"
    }
    for block in blocks:
        if block.type == "resource" and len(block.labels) == 2:
            yield from _resource(place, block, documents)
        elif block.type == "terraform":
            yield from _state(place, block)
        elif block.type == "provider":
            yield from _provider(place, block)
    if broken_line:
        raise Malformed(f"a part is no HCL, from line {broken_line} on")


def address_key(place: Place, address: str) -> str:
    """Key of a declared resource: the same in all files of a folder, which are one module."""
    return f"terraform:resource:{place.scope}/{place.folder}#{address}"


def _root(place: Place) -> str:
    return f"terraform:module:{place.scope}/{place.folder}"


def _resource(place: Place, block: HclBlock, documents: Mapping[str, Any]) -> Iterator[Node | Edge]:
    type_name, label = block.labels
    if type_name in _ATTACHMENTS:
        yield from _attachment(place, block)
        return
    known = _TYPES.get(type_name)
    if known is None:
        return
    key = address_key(place, f"{type_name}.{label}")
    tags = {
        name: value
        for attribute in ("tags", "labels")
        if isinstance(found := block.attributes.get(attribute), dict)
        for name, value in found.items()
    }
    given = block.text(known.name)
    found = {name: _document(block.attributes.get(name), documents) for name in _DOCUMENTS}
    yield place.node(
        key,
        known.kind,
        known.provider,
        given if is_known(given) else label,
        line=block.line,
        type=known.type,
        address=f"{type_name}.{label}",
        tags={name: value for name, value in tags.items() if isinstance(value, str)},
        owner=owner_of(tags),
        environment=environment_of(tags),
        trust=found["assume_role_policy"],
        document=found["policy"] or found["inline_policy"] or found["policy_data"],
    )
    yield from _edges(place, key, block)
    yield from _trusted(place, key, block, found["assume_role_policy"])


def _document(value: Any, documents: Mapping[str, Any]) -> Any:
    if isinstance(value, Reference):
        return documents.get(value.address)
    return as_document(value)


def _edges(place: Place, key: str, block: HclBlock) -> Iterator[Edge]:
    if _TYPES[block.labels[0]].kind is NodeKind.POLICY:
        for name in ("role", "user", "group"):
            for holder in _targets(place, block.attributes.get(name)):
                yield place.edge(holder, key, EdgeKind.HAS_GRANT, line=block.line_of(name))
        return
    for name, kind in _ATTRIBUTES.items():
        for target in _targets(place, block.attributes.get(name)):
            yield place.edge(key, target, kind, line=block.line_of(name))
    for inner in block.blocks:
        for name in ("role_arn", "service_account", "email", "service_account_name", "iam_instance_profile"):
            for target in _targets(place, inner.attributes.get(name)):
                yield place.edge(key, target, EdgeKind.RUNS_AS, line=inner.line_of(name))


def _targets(place: Place, value: Any) -> list[str]:
    """Keys of what an attribute names."""
    if isinstance(value, list):
        return [target for item in value[:200] for target in _targets(place, item)]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}") and "${" not in value[2:]:
        value = Reference(value[2:-1].strip())
    if isinstance(value, Reference):
        return [address_key(place, value.address)] if value.address else []
    return _written_key(value) if isinstance(value, str) and is_known(value) else []


def _written_key(value: str) -> list[str]:
    if value.startswith("arn:"):
        return [f"aws:{value}"]
    if value.endswith(".gserviceaccount.com"):
        return [f"gcp:service-account:{value.removeprefix('serviceAccount:')}"]
    return []


def _trusted(place: Place, key: str, block: HclBlock, document: Any) -> Iterator[Edge]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if not isinstance(statement, dict) or principal is None or statement.get("Effect") == "Deny":
            continue
        pairs = principal.items() if isinstance(principal, dict) else [("AWS", principal)]
        for kind, values in pairs:
            for value in values if isinstance(values, list) else [values]:
                for target in principal_keys(str(kind), value) or _targets(place, value):
                    yield place.edge(key, target, EdgeKind.TRUSTS, line=block.line_of("assume_role_policy"))


def _attachment(place: Place, block: HclBlock) -> Iterator[Node | Edge]:
    """Resources that only bind one thing to another."""
    holder_name, grant_name = _ATTACHMENTS[block.labels[0]]
    holders = _holders(place, block, holder_name)
    grants = _targets(place, block.attributes.get(grant_name))
    role = block.text(grant_name)
    if not grants and is_known(role):
        grants = [
            f"gcp:role:{role}"
            if role.startswith(("roles/", "projects/", "organizations/"))
            else f"azure:role-name:{role}"
        ]
    for holder in holders:
        for grant in grants:
            where = block.text("project") or block.text("scope")
            detail = f"on {where}" if is_known(where) else ""
            edge = place.edge(holder, grant, EdgeKind.HAS_GRANT, line=block.line)
            yield Edge(edge.source, edge.target, edge.kind, edge.status, edge.known, edge.evidence, detail)


def _holders(place: Place, block: HclBlock, name: str) -> list[str]:
    found = []
    values = [value for attribute in (name, f"{name}s") if (value := block.attributes.get(attribute)) is not None]
    for value in (item for entry in values for item in (entry if isinstance(entry, list) else [entry])):
        text = value if isinstance(value, str) else ""
        for begin, prefix in (
            ("serviceAccount:", "gcp:service-account:"),
            ("user:", "gcp:user:"),
            ("group:", "gcp:group:"),
        ):
            if text.startswith(begin) and is_known(text):
                found.append(prefix + text.removeprefix(begin))
        inside = text.partition("${")[2].partition("}")[0]
        found.extend(
            _targets(place, Reference(inside) if inside else value if not text or text.startswith("arn:") else None)
        )
    return found


def _state(place: Place, block: HclBlock) -> Iterator[Node | Edge]:
    """Where the state is kept: whoever reads it reads the secrets in it (Terraform, "Sensitive data in state")."""
    for backend in block.inner("backend"):
        kind = backend.labels[0] if backend.labels else ""
        bucket = backend.text("bucket") or backend.text("container_name") or backend.text("address")
        if not is_known(bucket):
            continue
        path = backend.text("key") or backend.text("prefix")
        key = {"s3": f"aws:arn:aws:s3:::{bucket}", "gcs": f"gcp:storage.googleapis.com/{bucket}"}.get(
            kind, f"terraform:state:{kind}/{bucket}/{path}"
        )
        root = _root(place)
        yield place.node(
            root, NodeKind.PIPELINE, "terraform", place.folder or place.scope, line=block.line, type="module"
        )
        yield place.node(
            key, NodeKind.SECRET_STORE, "terraform", bucket, line=backend.line, type="terraform-state", path=path
        )
        yield place.edge(root, key, EdgeKind.CAN_ACCESS, line=backend.line, access=Access.SECRET_READ)
        for target in _targets(place, backend.attributes.get("role_arn")):
            yield place.edge(
                root, target, EdgeKind.CAN_ASSUME, line=backend.line_of("role_arn"), detail="its trust policy"
            )


def _provider(place: Place, block: HclBlock) -> Iterator[Node | Edge]:
    """The role, service account or application as which a provider works."""
    root = _root(place)
    found = [
        (target, inner.line)
        for inner in block.inner("assume_role")
        for target in _targets(place, inner.attributes.get("role_arn"))
    ]
    account = block.text("impersonate_service_account")
    if is_known(account):
        found.append((f"gcp:service-account:{account}", block.line_of("impersonate_service_account")))
    client = block.text("client_id")
    if is_known(client) and block.labels[:1] in (("azurerm",), ("azuread",)):
        found.append((f"azure:app:{client.lower()}", block.line_of("client_id")))
    if found:
        yield place.node(
            root, NodeKind.PIPELINE, "terraform", place.folder or place.scope, line=block.line, type="module"
        )
    for target, line in found:
        yield place.edge(root, target, EdgeKind.CAN_ASSUME, line=line, detail="whoever runs it must be trusted by it")


def _policy_document(block: HclBlock) -> dict[str, Any]:
    """The JSON that a data source of type `aws_iam_policy_document` stands for."""
    return {"Version": "2012-10-17", "Statement": [_statement(item) for item in block.inner("statement")]}


def _statement(block: HclBlock) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": block.text("effect") or "Allow"}
    for name, member in (
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if name in block.attributes:
            statement[member] = _written(block.attributes[name])
    for inner in block.inner("principals"):
        statement.setdefault("Principal", {})[inner.text("type") or "AWS"] = _written(
            inner.attributes.get("identifiers")
        )
    for inner in block.inner("condition"):
        test = statement.setdefault("Condition", {}).setdefault(inner.text("test"), {})
        test[inner.text("variable")] = _written(inner.attributes.get("values"))
    return statement


def _written(value: Any) -> Any:
    return (as_document({"value": value}) or {}).get("value")
