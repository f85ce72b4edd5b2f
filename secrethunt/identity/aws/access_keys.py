# SPDX-License-Identifier: Apache-2.0
"""
Importer of access keys: `aws iam list-access-keys`, `aws iam get-access-key-last-used`.

Format: IAM API reference, ListAccessKeys and GetAccessKeyLastUsed. Neither names the account, which the key's id does
(`facts/cloud.py`); neither names the user's path, so a key belongs to the ARN without one, which
`get-account-authorization-details` leads on to the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.facts.cloud import aws_key_id
from secrethunt.identity.aws.listing import Answer, Item, Listing, account_in, account_key, text_of
from secrethunt.identity.aws.principals import PREFIX
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread

_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{12,124}(?![A-Z0-9])")


def access_key(key_id: str, **properties: Any) -> Node:
    """The node of an access key."""
    account = account_of_key(key_id)
    owner = account_key(account) if account else ""
    return Node(
        f"{PREFIX}access-key:{key_id}",
        NodeKind.CREDENTIAL,
        "aws",
        key_id,
        owner,
        {"type": "aws-access-key"} | properties,
    )


def account_of_key(key_id: str) -> str:
    """The account that made the key, empty where its id does not say."""
    return dict(aws_key_id(key_id.encode("ascii", "replace"), b"")).get("account", "")


def user_key(account: str, name: str) -> str:
    """The key of a user whose path is not known."""
    return f"{PREFIX}arn:aws:iam::{account}:user/{name}"


def _metadata(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    key_id = str(item["AccessKeyId"])
    node = access_key(key_id, created=text_of(item, "CreateDate"), status=text_of(item, "Status").lower())
    yield node
    account = account_of_key(key_id) or account_in(name)
    user = text_of(item, "UserName")
    if not account:
        yield Unread(f"user of {key_id}", "neither the key's id nor the file's name says which account it is of")
        return
    # The root user's keys are listed without a name.
    owner = user_key(account, user) if user else f"{PREFIX}arn:aws:iam::{account}:root"
    properties = {"type": "iam-user" if user else "aws-root"}
    yield Node(owner, NodeKind.IDENTITY, "aws", user or "root", account_key(account), properties)
    yield Edge(node.key, owner, EdgeKind.AUTHENTICATES_AS, evidence="iam list-access-keys")


def _last_used(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    used = item["AccessKeyLastUsed"]
    found = _KEY_ID.search(text_of(item, "AccessKeyId")) or _KEY_ID.search(name)
    date = text_of(used, "LastUsedDate")
    if found is None:
        yield Unread(
            f"last use of a key of {text_of(item, 'UserName')}",
            "the answer does not name the key; put its id into the file's name",
        )
        return
    if date in ("", "N/A"):
        return
    yield access_key(
        found.group(),
        last_used=date,
        last_used_service=text_of(used, "ServiceName"),
        last_used_region=text_of(used, "Region"),
    )


class AccessKeys(Listing):
    """Implements `Importer`."""

    name = "aws access keys"
    answers = (
        Answer("AccessKeyMetadata", "AccessKeyMetadata.item", ("AccessKeyId",), _metadata),
        Answer("AccessKeyLastUsed", "", ("ServiceName",), _last_used),
    )
