# SPDX-License-Identifier: Apache-2.0
"""What keys of AWS, Azure, Google and Cloudflare say of themselves."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from secrethunt.facts.reading import Fact, base64_bytes, json_object, moment, picked, query, shown

_AWS_KEY_ID = re.compile(rb"(?<![0-9A-Z])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![0-9A-Z])")
_AWS_KINDS = {
    b"AKIA": "long-term access key",
    b"ASIA": "temporary access key",
    b"ABIA": "service bearer token",
    b"ACCA": "context-specific credential",
}
"""IAM user guide, "Unique identifiers"."""
_ACCOUNT_MASK = 0x7FFFFFFFFF80


def aws_key_id(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Kind and account. The arithmetic: A. Steele and T. Be'ery, "A short note on AWS key ID" (2023)."""
    if kind := _AWS_KINDS.get(value[:4]):
        yield "kind", kind
    # Ids made before the account was part of them have I or J here.
    if value[4:5] in (b"I", b"J"):
        return
    try:
        number = int.from_bytes(base64.b32decode(value[4:20])[:6], "big")
    except (binascii.Error, ValueError):
        return
    yield "account", f"{(number & _ACCOUNT_MASK) >> 7:012d}"


def aws_key_nearby(_value: bytes, text: bytes) -> Iterator[Fact]:
    """A secret key that stands behind its id."""
    if match := _AWS_KEY_ID.search(text):
        yield "key_id", match.group().decode()
        yield from aws_key_id(match.group(), b"")


def aws_presigned(_value: bytes, text: bytes) -> Iterator[Fact]:
    """A URL signed with Signature Version 4: whose key, where, until when (AWS, "Authenticating Requests: Using Query
    Parameters")."""
    start = max(text.find(b"X-Amz-"), 0)
    parameters = query(text[start:])
    scope = parameters.get("X-Amz-Credential", "").split("/")
    if len(scope) >= 4:
        yield "key_id", scope[0]
        yield from aws_key_id(scope[0].encode(), b"")
        yield "region", scope[2]
        yield "service", scope[3]
    try:
        signed = datetime.strptime(parameters.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        ends = signed + timedelta(seconds=min(int(parameters.get("X-Amz-Expires", "")), 10**9))
    except (ValueError, OverflowError):
        return
    yield "issued", signed.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "expires", ends.strftime("%Y-%m-%dT%H:%M:%SZ")


def aws_presigned_inside(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Tokens that are a signed URL in base64: those of EKS (aws-iam-authenticator, README) and short Bedrock keys."""
    encoded = value.removeprefix(b"k8s-aws-v1.").removeprefix(b"bedrock-api-key-")
    yield from aws_presigned(b"", base64_bytes(encoded))


def aws_bedrock_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """`ABSK` and base64 of `BedrockAPIKey-xxxx-at-<account>:…` (Bedrock user guide, "API keys")."""
    name = base64_bytes(value[4:]).partition(b":")[0]
    if match := re.fullmatch(rb"(BedrockAPIKey-[\w-]{1,20}-at-(\d{12}))", name):
        yield "user", match.group(1).decode()
        yield "account", match.group(2).decode()


def aws_registry_password(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Docker password of ECR: base64 of a JSON object that knows its end (`aws ecr get-login-password`)."""
    if ends := moment(json_object(base64_bytes(value)).get("expiration")):
        yield "expires", ends


_SAS_FACTS = (
    ("sv", "version"),
    ("sr", "resource"),
    ("ss", "services"),
    ("srt", "resource_types"),
    ("sp", "permissions"),
    ("si", "policy"),
    ("sip", "source_address"),
    ("skn", "policy"),
    ("sktid", "tenant"),
    ("skoid", "client_id"),
    ("st", "issued"),
)


def azure_sas(_value: bytes, text: bytes) -> Iterator[Fact]:
    """A shared access signature: what for and until when (Microsoft, "Create a service SAS", "Create an account SAS",
    and for messaging "Generate a Shared Access Signature token")."""
    parameters = query(text.rpartition(b" ")[2])
    yield from picked(parameters, _SAS_FACTS)
    ends = parameters.get("se", "")
    if ends.isdigit() and len(ends) < 13:
        ends = moment(int(ends))
    if ends:
        yield "expires", ends


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ANNOTATED_KINDS = {"9": "key", "D": "derived key", "H": "hash"}


def azure_annotated_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """When and for which service a common annotated security key was made (github.com/microsoft/security-utilities,
    `CommonAnnotatedKey`): the year from 2024, the month, and the provider's four characters are in clear."""
    text = value.decode("ascii", "replace")
    if text[52:56] != "JQQJ" or len(text) < 84:
        return
    if kind := _ANNOTATED_KINDS.get(text[57]):
        yield "kind", kind
    year, month = _LETTERS.find(text[58]), "ABCDEFGHIJKL".find(text[59])
    if year >= 0 and month >= 0:
        yield "issued", f"{2024 + year}-{month + 1:02d}"
    yield "service", text[76:80]


def google_key_file(value: bytes, text: bytes) -> Iterator[Fact]:
    """A service account's key file, as it is or in base64 (Google, "Create and delete service account keys")."""
    data = value if b'"' in value else base64_bytes(value) or text
    fields = json_object(data) or _loose_fields(data) or _loose_fields(text)
    names = (
        ("project_id", "project"),
        ("client_email", "email"),
        ("private_key_id", "key_id"),
        ("client_id", "client_id"),
    )
    yield from picked(fields, names)


_FIELD = re.compile(rb'\\?"(project_id|client_email|private_key_id|client_id)\\?"\s{0,4}:\s{0,4}\\?"([^"\\]{1,200})')


def _loose_fields(data: bytes) -> dict[str, bytes]:
    """The fields of a key file that was cut or escaped and is no JSON any more."""
    return {match.group(1).decode(): match.group(2) for match in _FIELD.finditer(data[:65536])}


def google_chat_webhook(value: bytes, _text: bytes) -> Iterator[Fact]:
    """The space that a webhook writes to."""
    if match := re.search(rb"/spaces/([\w-]{1,40})/", value):
        yield "space", shown(match.group(1))


def cloudflare_tunnel(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Tunnel tokens: base64 of an object with account and tunnel (github.com/cloudflare/cloudflared,
    `connection.TunnelToken`)."""
    yield from picked(json_object(base64_bytes(value)), (("a", "account"), ("t", "tunnel")))
