# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json

import pytest

from secrethunt.facts import read_facts


def facts(rule: str, value: bytes | str, match: bytes | str = b"") -> dict[str, str]:
    raw, text = (part.encode() if isinstance(part, str) else part for part in (value, match))
    return dict(read_facts(rule, raw, text))


def b64(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.b64encode(raw).decode()


def key_id(account: int, prefix: str = "AK" + "IA") -> str:
    """An id that holds *account*, made by the published arithmetic the other way round."""
    number = (account << 7) | 0x800000000000 | 0x55
    return prefix + base64.b32encode(number.to_bytes(6, "big") + b"\x9a\x3c\x71\xd2").decode()


def test_account_in_a_key_id_equals_the_published_one() -> None:
    """The example of "A short note on AWS key ID", T. Be'ery (2023)."""
    said = facts("aws.temporary-access-key-id", "ASIAQNZG" + "KIQY56JQ7WML")
    assert {"kind": "temporary access key", "account": "029608264753"} == said


@pytest.mark.parametrize("account", [0, 1, 123456789012, 999999999999])
def test_account_comes_back_out_of_a_key_id(account: int) -> None:
    assert f"{account:012d}" == facts("aws.access-key-id", key_id(account))["account"]


@pytest.mark.parametrize("letter", "IJ")
def test_old_key_id_says_no_account(letter: str) -> None:
    assert {"kind": "long-term access key"} == facts("aws.access-key-id", "AK" + "IA" + letter + "A" * 15)


def test_secret_key_behind_its_id_knows_the_account() -> None:
    said = facts("aws.key-pair", "s" * 40, f"{key_id(42)}:{'s' * 40}")
    assert (key_id(42), "000000000042") == (said["key_id"], said["account"])


QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key}%2F20240203%2Feu-west-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20240203T040506Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=0a"
)


@pytest.mark.parametrize("amp", ["&", "&amp;"])
def test_signed_url_says_whose_key_where_and_until_when(amp: str) -> None:
    said = facts("aws.presigned-url", "0a", QUERY.format(key=key_id(42)).replace("&", amp))
    assert ("eu-west-1", "s3", "000000000042") == (said["region"], said["service"], said["account"])
    assert ("2024-02-03T04:05:06Z", "2024-02-03T05:05:06Z") == (said["issued"], said["expires"])


def test_token_that_is_a_signed_url_in_base64_is_read_as_one() -> None:
    url = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&" + QUERY.format(key=key_id(42))
    token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    assert "2024-02-03T05:05:06Z" == facts("aws.eks-token", token)["expires"]


def test_bedrock_key_names_user_and_account() -> None:
    value = "ABSK" + b64(b"BedrockAPIKey-ab1c-at-123456789012:" + b"x" * 40)
    assert ("123456789012", "BedrockAPIKey-ab1c-at-123456789012") == (
        facts("aws.bedrock-api-key", value)["account"],
        facts("aws.bedrock-api-key", value)["user"],
    )


def test_registry_password_knows_its_end() -> None:
    password = {"payload": "p" * 20, "datakey": "d", "version": "2", "type": "DATA_KEY", "expiration": 1700000000}
    value = b64(json.dumps(password, separators=(",", ":")).encode())
    assert {"expires": "2023-11-14T22:13:20Z"} == facts("aws.registry-password", value)


def test_shared_access_signature_says_what_for_and_until_when() -> None:
    match = "sv=2022-11-02&ss=bf&srt=sco&sp=rwdl&se=2030-01-02T03:04:05Z&st=2024-01-01T00:00:00Z&spr=https&sig=0a"
    said = facts("azure.storage-sas", "0a", match)
    assert ("rwdl", "bf", "2022-11-02") == (said["permissions"], said["services"], said["version"])
    assert "2030-01-02T03:04:05Z" == said["expires"]
    assert "sig" not in said


def test_signature_for_messaging_says_resource_policy_and_end() -> None:
    match = "SharedAccessSignature sr=sb%3A%2F%2Facme.servicebus.windows.net&sig=0a%3D&se=1700000000&skn=Root"
    said = facts("azure.messaging-sas", "0a", match)
    assert ("sb://acme.servicebus.windows.net", "Root") == (said["resource"], said["policy"])
    assert "2023-11-14T22:13:20Z" == said["expires"]


def test_annotated_key_says_when_and_for_which_service_it_was_made() -> None:
    value = "0" * 52 + "JQ" + "QJ99BC" + "0" * 16 + "AZDO" + "0000"
    assert {"kind": "key", "issued": "2025-03", "service": "AZDO"} == facts("azure.devops-pat", value)


def test_key_file_in_base64_names_project_account_and_key() -> None:
    file = {"type": "service_account", "project_id": "acme", "private_key_id": "0a1b", "client_email": "a@acme.example"}
    compact = json.dumps(file, separators=(",", ":")).encode()
    said = facts("google.service-account-key-base64", b64(compact))
    assert {"project": "acme", "key_id": "0a1b", "email": "a@acme.example"} == said
    assert said == facts("google.service-account-key-base64", b64(compact[:-1]))


def test_tunnel_token_names_account_and_tunnel() -> None:
    value = b64(json.dumps({"a": "acc", "t": "tun", "s": "hidden"}, separators=(",", ":")).encode())
    assert {"account": "acc", "tunnel": "tun"} == facts("cloudflare.tunnel-token", value)
