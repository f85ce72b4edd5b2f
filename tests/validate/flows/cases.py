# SPDX-License-Identifier: Apache-2.0
"""For each flow that speaks HTTP: a credential, and what its provider documents to answer when it is live or dead."""

from __future__ import annotations

import base64
import functools
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from secrethunt.validate.contract import Credential
from tests.services.credentials import credential, made
from tests.services.provider import Asked, Reply, json_reply, xml_reply


@dataclass(frozen=True, slots=True)
class Two:
    """To the first request *first*, to every other *then*."""

    first: Reply
    then: Reply


Answers = Reply | Two | Callable[[Asked], Reply]
GUID = "11111111-2222-3333-4444-555555555555"
_LOWER = string.ascii_lowercase + string.digits
_HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Case:
    """One flow with one credential."""

    flow: str
    credential: Callable[[], Credential]
    active: Mapping[str, Answers]
    """By a name: answers that prove it live."""
    inactive: Mapping[str, Answers]
    provider: str
    """Name under which its endpoint is given."""
    unknown: Mapping[str, Answers] = field(default_factory=dict)
    """Answers of the provider's own that prove neither."""


def key_of(length: int) -> str:
    """A key of *length* bytes in base64."""
    return base64.b64encode(made(length).encode()).decode()


@functools.cache
def rsa_pem() -> str:
    """A private key that nobody has."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _aws() -> Credential:
    key_id = "AKIA" + made(16, string.ascii_uppercase + "234567")
    return credential("aws.secret-access-key", made(40), {"access_key_id": key_id}, family="aws.secret-access-key")


def _s3() -> Credential:
    return credential("digitalocean.spaces-secret-key", made(43), {"key_id": "DO00" + made(16, string.ascii_uppercase)})


def _error(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>"


def _sts_error(code: str, message: str = "no") -> str:
    inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{inner}</ErrorResponse>'


_ARN = "arn:aws:iam::123456789012:user/deployer"
_IDENTITY = {"Arn": _ARN, "Account": "123456789012", "UserId": "AIDA"}
_AWS_ACTIVE = {
    "json": json_reply(200, {"GetCallerIdentityResponse": {"GetCallerIdentityResult": _IDENTITY}}),
    "xml": xml_reply(
        200,
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{_ARN}</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>",
    ),
    "denied by name": xml_reply(
        403, _sts_error("AccessDenied", f"User: {_ARN} is not authorized to perform: sts:GetCallerIdentity")
    ),
}
_AWS_INACTIVE = {
    code: xml_reply(403, _sts_error(code)) for code in ("InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken")
}
_AWS_UNKNOWN = {
    "clock": xml_reply(403, _sts_error("SignatureDoesNotMatch", "Signature expired: 2020 is now earlier than 2026")),
    "throttled": xml_reply(400, _sts_error("Throttling")),
    "another partition's": json_reply(
        200, {"GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Arn": "arn:x", "Account": "1"}}}
    ),
    "denied without a name": xml_reply(403, _sts_error("AccessDenied")),
}
_BUCKETS = (
    '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>1</ID>'
    "<DisplayName>acme</DisplayName></Owner><Buckets/></ListAllMyBucketsResult>"
)


def _service_account() -> Credential:
    parts = {"email": "ci@acme.iam.gserviceaccount.com", "project": "acme", "key_id": made(40, _HEX)}
    return credential("google.service-account-key", rsa_pem().replace("\n", "\\n"), parts)


def _google_error(status: int, reason: str, consumer: str = "") -> Reply:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com", **({"consumer": consumer} if consumer else {})},
    }
    return json_reply(status, {"error": {"code": status, "message": "no", "status": "X", "details": [info]}})


def _entra() -> Credential:
    return credential("azure.entra-client-secret", made(40), {"tenant_id": GUID, "client_id": GUID.replace("1", "6")})


def _aadsts(code: int) -> Reply:
    return json_reply(401, {"error": "invalid_client", "error_description": f"AADSTS{code}: no", "error_codes": [code]})


def _ovh() -> Credential:
    return credential(
        "ovh.application-secret", made(32), {"application_key": made(16), "consumer_key": made(32, seed=2)}
    )


def _mac_failed() -> Reply:
    detail = "The MAC signature found in the HTTP request 'x' is not the same as any computed signature."
    body = f"<Error><Code>AuthenticationFailed</Code><Message>no</Message><AuthenticationErrorDetail>{detail}"
    return xml_reply(403, body + "</AuthenticationErrorDetail></Error>", {"x-ms-error-code": "AuthenticationFailed"})


def _sas_failed(detail: str) -> Reply:
    body = f"<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>"
    return xml_reply(403, body + "</Error>", {"x-ms-error-code": "AuthenticationFailed"})


def _sas() -> Credential:
    query = "sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2099-01-01T00%3A00%3A00Z&spr=https&"
    parts = {"query": query, "address": "https://acmestore.blob.core.windows.net/"}
    return credential("azure.storage-sas", key_of(32), parts)


def _detail(text: str, status: int = 401) -> Reply:
    return xml_reply(status, f"<Error><Code>{status}</Code><Detail>{text}. TrackingId:1</Detail></Error>")


def _bus() -> Credential:
    parts = {"host": "acme.servicebus.windows.net", "policy": "RootManageSharedAccessKey"}
    return credential("azure.shared-access-key", key_of(32), parts)


def _bus_sas() -> Credential:
    parts = {"resource": "https%3a%2f%2facme.servicebus.windows.net%2forders", "expiry": "4070908800", "policy": "send"}
    return credential("azure.messaging-sas", "abc%2Bdef%3D", parts)


_NAMESPACE = xml_reply(200, '<entry xmlns="http://www.w3.org/2005/Atom"><id>1</id></entry>')
_BAD_TOKEN = _detail("InvalidSignature: The token has an invalid signature")
_NO_CLAIM = _detail("Manage claim is required for this operation")


def _cdp() -> Credential:
    return credential("coinbase.cdp-key", key_of(64), {"key_name": GUID})


def _twitter() -> Credential:
    parts = {"access_secret": made(45), "api_key": made(25), "api_secret": made(50)}
    return credential("twitter.access-token", "1234567890-" + made(40), parts)


def _digest(reply: Reply) -> Callable[[Asked], Reply]:
    challenge = {"WWW-Authenticate": 'Digest realm="MMS Public API", domain="", nonce="abc", algorithm=MD5, qop="auth"'}
    unauthorized = json_reply(401, {"error": 401, "reason": "Unauthorized"}, challenge)
    return lambda asked: reply if asked.headers.get("authorization", "").startswith("Digest ") else unauthorized


_DOCS = "https://docs.github.com/rest"
_APP = {"id": 1, "slug": "acme-bot", "owner": {"login": "acme"}, "permissions": {"contents": "read"}}


def _cognito(kind: str, message: str) -> Reply:
    body = f'{{"__type": "{kind}", "message": "{message}"}}'
    return Reply(400, body.encode(), {"Content-Type": "application/x-amz-json-1.1"})


_WRONG_HASH = _cognito("NotAuthorizedException", "Unable to verify secret hash for client x")


def _bearer(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="{error}", error_description="no"'}


CASES: tuple[Case, ...] = (
    Case("aws", _aws, _AWS_ACTIVE, _AWS_INACTIVE, "aws", _AWS_UNKNOWN),
    Case("aws-or-s3", _aws, _AWS_ACTIVE, _AWS_INACTIVE, "aws", _AWS_UNKNOWN),
    Case(
        "s3",
        _s3,
        {
            "list": xml_reply(200, _BUCKETS),
            "may not list": Two(
                xml_reply(403, _error("AccessDenied")), xml_reply(403, _error("SignatureDoesNotMatch"))
            ),
        },
        {code: xml_reply(403, _error(code)) for code in ("InvalidAccessKeyId", "SignatureDoesNotMatch")},
        "digitalocean",
        {"everybody is denied": xml_reply(403, _error("AccessDenied"))},
    ),
    Case(
        "amazon-token",
        lambda: credential("aws.login-with-amazon-token", "Atza|" + made(100)),
        {"tokeninfo": json_reply(200, {"aud": "amzn1.application-oa2-client.1", "user_id": "amzn1.account.X"})},
        {"invalid": json_reply(400, {"error": "invalid_token", "error_description": "no"})},
        "amazon",
        {"other error": json_reply(400, {"error": "invalid_request"})},
    ),
    Case(
        "aws-cognito",
        lambda: credential(
            "aws.cognito-client-secret",
            made(51, _LOWER),
            {"client_id": made(26, _LOWER), "user_pool": "eu-west-1_" + made(9)},
        ),
        {
            "no such user": Two(_cognito("NotAuthorizedException", "Incorrect username or password."), _WRONG_HASH),
            "flow is off": Two(_cognito("InvalidParameterException", "flow not enabled"), _WRONG_HASH),
        },
        {
            "wrong hash": _WRONG_HASH,
            "no client": _cognito("ResourceNotFoundException", "User pool client x does not exist."),
        },
        "aws-cognito",
        {"everybody": _cognito("NotAuthorizedException", "Incorrect username or password.")},
    ),
    Case(
        "google-service-account",
        _service_account,
        {"token": json_reply(200, {"access_token": "x", "token_type": "Bearer", "expires_in": 3599})},
        {
            "deleted key": json_reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
            "deleted account": json_reply(
                400, {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
            ),
        },
        "google",
        {
            "clock": json_reply(
                400, {"error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token"}
            ),
            "no token": json_reply(200, {"token_type": "Bearer"}),
        },
    ),
    Case(
        "google-api-key",
        lambda: credential("google.api-key", "AIza" + made(35)),
        {
            "models": json_reply(200, {"models": [{"name": "models/x"}]}),
            "other apis": _google_error(403, "API_KEY_SERVICE_BLOCKED", "projects/123"),
            "not switched on": _google_error(403, "SERVICE_DISABLED", "projects/123"),
            "referrer": _google_error(403, "API_KEY_HTTP_REFERRER_BLOCKED"),
        },
        {
            "invalid": _google_error(400, "API_KEY_INVALID"),
            "suspended": _google_error(403, "CONSUMER_SUSPENDED", "projects/123"),
        },
        "google-api",
        {"disabled for nobody": _google_error(403, "SERVICE_DISABLED"), "other": _google_error(403, "RATE_LIMIT")},
    ),
    Case(
        "azure-entra",
        _entra,
        {
            "token": json_reply(200, {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3599}),
            "conditional access": _aadsts(53003),
        },
        {"wrong": _aadsts(7000215), "expired": _aadsts(7000222)},
        "azure-entra",
        {"no such application": _aadsts(700016), "no such tenant": _aadsts(90002), "busy": _aadsts(90033)},
    ),
    Case(
        "azure-account-key",
        lambda: credential("azure.storage-account-key", key_of(64), {"account": "acmestore"}),
        {"list": xml_reply(200, '<EnumerationResults ServiceEndpoint="x"><Containers/></EnumerationResults>')},
        {"wrong": _mac_failed()},
        "azure-storage",
        {
            "firewall of the account": xml_reply(403, _error("AuthorizationFailure")),
            "keys are off": xml_reply(403, _error("KeyBasedAuthenticationNotPermitted")),
            "no detail": xml_reply(403, _error("AuthenticationFailed")),
        },
    ),
    Case(
        "azure-account-key",
        lambda: credential(
            "azure.account-connection-key", key_of(64), {"endpoint": "https://acme.documents.azure.com:443/"}
        ),
        {"account": json_reply(200, {"id": "acme", "_self": "", "writableLocations": []})},
        {"wrong": json_reply(401, {"code": "Unauthorized", "message": "The wrong key is being used or …"})},
        "azure-cosmos",
        {"firewall": json_reply(403, {"code": "Forbidden", "message": "blocked by your firewall settings"})},
    ),
    Case(
        "azure-storage-sas",
        _sas,
        {
            "list": xml_reply(200, '<EnumerationResults ServiceEndpoint="x"><Containers/></EnumerationResults>'),
            "may not": Two(
                xml_reply(403, _error("AuthorizationPermissionMismatch")), _sas_failed("Signature did not match")
            ),
        },
        {
            "tampered": _sas_failed("Signature did not match. String to sign used was x"),
            "over": _sas_failed("Signature not valid in the specified time frame: Start [x] - Expiry [y]"),
        },
        "azure-storage",
        {"everybody is denied": xml_reply(403, _error("AuthorizationFailure"))},
    ),
    Case(
        "azure-bus-key",
        _bus,
        {"namespace": _NAMESPACE, "may not manage": Two(_NO_CLAIM, _BAD_TOKEN)},
        {"wrong": _BAD_TOKEN, "newer words": _detail("SubCode=40103: Invalid authorization token signature")},
        "azure-bus",
        {"everybody": _NO_CLAIM},
    ),
    Case(
        "azure-bus-key",
        lambda: credential(
            "azure.messaging-key", key_of(32), {"host": "acme.azure-devices.net", "policy": "iothubowner"}
        ),
        {"statistics": json_reply(200, {"totalDeviceCount": 4, "enabledDeviceCount": 4})},
        {"wrong": json_reply(401, {"Message": "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"})},
        "azure-iot",
    ),
    Case(
        "azure-bus-sas",
        _bus_sas,
        {"entity": _NAMESPACE, "may not manage": Two(_NO_CLAIM, _BAD_TOKEN)},
        {"wrong": _BAD_TOKEN, "over": _detail("ExpiredToken: The token is expired")},
        "azure-bus",
        {"everybody": _NO_CLAIM},
    ),
    Case(
        "azure-app-configuration",
        lambda: credential(
            "azure.app-configuration-secret", key_of(32), {"host": "acme.azconfig.io", "key_id": "ab-l0-s0:x"}
        ),
        {
            "names": Reply(
                200,
                b'{"items": []}',
                {"Content-Type": "application/vnd.microsoft.appconfig.keyset+json; charset=utf-8"},
            )
        },
        {
            "wrong": Reply(
                401,
                b"",
                {"WWW-Authenticate": 'HMAC-SHA256 error="invalid_token" error_description="Invalid Signature", Bearer'},
            )
        },
        "azure-config",
        {"json of another": json_reply(200, {"items": []})},
    ),
    Case(
        "azure-signalr",
        lambda: credential("azure.signalr-access-key", key_of(32), {"host": "acme.service.signalr.net"}),
        {"no such user": Two(Reply(404), Reply(401, b"", _bearer("invalid_token")))},
        {"wrong": Reply(401, b"", _bearer("invalid_token"))},
        "azure-signalr",
        {"everybody": Reply(404)},
    ),
    Case(
        "azure-communication",
        lambda: credential("azure.communication-access-key", key_of(64), {"host": "acme.communication.azure.com"}),
        {"numbers": json_reply(200, {"phoneNumbers": []})},
        {"wrong": json_reply(401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})},
        "azure-communication",
    ),
    Case(
        "azure-ai",
        lambda: credential("azure.ai-services-key", made(32, _HEX), {"endpoint": "https://acme.openai.azure.com"}),
        {"models": json_reply(200, {"object": "list", "data": [{"id": "gpt"}]})},
        {
            "wrong": json_reply(
                401,
                {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API …"}},
            )
        },
        "azure-ai",
    ),
    Case(
        "alibaba",
        lambda: credential("alibaba.access-key-secret", made(30), {"access_key_id": "LTAI" + made(20)}),
        {"identity": json_reply(200, {"Arn": "acs:ram::1:user/x", "AccountId": "1", "UserId": "2"})},
        {
            "unknown": json_reply(404, {"Code": "InvalidAccessKeyId.NotFound", "Message": "no"}),
            "disabled": json_reply(400, {"Code": "InvalidAccessKeyId.Inactive", "Message": "no"}),
            "wrong": json_reply(400, {"Code": "SignatureDoesNotMatch", "Message": "no"}),
        },
        "alibaba",
        {"clock": json_reply(400, {"Code": "InvalidTimeStamp.Expired", "Message": "no"})},
    ),
    Case(
        "tencent",
        lambda: credential("tencent.secret-key", made(32), {"secret_id": "AKID" + made(32)}),
        {"identity": json_reply(200, {"Response": {"Arn": "qcs::cam:uin/1:x", "AccountId": "1", "UserId": "2"}})},
        {
            "unknown": json_reply(200, {"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound"}}}),
            "wrong": json_reply(200, {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}}),
        },
        "tencent",
        {"clock": json_reply(200, {"Response": {"Error": {"Code": "AuthFailure.SignatureExpire"}}})},
    ),
    Case(
        "huawei",
        lambda: credential("huawei.secret-access-key", made(40), {"access_key_id": made(20, string.ascii_uppercase)}),
        {"domains": json_reply(200, {"domains": [{"id": "1", "name": "acme"}], "links": {}})},
        {
            "unknown": json_reply(
                401,
                {
                    "error_code": "APIGW.0301",
                    "error_msg": "Incorrect IAM authentication information: Get secretKey failed,ak:x,err:ak not exist",
                },
            ),
            "wrong": json_reply(
                401,
                {
                    "error_code": "APIGW.0301",
                    "error_msg": "Incorrect IAM authentication information: verify aksk signature fail",
                },
            ),
        },
        "huawei",
        {"locked": json_reply(401, {"error_code": "APIGW.0301", "error_msg": "AK access failed to reach the limit"})},
    ),
    Case(
        "ovh",
        _ovh,
        {
            "credential": json_reply(200, {"credentialId": 1, "status": "validated", "rules": [{"method": "GET"}]}),
            "may not": Two(
                json_reply(403, {"errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted"}),
                json_reply(400, {"errorCode": "INVALID_SIGNATURE", "message": "Invalid signature"}),
            ),
        },
        {
            code: json_reply(403, {"errorCode": code, "message": "no"})
            for code in ("INVALID_KEY", "INVALID_CREDENTIAL", "INVALID_SIGNATURE")
        },
        "ovh",
        {"everybody": json_reply(403, {"errorCode": "NOT_GRANTED_CALL"})},
    ),
    Case(
        "kraken",
        lambda: credential("kraken.api-secret", key_of(64), {"api_key": made(56)}),
        {
            "balance": json_reply(200, {"error": [], "result": {"ZEUR": "0"}}),
            "may not": json_reply(200, {"error": ["EGeneral:Permission denied"]}),
        },
        {
            "unknown": json_reply(200, {"error": ["EAPI:Invalid key"]}),
            "wrong": json_reply(200, {"error": ["EAPI:Invalid signature"]}),
        },
        "kraken",
        {"nonce": json_reply(200, {"error": ["EAPI:Invalid nonce"]})},
    ),
    Case(
        "kucoin",
        lambda: credential("kucoin.api-secret", GUID, {"api_key": made(24, _HEX), "passphrase": "made up"}),
        {"key": json_reply(200, {"code": "200000", "data": {"apiKey": "x", "uid": 1, "permission": "General"}})},
        {"unknown": json_reply(401, {"code": "400003", "msg": "no"}), "wrong": json_reply(401, {"code": "400005"})},
        "kucoin",
        {"passphrase": json_reply(401, {"code": "400004", "msg": "Invalid KC-API-PASSPHRASE"})},
    ),
    Case(
        "coinbase",
        _cdp,
        {"permissions": json_reply(200, {"can_view": True, "can_trade": False, "portfolio_uuid": GUID})},
        {},
        "coinbase",
    ),
    Case(
        "twitter-oauth1",
        _twitter,
        {
            "account": json_reply(200, {"id_str": "1", "screen_name": "acme"}),
            "suspended": json_reply(403, {"errors": [{"code": 64, "message": "no"}]}),
        },
        {"expired": json_reply(401, {"errors": [{"code": 89, "message": "Invalid or expired token."}]})},
        "twitter",
        {"plan": json_reply(403, {"errors": [{"code": 453, "message": "no"}]})},
    ),
    Case(
        "mongodb-atlas",
        lambda: credential("mongodb.atlas-private-key", GUID, {"public_key": made(8, string.ascii_lowercase)}),
        {
            "orgs": _digest(
                Reply(
                    200,
                    b'{"results": [{"id": "1", "name": "acme"}], "totalCount": 1}',
                    {"Content-Type": "application/vnd.atlas.2023-01-01+json"},
                )
            ),
            "access list": _digest(json_reply(403, {"error": 403, "errorCode": "IP_ADDRESS_NOT_ON_ACCESS_LIST"})),
        },
        {"wrong": _digest(json_reply(401, {"error": 401, "reason": "Unauthorized", "errorCode": "X"}))},
        "mongodb",
    ),
    Case(
        "github-app",
        lambda: credential("privatekey.pem", rsa_pem(), {"app_id": "12345"}),
        {"app": json_reply(200, _APP)},
        {
            "wrong key": json_reply(
                401, {"message": "A JSON web token could not be decoded", "documentation_url": _DOCS}
            ),
            "no such app": json_reply(404, {"message": "Integration not found", "documentation_url": _DOCS}),
        },
        "github",
        {
            "clock": json_reply(
                401, {"message": "'Expiration time' claim ('exp') is too far in the future", "documentation_url": _DOCS}
            )
        },
    ),
    Case(
        "kubernetes",
        lambda: credential("kubernetes.kubeconfig-token", made(60), {"server": "https://k8s.acme.example:6443"}),
        {"review": json_reply(201, {"status": {"userInfo": {"username": "system:serviceaccount:ci:deployer"}}})},
        {"rejected": json_reply(401, {"kind": "Status", "status": "Failure", "reason": "Unauthorized", "code": 401})},
        "kubernetes",
        {"anonymous": json_reply(201, {"status": {"userInfo": {"username": "system:anonymous"}}})},
    ),
)
