# SPDX-License-Identifier: Apache-2.0
"""Which flows there are: name, code, extra, and all that each may ask. Plain data, so that listing imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow."""

    target: str
    """Module and function: `package.module:function`."""
    endpoints: tuple[str, ...]
    """All it may ask: method and URL, what comes from the credential in braces; `SSH host:port` for that protocol."""
    extra: str = ""
    """Extra of this package that it needs, or empty."""
    control: bool = True
    """Whether a random credential of the same shape may be tried: False where that locks an account or costs."""


_HERE = "secrethunt.validate.flows."

_STS = "/?Action=GetCallerIdentity"
_AWS = (
    "POST https://sts.us-east-1.amazonaws.com" + _STS,
    "POST https://sts.us-gov-west-1.amazonaws.com" + _STS,
    "POST https://sts.cn-north-1.amazonaws.com.cn" + _STS,
)
_S3 = (
    "GET https://nyc3.digitaloceanspaces.com/",
    "GET https://s3.us.cloud-object-storage.appdomain.cloud/",
    "GET https://storage.yandexcloud.net/",
    "GET https://storage.googleapis.com/",
    "GET https://s3.fr-par.scw.cloud/",
    "GET https://s3.wasabisys.com/",
    *(
        f"GET https://{{{{endpoint}}}}.{domain}/"
        for domain in (
            "digitaloceanspaces.com",
            "r2.cloudflarestorage.com",
            "cloud-object-storage.appdomain.cloud",
            "scw.cloud",
            "wasabisys.com",
            "backblazeb2.com",
            "linodeobjects.com",
            "vultrobjects.com",
            "cloud.ovh.net",
        )
    ),
    "GET https://{{endpoint}}/",
)
_ACCOUNT = "{{account}}.{{service}}.core.{{cloud}}"

