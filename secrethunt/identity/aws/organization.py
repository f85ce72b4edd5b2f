# SPDX-License-Identifier: Apache-2.0
"""
Importer of an organization: accounts, units, service and resource control policies and what they are attached to.

Format: Organizations API reference. The answers of `list-targets-for-policy`, `list-policies-for-target`,
`list-parents` and `list-accounts-for-parent` leave out what was asked about: it stands in the file's name
(`targets-p-1a2b3c4d.json`). Policies hang on roots, units and accounts, each a level of its own; what an account
inherits is found over IN_ACCOUNT when somebody asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from secrethunt.identity.aws.documents import DocumentError, parse_policy
from secrethunt.identity.aws.listing import Answer, Item, Listing, account_key, account_node, text_of
from secrethunt.identity.aws.principals import PREFIX
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread

_POLICY_ID = re.compile(r"(?<![A-Za-z0-9])p-[0-9a-zA-Z_]{8,128}")
_TARGET_ID = re.compile(r"(?<![A-Za-z0-9])(?:ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}|\d{12})(?![A-Za-z0-9])")
_TYPES = {
    "SERVICE_CONTROL_POLICY": "service-control-policy",
    "RESOURCE_CONTROL_POLICY": "resource-control-policy",
}


def target_key(target: str) -> str:
    """The key of a root (`r-…`), unit (`ou-…`) or account."""
    return account_key(target) if target.isdigit() else f"{PREFIX}organization:{target}"


def control_key(policy: str) -> str:
    """The key of a policy of the organization (`p-…`)."""
    return f"{PREFIX}control-policy:{policy}"


def _target(target: str, name: str = "") -> Node:
    if target.isdigit():
        return account_node(target) if not name else account_node(target, title=name)
    kind = "aws-organization-root" if target.startswith("r-") else "aws-organizational-unit"
    return Node(target_key(target), NodeKind.ACCOUNT, "aws", name or target, "", {"type": kind})


def _account(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    number = str(item["Id"])
    properties = {
        "title": text_of(item, "Name"),
        "status": text_of(item, "State") or text_of(item, "Status"),
        "created": text_of(item, "JoinedTimestamp"),
        "organization": _part(text_of(item, "Arn"), "o-"),
    }
    yield account_node(number, **properties)
    for path in item.get("Paths") or []:
        # o-…/r-…/ou-…/123456789012/
        yield from _chain([part for part in str(path).split("/") if part and not part.startswith("o-")], number)
    parent = _TARGET_ID.search(name)
    if parent and parent.group() != number and not parent.group().isdigit():
        yield from _chain([parent.group()], number)


def _chain(path: list[str], number: str) -> Iterator[Item]:
    whole = path if path[-1:] == [number] else [*path, number]
    yield from (_target(part) for part in whole[:-1])
    for parent, child in pairwise(whole):
        yield Edge(target_key(child), target_key(parent), EdgeKind.IN_ACCOUNT, evidence="organization")


def _part(arn: str, prefix: str) -> str:
    return next((part for part in arn.split("/") if part.startswith(prefix)), "")


def _organization(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    organization = item["Organization"]
    yield account_node(
        str(organization["MasterAccountId"]), is_management=True, organization=text_of(organization, "Id")
    )


def _unit(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    unit = str(item["Id"])
    yield _target(unit, text_of(item, "Name"))
    parent = _TARGET_ID.search(name)
    if parent and parent.group() != unit:
        yield _target(parent.group())
        yield Edge(
            target_key(unit),
            target_key(parent.group()),
            EdgeKind.IN_ACCOUNT,
            evidence="list-organizational-units-for-parent",
        )


def _parent(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    child = _TARGET_ID.search(name)
    parent = str(item["Id"])
    if child is None or child.group() == parent:
        yield Unread(f"a child of {parent}", "the answer does not name it; put its id into the file's name")
        return
    yield _target(child.group())
    yield _target(parent)
    yield Edge(
        target_key(child.group()), target_key(parent), EdgeKind.IN_ACCOUNT, evidence="organizations list-parents"
    )


def _summary(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    """A policy's summary; of `list-policies-for-target`, also what it hangs on."""
    policy = str(item["Id"])
    kind = _TYPES.get(str(item.get("Type")))
    if kind is None:
        yield Unread(f"policy {policy}", f"policies of type {item.get('Type')} grant and limit nothing")
        return
    yield Node(control_key(policy), NodeKind.POLICY, "aws", text_of(item, "Name") or policy, "", {"type": kind})
    target = _TARGET_ID.search(name)
    if target:
        yield from _attached(policy, target.group(), "organizations list-policies-for-target")


def _described(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    policy = item["Policy"]
    summary = policy["PolicySummary"]
    identifier = str(summary["Id"])
    kind = _TYPES.get(str(summary.get("Type")))
    if kind is None:
        yield Unread(f"policy {identifier}", f"policies of type {summary.get('Type')} grant and limit nothing")
        return
    name = text_of(summary, "Name") or identifier
    try:
        read = parse_policy(name, policy.get("Content"))
    except DocumentError as err:
        yield Unread(f"document of {name}", str(err))
        return
    for text in read.unread:
        statement, _colon, why = text.partition(": ")
        yield Unread(statement, why)
    yield Node(control_key(identifier), NodeKind.POLICY, "aws", name, "", {"type": kind, "document": policy["Content"]})


def _policy_target(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    target = str(item["TargetId"])
    found = _POLICY_ID.search(name)
    if found is None:
        yield Unread(f"a policy of {target}", "the answer does not name the policy; put its id into the file's name")
        return
    yield from _attached(found.group(), target, "organizations list-targets-for-policy", text_of(item, "Name"))


def _attached(policy: str, target: str, evidence: str, title: str = "") -> Iterator[Item]:
    yield _target(target, title)
    yield Edge(target_key(target), control_key(policy), EdgeKind.BOUNDED_BY, evidence=evidence, detail=target)


class Organization(Listing):
    """Implements `Importer`."""

    name = "aws organization"
    answers = (
        Answer("Accounts", "Accounts.item", ("arn:aws", ":organizations::"), _account),
        Answer("Organization", "", ("MasterAccountId",), _organization),
        Answer("Roots", "Roots.item", (":root/o-",), _unit),
        Answer("OrganizationalUnits", "OrganizationalUnits.item", (":ou/o-",), _unit),
        Answer("Parents", "Parents.item", ("Id", "Type"), _parent),
        Answer("Policies", "Policies.item", ("AwsManaged", "_POLICY"), _summary),
        Answer("PolicySummary", "", ("Content",), _described),
        Answer("Targets", "Targets.item", ("TargetId",), _policy_target),
    )
