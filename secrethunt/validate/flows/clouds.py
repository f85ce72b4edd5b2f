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
    headers = {
        "host": urlsplit(place.url).netloc,
        "x-acs-action": "GetCallerIdentity",
        "x-acs-content-sha256": _NOTHING,
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": secrets.token_hex(16),
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
    exchange = ask(session, place, "/", label="/?Action=GetCallerIdentity", method="POST", headers=headers)
    body = exchange.json()
    arn = text_at(body, "Arn")
    if exchange.status == 200 and arn.startswith("acs:") and text_at(body, "AccountId"):
        facts = (("account", arn), ("account_id", text_at(body, "AccountId")), ("user_id", text_at(body, "UserId")))
        return exchange.active("json Arn", facts)
    return _by_code(exchange, text_at(body, "Code"), _ALIBABA)


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
    body, now = b"{}", int(time.time())
    date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    kind, host = "application/json; charset=utf-8", urlsplit(place.url).netloc
    lines = f"content-type:{kind}\nhost:{host}\n"
    canonical = f"POST\n/\n\n{lines}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date}/sts/tc3_request"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret}".encode()
    for step in (date, "sts", "tc3_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": kind,
        "X-TC-Action": "GetCallerIdentity",
        "X-TC-Version": "2018-08-13",
        "X-TC-Timestamp": str(now),
        "X-TC-Region": "ap-guangzhou",
        "Authorization": f"TC3-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders=content-type;host, "
        f"Signature={signature}",
    }
    if token := optional(credential, "session_token"):
        headers["X-TC-Token"] = token
    exchange = ask(session, place, "/", label="/?Action=GetCallerIdentity", method="POST", headers=headers, body=body)
    answer = exchange.json()
    arn = text_at(answer, "Response.Arn")
    if exchange.status == 200 and arn.startswith("qcs:") and text_at(answer, "Response.AccountId"):
        account_id, user_id = text_at(answer, "Response.AccountId"), text_at(answer, "Response.UserId")
        return exchange.active(
            "json Response.Arn", (("account", arn), ("account_id", account_id), ("user_id", user_id))
        )
    return _by_code(exchange, text_at(answer, "Response.Error.Code"), _TENCENT)


def _by_code(exchange: Exchange, code: str, rejections: dict[str, str]) -> Outcome:
    if exchange.status in (200, 400, 401, 403, 404) and code in rejections:
        return exchange.inactive(f"error {code}", rejections[code])
    known = code.replace(".", "").isalnum()
    return exchange.unclear(f"{exchange.status} {code}" if known else "", f"error {code}" if known else "")


def huawei(credential: Credential, session: Session) -> Outcome:
    """The projects the key's owner may enter, signed with SDK-HMAC-SHA256."""
    key_id, secret = _pair(credential, "secret_access_key", "access_key_id")
    place = place_of(session, "huawei", "https://iam.myhuaweicloud.com")
    path, date = "/v3/auth/domains", datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = f"host:{urlsplit(place.url).netloc}\nx-sdk-date:{date}\n"
    canonical = f"GET\n{path}/\n\n{lines}\nhost;x-sdk-date\n{_NOTHING}"
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Accept": "application/json",
        "X-Sdk-Date": date,
        "Authorization": f"SDK-HMAC-SHA256 Access={key_id}, SignedHeaders=host;x-sdk-date, Signature={signature}",
    }
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
