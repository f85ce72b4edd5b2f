# SPDX-License-Identifier: Apache-2.0
"""
Importer of IAM Identity Center: who holds which permission set in which account.

Format: IAM Identity Center API reference, ListAccountAssignments and DescribePermissionSet. A permission set is a role
`AWSReservedSSO_<name>_<16 digits>` in each account, whose policies `get-account-authorization-details` has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.aws.listing import Answer, Item, Listing, account_key, account_node, text_of
from secrethunt.identity.aws.principals import PREFIX
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind

_HOLDERS = {"USER": (NodeKind.IDENTITY, "identity-center-user"), "GROUP": (NodeKind.GROUP, "identity-center-group")}


def permission_set_key(arn: str, account: str) -> str:
    """The key of a permission set as it is in one account."""
    return f"{PREFIX}{arn}@{account}"


def _described(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    found = item["PermissionSet"]
    arn = str(found["PermissionSetArn"])
    properties = {"type": "permission-set", "created": text_of(found, "CreatedDate"), "permission_set": arn}
    yield Node(PREFIX + arn, NodeKind.ROLE, "aws", text_of(found, "Name") or arn, "", properties)


def _assignment(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    kind, type_name = _HOLDERS[str(item["PrincipalType"])]
    account, arn, holder = str(item["AccountId"]), str(item["PermissionSetArn"]), str(item["PrincipalId"])
    key = f"{PREFIX}{type_name}:{holder}"
    properties = {"type": type_name, "is_human": True} if kind is NodeKind.IDENTITY else {"type": type_name}
    yield Node(key, kind, "aws", holder, "", properties)
    target = permission_set_key(arn, account)
    about = {"type": "permission-set", "permission_set": arn}
    yield Node(target, NodeKind.ROLE, "aws", f"permission set {arn.rpartition('/')[2]}", account_key(account), about)
    yield account_node(account)
    yield Edge(key, target, EdgeKind.CAN_ASSUME, evidence="sso-admin list-account-assignments")


class PermissionSets(Listing):
    """Implements `Importer`."""

    name = "aws permission sets"
    answers = (
        Answer("AccountAssignments", "AccountAssignments.item", ("PermissionSetArn",), _assignment),
        Answer("PermissionSet", "", ("PermissionSetArn",), _described),
    )
