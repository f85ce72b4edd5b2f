# SPDX-License-Identifier: Apache-2.0
"""
Importer of resource-based policies: S3 buckets, KMS keys, secrets, functions, queues, topics.

Formats: the API references of GetBucketPolicy (S3), GetKeyPolicy (KMS), GetResourcePolicy (Secrets Manager), GetPolicy
(Lambda), GetQueueAttributes (SQS) and GetTopicAttributes (SNS). The policy's statements name a bucket or function; a
key's do not, so the file is named after the key's ARN with `/` and `:` written as `_` or left out where possible:
`eu-west-1_123456789012_1234abcd-….json`. A bucket's name says no account: it is taken from the file's name or, failing
that, not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.aws.documents import DocumentError, Policy, parse_policy
from secrethunt.identity.aws.listing import Answer, Item, Listing, account_in, account_key, is_arn, text_of
from secrethunt.identity.aws.principals import PREFIX, account_of
from secrethunt.identity.aws.sensitivity import sensitivity_of
from secrethunt.identity.aws.trusting import trusted_keys
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread

_KEY_ID = re.compile(r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_REGION = re.compile(r"(?<![a-z0-9])[a-z]{2}(?:-[a-z]+)+-\d(?!\d)")
_STORES = frozenset({"secretsmanager", "ssm"})


def resource(arn: str, *, account: str = "", **properties: Any) -> Node:
    """The node of a resource; what holds secrets is a store of them."""
    service = arn.split(":", 3)[2]
    kind = NodeKind.SECRET_STORE if service in _STORES else NodeKind.RESOURCE
    owner = account or account_of(arn)
    name = arn.split(":", 5)[5]
    about = {"type": service, "sensitivity": sensitivity_of(service)}
    return Node(PREFIX + arn, kind, "aws", name, account_key(owner) if owner else "", about | properties)


def with_policy(arn: str, document: Any, evidence: str, *, account: str = "") -> Iterator[Item]:
    """A resource with its policy, and whom that names."""
    try:
        policy = parse_policy(f"policy of {arn.split(':', 5)[5]}", document)
    except DocumentError as err:
        yield Unread(f"policy of {arn}", str(err))
        return
    for text in policy.unread:
        statement, _, why = text.partition(": ")
        yield Unread(statement, why)
    yield resource(arn, account=account, document=document)
    for key, source in trusted_keys(policy).items():
        yield Edge(PREFIX + arn, key, EdgeKind.TRUSTS, evidence=f"{evidence}: {source}")


def _plain(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    """`{"Policy": "…"}` of a bucket, function or key: which one stands in the statements or in the file's name."""
    document = item["Policy"]
    try:
        policy = parse_policy(name, document)
    except DocumentError as err:
        yield Unread(f"policy in {name}", str(err))
        return
    arns = _own_arns(policy, name)
    if not arns:
        yield Unread(f"policy in {name}", "neither its statements nor the file's name say which resource it is of")
    for arn in arns:
        yield from with_policy(arn, document, "resource policy", account=account_in(name))


def _own_arns(policy: Policy, name: str) -> list[str]:
    key = _KEY_ID.search(name)
    region = _REGION.search(name)
    account = account_in(_KEY_ID.sub("", name)) or _only_account(policy)
    if key and region and account:
        return [f"arn:aws:kms:{region.group()}:{account}:key/{key.group()}"]
    named = {item for statement in policy.statements for item in (*statement.resources, *statement.not_resources)}
    buckets = {item.partition("/")[0] for item in named if item.startswith("arn:aws:s3:::")}
    others = {item for item in named if is_arn(item) and ":lambda:" in item}
    found = sorted((buckets | others) - {"arn:aws:s3:::*"})
    return found if len(found) == 1 else []


def _only_account(policy: Policy) -> str:
    """The account that a key's policy hands its decisions to, where it is one."""
    accounts = {
        account_of(value)
        for statement in policy.statements
        for kind, value in statement.principals
        if kind == "aws" and value.endswith(":root")
    }
    return accounts.pop() if len(accounts) == 1 else ""


def _secret(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    if not item.get("ResourcePolicy"):
        yield resource(str(item["ARN"]))
        return
    yield from with_policy(str(item["ARN"]), item["ResourcePolicy"], "secretsmanager get-resource-policy")


def _attributes(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    attributes = item["Attributes"]
    arn = text_of(attributes, "QueueArn") or text_of(attributes, "TopicArn")
    if not is_arn(arn):
        yield Unread("attributes of a queue or topic", "they hold no ARN; ask for all attributes")
        return
    if not attributes.get("Policy"):
        yield resource(arn)
        return
    yield from with_policy(arn, attributes["Policy"], "resource policy")


class ResourcePolicies(Listing):
    """Implements `Importer`."""

    name = "aws resource policies"
    answers = (
        Answer("ResourcePolicy", "", ('"ARN"',), _secret),
        Answer("Attributes", "", ("QueueArn",), _attributes),
        Answer("Attributes", "", ("TopicArn",), _attributes),
        Answer("Policy", "", ('\\"Statement\\"',), _plain, ("PolicySummary", "QueueArn", "TopicArn")),
    )
