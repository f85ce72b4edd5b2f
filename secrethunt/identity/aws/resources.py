# SPDX-License-Identifier: Apache-2.0
"""
Importer of what there is to reach: buckets, secrets, parameters. Names and dates only, never a value.

Formats: API references of ListBuckets (S3), ListSecrets (Secrets Manager), DescribeParameters (Systems Manager).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.aws.listing import Answer, Item, Listing, account_in, is_arn, tags_of, text_of
from secrethunt.identity.aws.resource_policies import resource
from secrethunt.identity.contract import Unread

_PLAIN_PARAMETER = 0.5
"""Sensitivity of a parameter that is not a SecureString."""


def _secret(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    arn = text_of(item, "ARN")
    if not is_arn(arn):
        yield Unread(f"secret {text_of(item, 'Name')}", "it has no ARN")
        return
    properties: dict[str, Any] = {
        "title": text_of(item, "Name"),
        "created": text_of(item, "CreatedDate"),
        "last_used": text_of(item, "LastAccessedDate"),
        "rotated": text_of(item, "LastRotatedDate"),
        "key": text_of(item, "KmsKeyId"),
        "tags": tags_of(item),
    }
    yield resource(arn, **properties)


def _parameter(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    title = text_of(item, "Name")
    arn = text_of(item, "ARN")
    if not is_arn(arn):
        yield Unread(f"parameter {title}", "it has no ARN; use a version of the AWS CLI that prints ARNs")
        return
    is_secret = item.get("Type") == "SecureString"
    properties: dict[str, Any] = {"title": title, "created": text_of(item, "LastModifiedDate")}
    if not is_secret:
        properties["sensitivity"] = _PLAIN_PARAMETER
    yield resource(arn, is_encrypted=is_secret, key=text_of(item, "KeyId"), **properties)


def _bucket(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    title = str(item["Name"])
    arn = text_of(item, "BucketArn") or f"arn:aws:s3:::{title}"
    properties = {"title": title, "created": text_of(item, "CreationDate"), "region": text_of(item, "BucketRegion")}
    yield resource(arn, account=account_in(name), **properties)


class Resources(Listing):
    """Implements `Importer`."""

    name = "aws resources"
    answers = (
        Answer("SecretList", "SecretList.item", ("ARN", "Name"), _secret),
        Answer("Parameters", "Parameters.item", ("LastModifiedDate", "Name"), _parameter),
        Answer("Buckets", "Buckets.item", ("CreationDate", "Name"), _bucket),
    )