FLOWS: dict[str, Entry] = {
    "aws": Entry(
        _HERE + "aws:caller_identity",
        _AWS,
        "aws",
    ),
    "aws-cognito": Entry(
        _HERE + "amazon:cognito_client", ("POST https://cognito-idp.{{region}}.amazonaws.com/",), control=False
    ),
    "amazon-token": Entry(
        _HERE + "amazon:login_token", ("GET https://api.amazon.com/auth/o2/tokeninfo?access_token={{secret}}",)
    ),
    "aws-ses-smtp": Entry(_HERE + "ses:smtp_password", ("SMTPS email-smtp.{{region}}.amazonaws.com:465",)),
    "s3": Entry(
        _HERE + "s3:list_buckets",
        _S3,
        "aws",
    ),
    "aws-or-s3": Entry(_HERE + "amazon:key_of_any_vendor", (*_AWS, *_S3), "aws"),
    "google-service-account": Entry(
        _HERE + "google:service_account", ("POST https://oauth2.googleapis.com/token",), "jwt"
    ),
    "google-api-key": Entry(
        _HERE + "google:api_key",
        (
            "GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1",
            "GET https://translation.googleapis.com/language/translate/v2/languages",
            "GET https://youtube.googleapis.com/youtube/v3/i18nLanguages?part=id",
            "GET https://identitytoolkit.googleapis.com/v1/projects",
        ),
    ),
    "azure-entra": Entry(
        _HERE + "entra:client_secret", ("POST https://login.microsoftonline.com/{{tenant_id}}/oauth2/v2.0/token",)
    ),
    "azure-account-key": Entry(
        _HERE + "azure_storage:account_key",
        ("GET https://{{account}}.blob.core.{{cloud}}/?comp=list", "GET https://{{account}}.documents.azure.com/"),
    ),
    "azure-storage-sas": Entry(
        _HERE + "azure_storage:shared_access",
        (
            f"GET https://{_ACCOUNT}/?sig={{{{secret}}}}",
            f"GET https://{_ACCOUNT}/{{{{path}}}}?sig={{{{secret}}}}",
            f"HEAD https://{_ACCOUNT}/{{{{path}}}}?sig={{{{secret}}}}",
        ),
    ),
    "azure-bus-key": Entry(
        _HERE + "azure_bus:shared_access_key",
        (
            "GET https://{{namespace}}.servicebus.windows.net/$namespaceinfo",
            "GET https://{{namespace}}.servicebus.windows.net/{{entity}}",
            "GET https://{{hub}}.azure-devices.net/statistics/devices",
        ),
    ),
    "azure-bus-sas": Entry(
        _HERE + "azure_bus:shared_access_signature",
        (
            "GET https://{{namespace}}.servicebus.windows.net/$namespaceinfo",
            "GET https://{{namespace}}.servicebus.windows.net/{{entity}}",
        ),
    ),
    "azure-app-configuration": Entry(_HERE + "azure_config:access_key", ("GET https://{{store}}.azconfig.io/keys",)),
    "azure-signalr": Entry(
        _HERE + "azure_keys:signalr",
        (
            "HEAD https://{{host}}.service.signalr.net/api/v1/hubs/secrethunt/users/secrethunt",
            "HEAD https://{{host}}.webpubsub.azure.com/api/hubs/secrethunt/users/secrethunt",
        ),
    ),
    "azure-communication": Entry(
        _HERE + "azure_keys:communication", ("GET https://{{resource}}.communication.azure.com/phoneNumbers",)
    ),
    "azure-ai": Entry(
        _HERE + "azure_keys:ai_services",
        (
            "GET https://{{resource}}.openai.azure.com/openai/models",
            "GET https://{{resource}}.cognitiveservices.azure.com/formrecognizer/info",
            "GET https://{{resource}}.api.cognitive.microsoft.com/formrecognizer/info",
        ),
    ),
    "alibaba": Entry(_HERE + "clouds:alibaba", ("POST https://sts.aliyuncs.com" + _STS,)),
    "tencent": Entry(_HERE + "clouds:tencent", ("POST https://sts.tencentcloudapi.com" + _STS,)),
    # Huawei locks a key for minutes after a few wrong signatures.
    "huawei": Entry(_HERE + "clouds:huawei", ("GET https://iam.myhuaweicloud.com/v3/auth/domains",), control=False),
    "ovh": Entry(
        _HERE + "ovh:application",
        tuple(
            f"GET https://{host}/1.0/auth/currentCredential"
            for host in ("eu.api.ovh.com", "ca.api.ovh.com", "api.us.ovhcloud.com")
        ),
    ),
    "kraken": Entry(_HERE + "exchanges:kraken", ("POST https://api.kraken.com/0/private/Balance",)),
    "kucoin": Entry(_HERE + "exchanges:kucoin", ("GET https://api.kucoin.com/api/v1/user/api-key",)),
    "coinbase": Entry(
        _HERE + "exchanges:coinbase", ("GET https://api.coinbase.com/api/v3/brokerage/key_permissions",), "jwt"
    ),
    "twitter-oauth1": Entry(
        _HERE + "oauth1:twitter", ("GET https://api.twitter.com/1.1/account/verify_credentials.json",)
    ),
    "mongodb-atlas": Entry(_HERE + "digest:atlas", ("GET https://cloud.mongodb.com/api/atlas/v2/orgs",)),
    "github-app": Entry(_HERE + "github_app:app_key", ("GET https://api.github.com/app",), "jwt"),
    "kubernetes": Entry(
        _HERE + "kubernetes:check", ("POST https://{{host}}:{{port}}/apis/authentication.k8s.io/v1/selfsubjectreviews",)
    ),
    "private-key": Entry(
        _HERE + "git_ssh:deploy_key",
        ("GET https://api.github.com/app", "SSH github.com:22", "SSH gitlab.com:22", "SSH bitbucket.org:22"),
        "ssh",
        control=False,
    ),
    "jwt": Entry(
        _HERE + "jwks:issued_token",
        (
            "GET https://accounts.google.com/{{issuer}}/.well-known/openid-configuration",
            "GET https://{{issuer}}/.well-known/openid-configuration",
            "GET https://{{issuer}}/{{jwks_uri}}",
        ),
        "jwt",
    ),
}
"""By the name that rules give."""
