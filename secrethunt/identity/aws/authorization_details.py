# SPDX-License-Identifier: Apache-2.0
"""
Importer of `aws iam get-account-authorization-details`: users, groups, roles and policies of one account.

Format: IAM API reference, GetAccountAuthorizationDetails; the CLI writes it as one JSON object with the four lists. It
is streamed, so its size does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.aws.documents import DocumentError, parse_policy
from secrethunt.identity.aws.principals import PREFIX, account_of
from secrethunt.identity.aws.trusting import trusted_keys
from secrethunt.identity.aws.workloads import instance_profile
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread

_LISTS = ("Policies", "GroupDetailList", "UserDetailList", "RoleDetailList")


class AuthorizationDetails:
    """Implements `Importer`."""

    name = "aws account authorization details"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the names of its lists; which of them comes first is not fixed."""
        return head.lstrip().startswith(b"{") and any(f'"{key}"'.encode() in head for key in _LISTS[1:])

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        import ijson

        for key in _LISTS:
            with open(path, "rb") as file:
                try:
                    for item in ijson.items(file, f"{key}.item", use_float=True):
                        yield from _entry(key, item)
                except ijson.JSONError as err:
                    yield Unread(key, f"the file breaks off or is not JSON: {str(err).splitlines()[0]}")


def _entry(key: str, item: Any) -> Iterator[Node | Edge | Unread]:
    if not isinstance(item, Mapping) or not isinstance(item.get("Arn"), str) or item["Arn"].count(":") < 5:
        yield Unread(f"an entry of {key}", "it has no Arn")
        return
    if key == "Policies":
        yield from _policy(item)
    else:
        yield from _holder(key, item)


def _policy(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    arn = item["Arn"]
    versions = item.get("PolicyVersionList") or []
    default = next((version for version in versions if version.get("IsDefaultVersion")), None)
    document = default.get("Document") if default else None
    yield from _checked(arn, document)
    properties = {
        "type": "iam-policy",
        "created": str(item.get("CreateDate", "")),
        "attachments": item.get("AttachmentCount", 0),
        "versions": len(versions) or 1,
        "document": document,
    }
    account = "" if ":iam::aws:" in arn else _account(arn)
    yield Node(PREFIX + arn, NodeKind.POLICY, "aws", str(item.get("PolicyName", arn)), account, properties)


_KINDS = {
    "UserDetailList": (NodeKind.IDENTITY, "iam-user", "UserName", "UserPolicyList"),
    "GroupDetailList": (NodeKind.GROUP, "iam-group", "GroupName", "GroupPolicyList"),
    "RoleDetailList": (NodeKind.ROLE, "iam-role", "RoleName", "RolePolicyList"),
}


def _holder(key: str, item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    """A user, group or role with its policies."""
    kind, type_name, name_key, inline_key = _KINDS[key]
    arn = item["Arn"]
    node_key = PREFIX + arn
    properties: dict[str, Any] = {
        "type": type_name,
        "created": str(item.get("CreateDate", "")),
        "unique_id": str(item.get("UserId") or item.get("RoleId") or item.get("GroupId") or ""),
        "tags": {str(tag.get("Key")): str(tag.get("Value")) for tag in item.get("Tags") or []},
        "permissions_known": True,
    }
    if key == "RoleDetailList":
        properties["trust"] = item.get("AssumeRolePolicyDocument")
        properties["last_used"] = str((item.get("RoleLastUsed") or {}).get("LastUsedDate", ""))
        profiles = item.get("InstanceProfileList")
        if profiles is not None:
            properties["instance_profiles"] = [str(profile.get("Arn")) for profile in profiles]
        for profile in profiles or []:
            yield from instance_profile({"Roles": [{"Arn": arn}], **profile})
        yield from _trusts(node_key, item.get("AssumeRolePolicyDocument"))
    yield Node(node_key, kind, "aws", str(item.get(name_key, arn)), _account(arn), properties)
    yield Node(_account(arn), NodeKind.ACCOUNT, "aws", account_of(arn), _account(arn), {"type": "aws-account"})
    yield Edge(node_key, _account(arn), EdgeKind.IN_ACCOUNT)
    yield from _without_path(node_key, kind, arn, type_name)
    yield from _grants(node_key, item, inline_key)
    for group in item.get("GroupList") or []:
        base, _, _ = arn.partition(":user/")
        yield Edge(node_key, f"{PREFIX}{base}:group/{group}", EdgeKind.MEMBER_OF, evidence=f"GroupList of {arn}")
    boundary = item.get("PermissionsBoundary") or {}
    if boundary.get("PermissionsBoundaryArn"):
        target = PREFIX + boundary["PermissionsBoundaryArn"]
        yield Edge(node_key, target, EdgeKind.BOUNDED_BY, evidence=f"PermissionsBoundary of {arn}")


def _without_path(node_key: str, kind: NodeKind, arn: str, type_name: str) -> Iterator[Node | Edge]:
    """Keys, sessions and GroupList give the name without the path; a name is unique in an account whatever the path."""
    base, _, path = arn.partition("/")
    name = path.rpartition("/")[2]
    if name != path:
        short = f"{PREFIX}{base}/{name}"
        yield Node(
            short, kind, "aws", name, _account(arn), {"type": type_name, "same_as": node_key, "permissions_known": True}
        )
        yield Edge(short, node_key, EdgeKind.DUPLICATE_OF, evidence=f"the name in {arn}")


def _grants(node_key: str, item: Mapping[str, Any], inline_key: str) -> Iterator[Node | Edge | Unread]:
    arn = item["Arn"]
    for attached in item.get("AttachedManagedPolicies") or []:
        if attached.get("PolicyArn"):
            yield Edge(node_key, PREFIX + attached["PolicyArn"], EdgeKind.HAS_GRANT, evidence=f"attached to {arn}")
    for inline in item.get(inline_key) or []:
        name = str(inline.get("PolicyName", ""))
        key = f"{PREFIX}policy:{arn}#{name}"
        yield from _checked(key, inline.get("PolicyDocument"))
        properties = {"type": "inline-policy", "document": inline.get("PolicyDocument")}
        yield Node(key, NodeKind.POLICY, "aws", name, _account(arn), properties)
        yield Edge(node_key, key, EdgeKind.HAS_GRANT, evidence=f"inline policy of {arn}")


def _trusts(node_key: str, document: Any) -> Iterator[Edge | Unread]:
    """One edge for each principal that the trust policy names, so that a role is found by whom it trusts."""
    try:
        policy = parse_policy(node_key, document)
    except DocumentError as err:
        yield Unread(f"trust policy of {node_key}", str(err))
        return
    for target, source in trusted_keys(policy).items():
        yield Edge(node_key, target, EdgeKind.TRUSTS, evidence=source)


def _checked(what: str, document: Any) -> Iterator[Unread]:
    try:
        policy = parse_policy(what, document)
    except DocumentError as err:
        yield Unread(f"document of {what}", str(err))
        return
    for text in policy.unread:
        statement, _, why = text.partition(": ")
        yield Unread(statement, why)


def _account(arn: str) -> str:
    return f"{PREFIX}account:{account_of(arn)}"
