# SPDX-License-Identifier: Apache-2.0
"""Owns as what node a Terraform resource is known elsewhere, and which resources are credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secrethunt.identity.contract import Node, NodeKind

_AWS_KINDS = {
    "aws_iam_user": NodeKind.IDENTITY,
    "aws_iam_role": NodeKind.ROLE,
    "aws_iam_group": NodeKind.GROUP,
    "aws_iam_policy": NodeKind.POLICY,
    "aws_secretsmanager_secret": NodeKind.SECRET_STORE,
    "aws_ssm_parameter": NodeKind.SECRET_STORE,
    "aws_lambda_function": NodeKind.WORKLOAD,
    "aws_instance": NodeKind.WORKLOAD,
}
_AZURE_KINDS = {
    "azurerm_key_vault": NodeKind.SECRET_STORE,
    "azurerm_linux_virtual_machine": NodeKind.WORKLOAD,
    "azurerm_windows_virtual_machine": NodeKind.WORKLOAD,
    "azurerm_linux_function_app": NodeKind.WORKLOAD,
    "azurerm_kubernetes_cluster": NodeKind.WORKLOAD,
}


def _text(values: Mapping[str, Any], *names: str) -> str:
    return next((str(values[name]) for name in names if isinstance(values.get(name), str) and values[name]), "")


def node_of(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    """The resource as its provider's own export would name it; None for what is no thing of a provider."""
    cloud = kind.partition("_")[0]
    read = _READ.get(cloud)
    return read(kind, values, address) if read is not None else None


def _of_aws(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    arn = _text(values, "arn")
    if not arn.startswith("arn:"):
        return None
    account = arn.split(":")[4] if arn.count(":") > 4 else ""
    owner = f"aws:account:{account}" if account.isdigit() else ""
    node_kind = _AWS_KINDS.get(kind, NodeKind.RESOURCE)
    return Node(f"aws:{arn}", node_kind, "aws", _name(values, address), owner, _fields(kind, address))


def _of_google(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    email = _text(values, "email")
    if kind != "google_service_account" or not email:
        return None
    project = f"gcp:project:{_text(values, 'project')}" if _text(values, "project") else ""
    fields = {**_fields(kind, address), "email": email}
    return Node(f"gcp:service-account:{email}", NodeKind.IDENTITY, "gcp", email, project, fields)


def _of_entra(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    fields, name = _fields(kind, address), _name(values, address)
    app, number = _text(values, "client_id", "application_id").lower(), _text(values, "object_id").lower()
    if kind == "azuread_application" and app:
        return Node(f"azure:app:{app}", NodeKind.IDENTITY, "azure", name, "", {**fields, "client_id": app})
    if kind == "azuread_service_principal" and number:
        return Node(f"azure:service-principal:{number}", NodeKind.IDENTITY, "azure", name, "", fields)
    return None


def _of_azure(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    resource = _text(values, "id").lower()
    if not resource.startswith("/subscriptions/"):
        return None
    owner = f"azure:subscription:{resource.split('/')[2]}"
    node_kind = _AZURE_KINDS.get(kind, NodeKind.RESOURCE)
    return Node(f"azure:{resource}", node_kind, "azure", _name(values, address), owner, _fields(kind, address))


def _of_github(kind: str, values: Mapping[str, Any], address: str) -> Node | None:
    full_name = _text(values, "full_name")
    if kind != "github_repository" or not full_name:
        return None
    key = f"github:repo:{full_name.lower()}"
    return Node(key, NodeKind.REPOSITORY, "github", full_name, "", _fields(kind, address))


def _name(values: Mapping[str, Any], address: str) -> str:
    return _text(values, "name", "display_name", "function_name", "bucket", "account_id") or address


def _fields(kind: str, address: str) -> dict[str, Any]:
    return {"terraform_type": kind, "terraform_address": address}


_READ = {"aws": _of_aws, "google": _of_google, "azuread": _of_entra, "azurerm": _of_azure, "github": _of_github}


def credential_of(kind: str, values: Mapping[str, Any]) -> tuple[Node, str] | None:
    """The credential that the resource is, and the key of whom it authenticates as (empty where it does not say)."""
    read = _CREDENTIALS.get(kind)
    return read(values) if read is not None else None


def _access_key(values: Mapping[str, Any]) -> tuple[Node, str] | None:
    number = _text(values, "id")
    if not number:
        return None
    fields = {
        "type": "access-key",
        "key_id": number,
        "user": _text(values, "user"),
        "created": _text(values, "create_date"),
    }
    return Node(f"aws:access-key:{number}", NodeKind.CREDENTIAL, "aws", number, "", fields), ""


def _service_account_key(values: Mapping[str, Any]) -> tuple[Node, str] | None:
    name = _text(values, "name", "id")
    head, _, number = name.rpartition("/keys/")
    email = head.rpartition("/serviceAccounts/")[2]
    if not number:
        return None
    fields = {
        "type": "service-account-key",
        "private_key_id": number,
        "created": _text(values, "valid_after"),
        "expires": _text(values, "valid_before"),
    }
    node = Node(f"gcp:service-account-key:{number}", NodeKind.CREDENTIAL, "gcp", number, "", fields)
    return node, f"gcp:service-account:{email}" if "@" in email else ""


def _azure_password(values: Mapping[str, Any]) -> tuple[Node, str] | None:
    number = _text(values, "key_id")
    if not number:
        return None
    app = _text(values, "application_id", "application_object_id").rpartition("/")[2].lower()
    principal = _text(values, "service_principal_id").rpartition("/")[2].lower()
    owner = f"azure:application:{app}" if app else f"azure:service-principal:{principal}" if principal else ""
    fields = {"type": "client-secret", "key_id": number, "expires": _text(values, "end_date")}
    name = _text(values, "display_name") or number
    return Node(f"azure:credential:{number.lower()}", NodeKind.CREDENTIAL, "azure", name, "", fields), owner


def _private_key(values: Mapping[str, Any]) -> tuple[Node, str] | None:
    fingerprint = _text(values, "public_key_fingerprint_sha256")
    if not fingerprint:
        return None
    fields = {"type": "private-key", "fingerprint": fingerprint, "algorithm": _text(values, "algorithm")}
    return Node(f"ssh:key:{fingerprint}", NodeKind.CREDENTIAL, "ssh", fingerprint, "", fields), ""


_CREDENTIALS = {
    "aws_iam_access_key": _access_key,
    "google_service_account_key": _service_account_key,
    "azuread_application_password": _azure_password,
    "azuread_service_principal_password": _azure_password,
    "tls_private_key": _private_key,
}
