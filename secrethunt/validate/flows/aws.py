# SPDX-License-Identifier: Apache-2.0
"""
AWS access keys: `sts:GetCallerIdentity`, which every key may call, whatever its policies say.

The secret never leaves: botocore signs with it (Signature Version 4). Keys of the partitions of China and of the US
government are known only there, so that a rejection counts when all partitions that come into question have said it.
References: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.flows.exchange import (
    Exchange,
    NeedsExtra,
    NeedsPart,
    ask,
    needed,
    optional,
    place_of,
    text_at,
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str
    region: str
    url: str


_PARTITIONS = (
    _Partition("aws", "us-east-1", "https://sts.us-east-1.amazonaws.com"),
    _Partition("aws-us-gov", "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
    _Partition("aws-cn", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
)
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_NO_SUCH_KEY = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId")
_WRONG_SECRET = "SignatureDoesNotMatch"
_OVER = ("ExpiredToken", "ExpiredTokenException")
_CLOCK = ("Signature expired", "Signature not yet current")


def caller_identity(credential: Credential, session: Session) -> Outcome:
    """Who the key is."""
    keys = keys_of(credential)
    rejected: Outcome | None = None
    for partition in _partitions(credential, session):
        outcome = _ask_partition(partition, keys, credential, session)
        if outcome.state != State.INACTIVE or outcome.evidence[-1].marker not in _markers(_NO_SUCH_KEY):
            return outcome
        if rejected is not None:
            outcome = Outcome(State.INACTIVE, outcome.reason, rejected.evidence + outcome.evidence)
        rejected = outcome
    if rejected is None:
        raise NoAnswer("no partition of AWS comes into question")
    return rejected


def keys_of(credential: Credential) -> Keys:
    """
    The three parts of a key, whichever of them the rule found.

    Raises:
        NeedsPart: One of them is missing.
    """
    family = credential.rule.family or credential.rule.id
    own = optional(credential, "secret")
    key_id = own if _is_key_id(own) else needed(credential, "access_key_id", "key_id")
    secret = needed(credential, "secret_access_key") if _is_key_id(own) or "token" in family else own
    token = own if "token" in family else optional(credential, "session_token")
    if key_id.startswith("ASIA") and not token:
        raise NeedsPart("session_token")
    if not secret:
        raise NeedsPart("secret_access_key")
    return Keys(key_id, secret, token if key_id.startswith("ASIA") else "")


def _is_key_id(text: str) -> bool:
    return len(text) == 20 and text.isalnum() and text.startswith(("AKIA", "ASIA", "ABIA", "ACCA", "A3T"))


def _partitions(credential: Credential, session: Session) -> tuple[_Partition, ...]:
    if session.endpoint("aws"):
        return _PARTITIONS[:1]
    region = optional(credential, "region")
    if region.startswith("us-gov-"):
        return _PARTITIONS[1:2]
    if region.startswith("cn-"):
        return _PARTITIONS[2:]
    return _PARTITIONS[:1] if region else _PARTITIONS


def _ask_partition(partition: _Partition, keys: Keys, credential: Credential, session: Session) -> Outcome:
    place = place_of(session, "aws", partition.url)
    headers = {"Content-Type": _FORM, "Accept": "application/json"}
    signed = signed_headers("POST", place.url + "/", headers, _BODY, scope=("sts", partition.region), keys=keys)
    request = {"method": "POST", "headers": signed, "body": _BODY, "is_idempotent": True}
    exchange = ask(session, place, "/", label="/?Action=GetCallerIdentity", **request)
    return _judge(exchange, partition, keys, credential)


def _judge(exchange: Exchange, partition: _Partition, keys: Keys, credential: Credential) -> Outcome:
    identity = _identity(exchange)
    arn, account = identity.get("Arn", ""), identity.get("Account", "")
    if exchange.status == 200 and arn.startswith(f"arn:{partition.name}:") and account.isdigit():
        return exchange.active("GetCallerIdentityResult Arn", _facts(arn, account, identity.get("UserId", "")))
    code, message = _error(exchange)
    if exchange.status == 403 and code == "AccessDenied" and (arn := _arn_in(message)):
        return exchange.active("error AccessDenied with the caller's Arn", _facts(arn, arn.split(":")[4], ""))
    if exchange.status not in (400, 403) or not code.isalnum():
        return exchange.unclear()
    return _judge_error(exchange, code, message, is_key_id=_is_key_id(optional(credential, "secret")))


def _judge_error(exchange: Exchange, code: str, message: str, *, is_key_id: bool) -> Outcome:
    marker = f"error {code}"
    if code in _OVER:
        return exchange.inactive(marker, "the session is over")
    if code in _NO_SUCH_KEY:
        return exchange.inactive(marker, "AWS knows no such key")
    if code != _WRONG_SECRET or message.startswith(_CLOCK):
        return exchange.unclear(f"{exchange.status} {code}", marker)
    if is_key_id:
        # The id is live with some secret; the one that stands beside it is not it.
        return exchange.unclear("AWS knows the key id; the secret beside it is another's", marker)
    return exchange.inactive(marker, "AWS knows the key id, but this is not its secret")


def _markers(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"error {code}" for code in codes)


def _identity(exchange: Exchange) -> Mapping[str, str]:
    result = "GetCallerIdentityResponse.GetCallerIdentityResult."
    body = exchange.json()
    if body:
        return {name: text_at(body, result + name) for name in ("Arn", "Account", "UserId")}
    texts = exchange.xml()
    return texts if texts.get("") == "GetCallerIdentityResponse" else {}


def _error(exchange: Exchange) -> tuple[str, str]:
    body = exchange.json()
    if body:
        return text_at(body, "Error.Code"), text_at(body, "Error.Message")
    texts = exchange.xml()
    if texts.get("") not in ("ErrorResponse", "Error", "Response"):
        return "", ""
    return texts.get("Code", ""), texts.get("Message", "")


def _arn_in(message: str) -> str:
    """The caller of `User: arn:… is not authorized to perform: …`."""
    words = message.split()
    arn = words[1] if len(words) > 1 and words[0] == "User:" else ""
    return arn if arn.startswith("arn:aws") and arn.count(":") >= 5 else ""


def _facts(arn: str, account: str, user_id: str) -> tuple[tuple[str, str], ...]:
    resource = arn.split(":", 5)[5]
    kind, _, name = resource.partition("/")
    return (
        ("account", arn),
        ("account_id", account),
        ("user", name if kind == "user" else "root" if resource == "root" else ""),
        ("role", name.split("/")[0] if kind == "assumed-role" else ""),
        ("user_id", user_id),
    )


def signed_headers(
    method: str, url: str, headers: Mapping[str, str], body: bytes, *, scope: tuple[str, str], keys: Keys
) -> dict[str, str]:
    """
    *headers* with those that Signature Version 4 adds.

    Args:
        method: HTTP method.
        url: Absolute URL; its host is signed.
        headers: Signed too.
        body: Its hash is signed.
        scope: Service and region.
        keys: What signs.

    Raises:
        NeedsExtra: botocore is not installed.
    """
    try:
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError as err:
        raise NeedsExtra("aws") from err
    service, region = scope
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(keys.key_id, keys.secret, keys.token or None), service, region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}
