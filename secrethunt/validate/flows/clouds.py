# SPDX-License-Identifier: Apache-2.0
"""
Alibaba Cloud, Tencent Cloud and Huawei Cloud: each has its own way to sign, and an action that says who the caller is.

References: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature,
https://www.tencentcloud.com/document/product/598/32225, https://support.huaweicloud.com/intl/en-us/devg-apisign.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, NeedsPart, ask, needed, optional, place_of, text_at

_EMPTY = b"{}"
_NOTHING = hashlib.sha256(b"").hexdigest()


def _pair(credential: Credential, secret_part: str, *id_parts: str) -> tuple[str, str]:
    """Id and secret, whichever of them the rule found."""
    own = credential.secret.reveal().decode("ascii", "replace")
    if credential.rule.id.partition(".")[2].startswith(("access-key-id", "secret-id", "temporary")):
        return own, needed(credential, secret_part)
    return needed(credential, *id_parts), own


def alibaba(credential: Credential, session: Session) -> Outcome:
    """`sts:GetCallerIdentity`, signed with ACS3-HMAC-SHA256."""
    key_id, secret = _pair(credential, "access_key_secret", "access_key_id")
    token = optional(credential, "security_token")
    if key_id.startswith("STS.") and not token:
        raise NeedsPart("security_token")
    place = place_of(session, "alibaba", "https://sts.aliyuncs.com")
    headers = alibaba_headers(
        urlsplit(place.url).netloc, key_id, secret, token=token, moment=datetime.now(UTC), nonce=secrets.token_hex(16)
    )
    exchange = ask(session, place, "/", label="/?Action=GetCallerIdentity", method="POST", headers=headers)
    body = exchange.json()
    arn = text_at(body, "Arn")
    if exchange.status == 200 and arn.startswith("acs:") and text_at(body, "AccountId"):
        facts = (("account", arn), ("account_id", text_at(body, "AccountId")), ("user_id", text_at(body, "UserId")))
        return exchange.active("json Arn", facts)
    return _by_code(exchange, text_at(body, "Code"), _ALIBABA)


def alibaba_headers(host: str, key_id: str, secret: str, *, token: str, moment: datetime, nonce: str) -> dict[str, str]:
    """What signs `GetCallerIdentity` at *host* with ACS3-HMAC-SHA256."""
    headers = {
        "host": host,
        "x-acs-action": "GetCallerIdentity",
        "x-acs-content-sha256": _NOTHING,
        "x-acs-date": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2015-04-01",
    }
    if token:
        headers["x-acs-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{_NOTHING}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
    headers["Accept"] = "application/json"
    del headers["host"]
    return headers


_ALIBABA = {
    "InvalidAccessKeyId.NotFound": "Alibaba knows no such key",
    "InvalidAccessKeyId.Inactive": "the key is disabled",
    "InvalidAccessKeyId": "Alibaba knows no such key",
    "SignatureDoesNotMatch": "Alibaba knows the key id, but this is not its secret",
    "IncompleteSignature.Mismatch": "Alibaba knows the key id, but this is not its secret",
    "InvalidSecurityToken.Expired": "the session is over",
    "InvalidSecurityToken.MismatchWithAccessKey": "the session's token is another's",
}
_TENCENT = {
    "AuthFailure.SecretIdNotFound": "Tencent knows no such key",
    "AuthFailure.InvalidSecretId": "Tencent knows no such key",
    "AuthFailure.SignatureFailure": "Tencent knows the key id, but this is not its secret",
    "AuthFailure.TokenFailure": "the session is over",
}


def tencent(credential: Credential, session: Session) -> Outcome:
    """`sts:GetCallerIdentity`, signed with TC3-HMAC-SHA256."""
    key_id, secret = _pair(credential, "secret_key", "secret_id")
    place = place_of(session, "tencent", "https://sts.tencentcloudapi.com")
    headers = tencent_headers(urlsplit(place.url).netloc, key_id, secret, now=int(time.time()))
    if token := optional(credential, "session_token"):
        headers["X-TC-Token"] = token
    exchange = ask(session, place, "/", label="/?Action=GetCallerIdentity", method="POST", headers=headers, body=_EMPTY)
    answer = exchange.json()
    arn = text_at(answer, "Response.Arn")
    if exchange.status == 200 and arn.startswith("qcs:") and text_at(answer, "Response.AccountId"):
        account_id, user_id = text_at(answer, "Response.AccountId"), text_at(answer, "Response.UserId")
        return exchange.active(
            "json Response.Arn", (("account", arn), ("account_id", account_id), ("user_id", user_id))
        )
    return _by_code(exchange, text_at(answer, "Response.Error.Code"), _TENCENT)


def tencent_headers(host: str, key_id: str, secret: str, *, now: int) -> dict[str, str]:
    """What signs `GetCallerIdentity` at *host* with TC3-HMAC-SHA256."""
    kind, date = "application/json; charset=utf-8", datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    lines = f"content-type:{kind}\nhost:{host}\n"
    canonical = f"POST\n/\n\n{lines}\ncontent-type;host\n{hashlib.sha256(_EMPTY).hexdigest()}"
    scope = f"{date}/sts/tc3_request"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret}".encode()
    for step in (date, "sts", "tc3_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    signed = f"Credential={key_id}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    return {
        "Content-Type": kind,
        "X-TC-Action": "GetCallerIdentity",
        "X-TC-Version": "2018-08-13",
        "X-TC-Timestamp": str(now),
        "X-TC-Region": "ap-guangzhou",
        "Authorization": f"TC3-HMAC-SHA256 {signed}",
    }


def _by_code(exchange: Exchange, code: str, rejections: dict[str, str]) -> Outcome:
    if exchange.status in (200, 400, 401, 403, 404) and code in rejections:
        return exchange.inactive(f"error {code}", rejections[code])
    known = code.replace(".", "").isalnum()
    return exchange.unclear(f"{exchange.status} {code}" if known else "", f"error {code}" if known else "")


def huawei(credential: Credential, session: Session) -> Outcome:
    """The projects the key's owner may enter, signed with SDK-HMAC-SHA256."""
    key_id, secret = _pair(credential, "secret_access_key", "access_key_id")
    place = place_of(session, "huawei", "https://iam.myhuaweicloud.com")
    path = "/v3/auth/domains"
    headers = huawei_headers(urlsplit(place.url).netloc, path, key_id, secret, moment=datetime.now(UTC))
    exchange = ask(session, place, path, headers=headers)
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "domains.0.id"):
        facts = (("account", text_at(body, "domains.0.name")), ("account_id", text_at(body, "domains.0.id")))
        return exchange.active("json domains", facts)
    code, message = text_at(body, "error_code"), text_at(body, "error_msg")
    if exchange.status == 401 and code in ("APIGW.0301", "APIG.0301"):
        if "ak not exist" in message or "Get secretKey failed" in message:
            return exchange.inactive(f"json error_code {code}", "Huawei knows no such key")
        if "verify aksk signature fail" in message:
            return exchange.inactive(f"json error_code {code}", "Huawei knows the key id, but this is not its secret")
    return exchange.unclear()


def huawei_headers(host: str, path: str, key_id: str, secret: str, *, moment: datetime) -> dict[str, str]:
    """What signs a GET for *path* at *host* with SDK-HMAC-SHA256."""
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    canonical = f"GET\n{path}/\n\nhost:{host}\nx-sdk-date:{date}\n\nhost;x-sdk-date\n{_NOTHING}"
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "Accept": "application/json",
        "X-Sdk-Date": date,
        "Authorization": f"SDK-HMAC-SHA256 Access={key_id}, SignedHeaders=host;x-sdk-date, Signature={signature}",
    }
