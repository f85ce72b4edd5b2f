# SPDX-License-Identifier: Apache-2.0
"""
Importer of the credential report: `aws iam get-credential-report`, as its JSON or as the CSV in it.

Format: IAM User Guide, "Generate credential reports". It names users by ARN and their keys only as first and second.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.aws.listing import Item, account_key, account_node, is_arn
from secrethunt.identity.aws.principals import PREFIX, account_of
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread

_NOTHING = frozenset({"", "N/A", "no_information", "not_supported"})
_SLOTS = ("access_key_1", "access_key_2")
_HEADER = b"user,arn,user_creation_time"


class CredentialReport:
    """Implements `Importer`."""

    name = "aws credential report"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the first columns, or the keys of the answer that wraps them."""
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return start.startswith(_HEADER) or (
            (start[:1] == b"{" and b'"Content"' in head and b'"ReportFormat"' in head) or _is_wrapped(start)
        )

    def read(self, path: str) -> Iterator[Item]:
        """One identity a row."""
        with open(path, "rb") as file:
            is_json = file.read(64).lstrip().startswith(b"{")
        try:
            with open(path, encoding="utf-8-sig", newline="") as text:
                rows = io.StringIO(_unwrapped(text.read()), newline="") if is_json else text
                for number, row in enumerate(csv.DictReader(rows), 2):
                    yield from _row(row, number)
        except (UnicodeDecodeError, csv.Error, ValueError) as err:
            yield Unread("the rest of the report", f"it is not as AWS writes it: {err}")


def _is_wrapped(start: bytes) -> bool:
    encoded = base64.b64encode(_HEADER)[:32]
    return start[:1] == b"{" and b'"Content"' in start and encoded in start


def _unwrapped(text: str) -> str:
    try:
        return base64.b64decode(json.loads(text)["Content"]).decode("utf-8")
    except (KeyError, TypeError, binascii.Error) as err:
        raise ValueError("its Content is missing or no base64") from err


def _row(row: Mapping[str, Any], number: int) -> Iterator[Item]:
    arn = row.get("arn")
    if not is_arn(arn):
        yield Unread(f"line {number}", "it has no ARN")
        return
    assert isinstance(arn, str)
    account = account_of(arn)
    is_root = arn.endswith(":root")
    keys = [found for slot in _SLOTS if (found := _key(row, slot))]
    uses = [key["last_used"] for key in keys if key["last_used"]]
    password_used = _value(row, "password_last_used")
    properties: dict[str, Any] = {
        "type": "aws-root" if is_root else "iam-user",
        "created": _value(row, "user_creation_time"),
        "mfa_active": _value(row, "mfa_active") == "true",
        "password_enabled": _value(row, "password_enabled") == "true",
        "access_keys": keys,
        "last_used": max([*uses, *([password_used] if password_used else [])], default=""),
    }
    if properties["password_enabled"] or is_root:
        properties["is_human"] = True
    yield Node(
        PREFIX + arn,
        NodeKind.IDENTITY,
        "aws",
        "root" if is_root else arn.rpartition("/")[2],
        account_key(account),
        properties,
    )
    yield account_node(account)
    yield Edge(PREFIX + arn, account_key(account), EdgeKind.IN_ACCOUNT, evidence="credential report")


def _key(row: Mapping[str, Any], slot: str) -> dict[str, Any] | None:
    rotated = _value(row, f"{slot}_last_rotated")
    is_active = _value(row, f"{slot}_active") == "true"
    if not rotated and not is_active:
        return None
    return {
        "active": is_active,
        "rotated": rotated,
        "last_used": _value(row, f"{slot}_last_used_date"),
        "last_used_service": _value(row, f"{slot}_last_used_service"),
        "last_used_region": _value(row, f"{slot}_last_used_region"),
    }


def _value(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) and value not in _NOTHING else ""
