# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from secrethunt.candidates.judge import FACT_NAMES
from secrethunt.facts import read_facts
from secrethunt.facts.certificates import certificate_facts
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.identity.offline import identify_offline
from secrethunt.records import Rule
from secrethunt.rulefile import read_rule_file
from secrethunt.ruleset import builtin_directory
from secrethunt.samples import sample_secret

SECRET = "secret:5e"
GUID, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"


@functools.cache
def rules(provider: str) -> Mapping[str, Rule]:
    return {rule.id: rule for rule, _ in read_rule_file(f"{builtin_directory()}/{provider}.yaml")}


def rule_of(name: str) -> Rule:
    return rules(name.partition(".")[0])[name]


def items(name: str, text: bytes, *, parts: Mapping[str, str] | None = None) -> list[Node | Edge]:
    """What is told of the secret that the rule finds in *text*, with the companions that its rule finds there."""
    rule = rule_of(name)
    match = re.search(rule.pattern.encode(), text)
    assert match is not None
    facts = {key: value.decode() for key, value in match.groupdict().items() if key in FACT_NAMES and value}
    facts.update(dict(reversed(read_facts(rule.id, match["secret"], match.group()))))
    beside = dict(parts or {})
    for part in rule.parts:
        if part.pattern and (found := re.search(part.pattern.encode(), text)):
            beside[part.name] = (found.groupdict().get("value") or found.group()).decode()
    return list(identify_offline(SECRET, rule, facts, beside, value=match["secret"]))


def told(found: list[Node | Edge]) -> set[tuple[str, str]]:
    """Edges that leave the secret: (kind, target)."""
    return {(item.kind.value, item.target) for item in found if isinstance(item, Edge) and item.source == SECRET}


def b64(data: object) -> bytes:
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def token(claims: dict[str, object]) -> bytes:
    return b".".join([b64({"alg": "RS256", "typ": "JWT"}), b64(claims), b64(bytes(range(100, 220)))])


def sample(name: str) -> str:
    return sample_secret(rule_of(name)).decode()


CLAIMS: list[tuple[str, dict[str, object], set[tuple[str, str]]]] = [
    (
        "GitHub, 'OpenID Connect reference', example token",
        {
            "iss": "https://token.actions.githubusercontent.com",
            "sub": "repo:octo-org/octo-repo:environment:prod",
            "repository": "Octo-Org/octo-repo",
            "repository_owner": "octo-org",
            "job_workflow_ref": "Octo-Org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
            "environment": "prod",
        },
        {
            ("IN_ACCOUNT", "github:org:octo-org"),
            ("AUTHENTICATES_AS", "github:workflow:octo-org/octo-repo/.github/workflows/deploy.yml"),
            ("IN_ENVIRONMENT", "github:environment:octo-org/octo-repo/prod"),
            ("ISSUED_BY", "oidc:issuer:token.actions.githubusercontent.com"),
        },
    ),
    (
        "GitLab, 'ID token authentication', token payload",
        {
            "iss": "https://gitlab.acme.dev",
            "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
            "namespace_path": "my-group",
            "project_path": "my-group/my-project",
        },
        {
            ("IN_ACCOUNT", "gitlab:gitlab.acme.dev:group:my-group"),
            ("AUTHENTICATES_AS", "gitlab:gitlab.acme.dev:project:my-group/my-project"),
            ("ISSUED_BY", "oidc:issuer:gitlab.acme.dev"),
        },
    ),
    (
        "Kubernetes, 'Managing Service Accounts', bound token on EKS",
        {
            "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "ci", "uid": GUID}},
        },
        {
            ("IN_ACCOUNT", "k8s:cluster:eks-0123456789abcdef0123456789abcdef"),
            ("AUTHENTICATES_AS", "k8s:eks-0123456789abcdef0123456789abcdef:service-account:shop/ci"),
        },
    ),
    (
        "Microsoft, 'Access token claims reference', an application",
        {"iss": f"https://sts.windows.net/{GUID}/", "tid": GUID, "appid": OTHER, "oid": GUID, "idtyp": "app"},
        {
            ("IN_ACCOUNT", f"azure:tenant:{GUID}"),
            ("AUTHENTICATES_AS", f"azure:service-principal:{GUID}"),
            ("AUTHENTICATES_AS", f"azure:app:{OTHER}"),
            ("ISSUED_BY", f"oidc:issuer:sts.windows.net/{GUID}"),
        },
    ),
    (
        "Microsoft, the same for a user: the application only asked for the token",
        {
            "iss": f"https://login.microsoftonline.com/{GUID}/v2.0",
            "tid": GUID,
            "azp": OTHER,
            "oid": GUID,
            "upn": "a@b.c",
        },
        {
            ("IN_ACCOUNT", f"azure:tenant:{GUID}"),
            ("AUTHENTICATES_AS", f"azure:user:{GUID}"),
            ("ISSUED_BY", f"azure:app:{OTHER}"),
            ("ISSUED_BY", f"oidc:issuer:login.microsoftonline.com/{GUID}/v2.0"),
        },
    ),
    (
        "Google, 'OpenID Connect', an ID token of a service account",
        {"iss": "https://accounts.google.com", "email": "ci@acme-prod.iam.gserviceaccount.com", "sub": "1"},
        {
            ("IN_ACCOUNT", "gcp:project:acme-prod"),
            ("AUTHENTICATES_AS", "gcp:service-account:ci@acme-prod.iam.gserviceaccount.com"),
            ("ISSUED_BY", "oidc:issuer:accounts.google.com"),
        },
    ),
    (
        "Okta, client credentials",
        {"iss": "https://acme.okta.com/oauth2/default", "cid": "0oa1", "sub": "0oa1"},
        {
            ("IN_ACCOUNT", "okta:account:acme.okta.com"),
            ("AUTHENTICATES_AS", "okta:app:0oa1"),
            ("ISSUED_BY", "oidc:issuer:acme.okta.com/oauth2/default"),
        },
    ),
    (
        "Auth0, 'Access token profiles', client credentials",
        {"iss": "https://acme.eu.auth0.com/", "azp": "my_client_id", "sub": "my_client_id@clients"},
        {
            ("IN_ACCOUNT", "auth0:account:acme.eu.auth0.com"),
            ("AUTHENTICATES_AS", "auth0:client:my_client_id"),
            ("ISSUED_BY", "oidc:issuer:acme.eu.auth0.com"),
        },
    ),
    (
        "Amazon Cognito",
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", "sub": "s", "username": "alice"},
        {
            ("IN_ACCOUNT", "cognito:account:eu-west-1_abc"),
            ("AUTHENTICATES_AS", "cognito:user:eu-west-1_abc/alice"),
            ("ISSUED_BY", "oidc:issuer:cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"),
        },
    ),
    (
        "Firebase, 'Verify ID tokens'",
        {"iss": "https://securetoken.google.com/acme-app", "sub": "u1", "user_id": "u1"},
        {
            ("IN_ACCOUNT", "firebase:account:acme-app"),
            ("AUTHENTICATES_AS", "firebase:user:acme-app/u1"),
            ("ISSUED_BY", "oidc:issuer:securetoken.google.com/acme-app"),
        },
    ),
    (
        "Supabase, the legacy service key",
        {"iss": "supabase", "ref": "abcdefghijklmnopqrst", "role": "service_role"},
        {
            ("IN_ACCOUNT", "supabase:account:abcdefghijklmnopqrst"),
            ("AUTHENTICATES_AS", "supabase:role:abcdefghijklmnopqrst/service_role"),
            ("ISSUED_BY", "oidc:issuer:supabase"),
        },
    ),
    (
        "HCP Terraform, 'Workload identity'",
        {
            "iss": "https://app.terraform.io",
            "sub": "organization:acme:project:p:workspace:w:run_phase:apply",
            "terraform_organization_name": "acme",
            "terraform_workspace_name": "w",
        },
        {
            ("IN_ACCOUNT", "terraform:account:acme"),
            ("AUTHENTICATES_AS", "terraform:workspace:acme/w"),
            ("ISSUED_BY", "oidc:issuer:app.terraform.io"),
        },
    ),
    (
        "Buildkite, 'Agent oidc'",
        {"iss": "https://agent.buildkite.com", "organization_slug": "acme", "pipeline_slug": "deploy", "sub": "x"},
        {
            ("IN_ACCOUNT", "buildkite:account:acme"),
            ("AUTHENTICATES_AS", "buildkite:pipeline:acme/deploy"),
            ("ISSUED_BY", "oidc:issuer:agent.buildkite.com"),
        },
    ),
    (
        "CircleCI, 'Using OpenID Connect tokens in jobs'",
        {"iss": f"https://oidc.circleci.com/org/{GUID}", "sub": f"org/{GUID}/project/p/user/u"},
        {
            ("IN_ACCOUNT", f"circleci:account:{GUID}"),
            ("AUTHENTICATES_AS", f"circleci:user:{GUID}/org/{GUID}/project/p/user/u"),
            ("ISSUED_BY", f"oidc:issuer:oidc.circleci.com/org/{GUID}"),
        },
    ),
    (
        "RFC 7519, section 3.1, with a subject: an issuer that nobody knows",
        {"iss": "https://id.acme.dev", "sub": "robot"},
        {("AUTHENTICATES_AS", "oidc:user:id.acme.dev/robot"), ("ISSUED_BY", "oidc:issuer:id.acme.dev")},
    ),
]


@pytest.mark.parametrize(("claims", "expected"), [pytest.param(c, e, id=source[:40]) for source, c, e in CLAIMS])
def test_claims_name_the_identity_by_their_issuer(claims: dict[str, object], expected: set[tuple[str, str]]) -> None:
    assert expected == told(items("jwt.token", token(claims)))


def test_legacy_kubernetes_token_names_the_secret_that_holds_it() -> None:
    claims: dict[str, object] = {
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "shop",
        "kubernetes.io/serviceaccount/service-account.name": "ci",
        "kubernetes.io/serviceaccount/secret.name": "ci-token",
    }
    found = items("jwt.token", token(claims))
    assert ("AUTHENTICATES_AS", "k8s:unknown:service-account:shop/ci") in told(found)
    stores = [item.source for item in found if isinstance(item, Edge) and item.kind is EdgeKind.STORES]
    assert ["k8s:unknown:secret:shop/ci-token"] == stores


AWS_ID = "ASIA" + "QNZGKIQY56JQ7WML"
"""A. Steele and T. Be'ery, "A short note on AWS key ID": this id is of account 029608264753."""

TEXTS: list[tuple[str, str, set[tuple[str, str]]]] = [
    (
        "slack.incoming-webhook",
        "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/@key@",
        {("IN_ACCOUNT", "slack:account:T0ABCDEFG"), ("CAN_ACCESS", "slack:webhook:B0ABCDEFG")},
    ),
    (
        "discord.webhook-url",
        "https://discord.com/api/webhooks/123456789012345678/@key@",
        {("CAN_ACCESS", "discord:webhook:123456789012345678")},
    ),
    (
        "aws.temporary-access-key-id",
        AWS_ID,
        {("IN_ACCOUNT", "aws:account:029608264753"), ("DUPLICATE_OF", f"aws:access-key:{AWS_ID}")},
    ),
    (
        "postgres.connection-uri",
        "postgresql://app:@pw@@DB.corp.internal:6543/shop",
        {
            ("IN_ACCOUNT", "postgresql:db.corp.internal:6543:server"),
            ("AUTHENTICATES_AS", "postgresql:db.corp.internal:6543:role:app"),
        },
    ),
    (
        "mysql.connection-uri",
        "mysql://app:@pw@@db.corp.internal/shop",
        {
            ("IN_ACCOUNT", "mysql:db.corp.internal:3306:server"),
            ("AUTHENTICATES_AS", "mysql:db.corp.internal:3306:role:app"),
        },
    ),
    (
        "mongodb.connection-uri",
        "mongodb+srv://app:@pw@@c0.abcde.mongodb.net/shop",
        {
            ("IN_ACCOUNT", "mongodb:c0.abcde.mongodb.net:27017:server"),
            ("AUTHENTICATES_AS", "mongodb:c0.abcde.mongodb.net:27017:role:app"),
        },
    ),
    (
        "redis.connection-uri",
        "rediss://:@pw@@cache.corp.internal:6380/0",
        {
            ("IN_ACCOUNT", "redis:cache.corp.internal:6380:server"),
            ("AUTHENTICATES_AS", "redis:cache.corp.internal:6380:role:default"),
        },
    ),
    (
        "rabbitmq.connection-uri",
        "amqps://app:@pw@@mq.corp.internal:5671/vhost",
        {
            ("IN_ACCOUNT", "rabbitmq:mq.corp.internal:5671:server"),
            ("AUTHENTICATES_AS", "rabbitmq:mq.corp.internal:5671:role:app"),
        },
    ),
    (
        "ldap.connection-uri",
        "ldaps://svc:@pw@@dc.corp.internal:636/",
        {
            ("IN_ACCOUNT", "ldap:dc.corp.internal:636:server"),
            ("AUTHENTICATES_AS", "ldap:dc.corp.internal:636:role:svc"),
        },
    ),
    (
        "smtp.connection-uri",
        "smtps://svc:@pw@@mail.corp.internal:465",
        {
            ("IN_ACCOUNT", "smtp:mail.corp.internal:465:server"),
            ("AUTHENTICATES_AS", "smtp:mail.corp.internal:465:role:svc"),
        },
    ),
    (
        "uri.userinfo-password",
        "https://deploy:@pw@@git.corp.internal/x.git",
        {("IN_ACCOUNT", "host:account:git.corp.internal"), ("AUTHENTICATES_AS", "host:user:git.corp.internal/deploy")},
    ),
    (
        "netrc.password",
        "machine git.corp.internal login deploy password @pw@",
        {("IN_ACCOUNT", "host:account:git.corp.internal"), ("AUTHENTICATES_AS", "host:user:git.corp.internal/deploy")},
    ),
    (
        "azure.account-connection-key",
        "DefaultEndpointsProtocol=https;AccountName=acmestore;AccountKey=@key@;",
        {("CAN_ACCESS", "azure:storage-account:acmestore")},
    ),
    (
        "azure.account-connection-key",
        "AccountEndpoint=https://acmedb.documents.azure.com:443/;AccountKey=@key@;",
        {("CAN_ACCESS", "azure:cosmos-db:acmedb")},
    ),
    (
        "azure.shared-access-key",
        "Endpoint=sb://acmebus.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@key@",
        {("CAN_ACCESS", "azure:messaging-namespace:acmebus")},
    ),
    (
        "azure.app-configuration-secret",
        "Endpoint=https://acme.azconfig.io;Id=x-l0-s0:abc;Secret=@key@",
        {("CAN_ACCESS", "azure:app-configuration:acme")},
    ),
    (
        "azure.signalr-access-key",
        "Endpoint=https://acmehub.service.signalr.net;AccessKey=@key@;Version=1.0;",
        {("CAN_ACCESS", "azure:signalr:acmehub")},
    ),
    (
        "azure.communication-access-key",
        "endpoint=https://acme.communication.azure.com/;accesskey=@key@",
        {("CAN_ACCESS", "azure:communication-service:acme")},
    ),
    (
        "azure.logic-app-url",
        "https://prod-12.westeurope.logic.azure.com:443/workflows/" + "0a" * 16 + "/triggers/manual/paths/invoke"
        "?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=@key@",
        {("CAN_ACCESS", "azure:workflow:" + "0a" * 16)},
    ),
    (
        "microsoftteams.webhook",
        f"https://acme.webhook.office.com/webhookb2/{GUID}@{OTHER}/IncomingWebhook/" + "0a" * 16 + f"/{GUID}",
        {("IN_ACCOUNT", f"azure:tenant:{OTHER}"), ("CAN_ACCESS", f"azure:group:{GUID}")},
    ),
    ("sendgrid.api-key", "SG.abcdefghijklmnopqrstuv.@key@", {("DUPLICATE_OF", "sendgrid:key:abcdefghijklmnopqrstuv")}),
    (
        "cloudinary.url",
        "cloudinary://123456789012345:@key@@acme",
        {("IN_ACCOUNT", "cloudinary:account:acme"), ("DUPLICATE_OF", "cloudinary:key:123456789012345")},
    ),
    (
        "zapier.webhook",
        "https://hooks.zapier.com/hooks/catch/1234567/b2c3d4e/",
        {("IN_ACCOUNT", "zapier:account:1234567")},
    ),
    (
        "shopify.access-token",
        "shop: acme.myshopify.com\ntoken: @key@",
        {("IN_ACCOUNT", "shopify:account:acme.myshopify.com")},
    ),
    ("asana.bearer-token", "Bearer 1/123456789012345:@key@", {("AUTHENTICATES_AS", "asana:user:123456789012345")}),
]


def filled(name: str, text: str) -> bytes:
    """*text* with a password, or with as much of a sample as the rule's pattern takes there."""
    text = text.replace("@pw@", "zT9-" + "vQ4xLr" + "8wKp2m")
    if "@key@" not in text:
        return text.encode()
    value = sample(name)
    letters = "b7Xc9Kd2Lm5Qz8RtV3wY6nHj4Gf1"
    for candidate in (*re.split(r"[/.:|]|-(?=us\d)|(?<=\d)-", value)[::-1], value):
        if "slack" in candidate:
            continue
        tried = text.replace("@key@", candidate).encode()
        if re.search(rule_of(name).pattern.encode(), tried):
            return tried
    for size in range(16, 90):
        tried = text.replace("@key@", (letters * 4)[:size]).encode()
        if re.search(rule_of(name).pattern.encode(), tried):
            return tried
    raise AssertionError(f"no value of {name} fits {text}")


SAMPLES: list[tuple[str, str, set[tuple[str, str]]]] = [
    ("slack.app-token", r"xapp-\d-(A\w+)-", {("AUTHENTICATES_AS", "slack:app:{0}")}),
    ("slack.bot-token", r"xoxb-(\d+)-", {("IN_ACCOUNT", "slack:account:{0}")}),
    ("telegram.bot-token", r"(\d+):", {("AUTHENTICATES_AS", "telegram:user:{0}")}),
    ("mailchimp.api-key", r"\w+-(us\d+)", {("IN_ACCOUNT", "mailchimp:datacenter:{0}")}),
    ("airtable.personal-access-token", r"(pat\w+)\.", {("DUPLICATE_OF", "airtable:token:{0}")}),
    ("facebook.app-access-token", r"(\d+)", {("AUTHENTICATES_AS", "facebook:app:{0}")}),
    ("twitter.access-token", r"(\d+)-", {("AUTHENTICATES_AS", "twitter:user:{0}")}),
]


@pytest.mark.parametrize(("name", "pattern", "expected"), [pytest.param(*row, id=row[0]) for row in SAMPLES])
def test_ids_in_clear_inside_a_token_name_its_identity(name: str, pattern: str, expected: set[tuple[str, str]]) -> None:
    value = sample(name)
    match = re.search(pattern, value)
    assert match is not None
    rule = rule_of(name)
    facts = dict(read_facts(name, value.encode(), value.encode()))
    found = list(identify_offline(SECRET, rule, facts, {}, value=value.encode()))
    assert {(kind, key.format(*match.groups())) for kind, key in expected} == told(found)


def facts_of(rule: str, value: bytes) -> set[tuple[str, str]]:
    return told(list(identify_offline(SECRET, rule_of(rule), dict(read_facts(rule, value, value)), {}, value=value)))


def packed(value: object) -> bytes:
    """MessagePack of small values, as Fly's tokens have them."""
    if isinstance(value, dict):
        return bytes([0x80 + len(value)]) + b"".join(packed(key) + packed(item) for key, item in value.items())
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(packed(item) for item in value)
    if isinstance(value, bytes):
        return b"\xd9" + bytes([len(value)]) + value
    return b"\xce" + int(str(value)).to_bytes(4, "big")


def test_macaroon_of_fly_names_organisation_user_and_apps() -> None:
    caveats = [0, [4711, 31], 3, [{815: 31}], 4, [1600000000, 1700000000], 8, [42]]
    value = b"fm2_" + base64.b64encode(packed([[b"kid", b"rnd"], b"https://api.fly.io/v1", caveats, b"tail"]))
    assert {
        ("IN_ACCOUNT", "flyio:organization:4711"),
        ("AUTHENTICATES_AS", "flyio:user:42"),
        ("CAN_ACCESS", "flyio:app:815"),
    } == facts_of("flyio.macaroon", value)
    assert "2023-11-14T22:13:20Z" == dict(read_facts("flyio.macaroon", value, value))["expires"]


@pytest.mark.parametrize("cut", [1, 5, 20, 40])
def test_macaroon_that_is_cut_says_nothing_of_an_owner(cut: int) -> None:
    value = b"fm2_" + base64.b64encode(packed([[b"kid"], b"https://api.fly.io/v1", [0, [4711, 31]], b"tail"])[:cut])
    assert set() == facts_of("flyio.macaroon", value)


def test_nesting_without_end_in_a_macaroon_is_left() -> None:
    value = b"fm2_" + base64.b64encode(b"\x91" * 30000)
    assert set() == facts_of("flyio.macaroon", value)


def test_secured_key_of_algolia_tells_its_restrictions() -> None:
    plain = b"0a" * 32 + b"restrictIndices=products&userToken=u7&validUntil=1700000000"
    value = base64.b64encode(plain)
    assert {("AUTHENTICATES_AS", "algolia:user:u7"), ("CAN_ACCESS", "algolia:index:products")} == facts_of(
        "algolia.header-key", value
    )
    assert "2023-11-14T22:13:20Z" == dict(read_facts("algolia.header-key", value, value))["expires"]


PAYLOADS: list[tuple[str, bytes, set[tuple[str, str]]]] = [
    ("dynatrace.token", b"dt0c01." + b"AB" * 12 + b".x", {("DUPLICATE_OF", "dynatrace:token:dt0c01." + "AB" * 12)}),
    (
        "sentry.organization-token",
        b"sntrys_" + b64({"iat": 1600000000, "url": "https://sentry.io", "region_url": "r", "org": "acme"}) + b"_x",
        {("IN_ACCOUNT", "sentry:organization:acme")},
    ),
    (
        "grafana.cloud-access-policy-token",
        b"glc_" + b64({"o": "652992", "n": "ci", "k": "x", "m": {"r": "eu"}}),
        {("IN_ACCOUNT", "grafana:organization:652992"), ("AUTHENTICATES_AS", "grafana:token:ci")},
    ),
    (
        "1password.service-account-token",
        b"ops_" + b64({"signInAddress": "acme.1password.com", "email": "x@1passwordserviceaccounts.com"}),
        {
            ("IN_ACCOUNT", "1password:account:acme.1password.com"),
            ("AUTHENTICATES_AS", "1password:service-account:x@1passwordserviceaccounts.com"),
        },
    ),
    (
        "mapbox.secret-token",
        b"sk." + b64({"u": "acme", "a": "ck1"}) + b".x",
        {
            ("IN_ACCOUNT", "mapbox:account:acme"),
            ("AUTHENTICATES_AS", "mapbox:user:acme"),
            ("DUPLICATE_OF", "mapbox:token:ck1"),
        },
    ),
    (
        "gitlab.personal-access-token-routable",
        b"glpat-" + b64(b"c:1\no:2s\nu:1z\n") + b".01.1",
        {("IN_ACCOUNT", "gitlab:gitlab.com:organization:100"), ("AUTHENTICATES_AS", "gitlab:gitlab.com:user:71")},
    ),
    (
        "google.service-account-key",
        json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": "k1",
                "client_email": "ci@acme.iam.gserviceaccount.com",
            }
        ).encode(),
        {
            ("IN_ACCOUNT", "gcp:project:acme"),
            ("AUTHENTICATES_AS", "gcp:service-account:ci@acme.iam.gserviceaccount.com"),
            ("DUPLICATE_OF", "gcp:service-account-key:k1"),
        },
    ),
    (
        "discord.bot-token",
        b64(b"123456789012345678") + b".x.y",
        {("AUTHENTICATES_AS", "discord:user:123456789012345678")},
    ),
    (
        "cloudflare.tunnel-token",
        base64.b64encode(json.dumps({"a": "acc", "t": "tun", "s": "x"}, separators=(",", ":")).encode()),
        {("IN_ACCOUNT", "cloudflare:account:acc"), ("CAN_ACCESS", "cloudflare:tunnel:tun")},
    ),
    (
        "aws.bedrock-api-key",
        b"ABSK" + base64.b64encode(b"BedrockAPIKey-ab1c-at-123456789012:x"),
        {
            ("IN_ACCOUNT", "aws:account:123456789012"),
            ("AUTHENTICATES_AS", "aws:arn:aws:iam::123456789012:user/BedrockAPIKey-ab1c-at-123456789012"),
        },
    ),
]


@pytest.mark.parametrize(("rule", "value", "expected"), [pytest.param(*row, id=row[0]) for row in PAYLOADS])
def test_payload_of_a_token_names_its_identity(rule: str, value: bytes, expected: set[tuple[str, str]]) -> None:
    provider = rule.partition(".")[0]
    known = rules(provider)
    found = known.get(rule) or next(iter(known.values()))
    facts = dict(read_facts(rule, value, value))
    if rule.startswith("google"):
        from secrethunt.facts.cloud import google_key_file

        facts = dict(google_key_file(value, value))
    assert expected == told(list(identify_offline(SECRET, found, facts, {}, value=value)))


def test_what_stands_near_a_secret_is_only_conditional() -> None:
    account = "AC" + "0a" * 16
    value = sample("twilio.auth-token")
    edges = [
        item
        for item in identify_offline(
            SECRET, rule_of("twilio.auth-token"), {}, {"account_sid": account}, value=value.encode()
        )
        if isinstance(item, Edge)
    ]
    assert [("IN_ACCOUNT", f"twilio:account:{account}", EdgeStatus.CONDITIONAL)] == [
        (edge.kind.value, edge.target, edge.status) for edge in edges
    ]
    assert "stands near" in edges[0].detail


def test_token_of_github_is_known_by_its_hash() -> None:
    name = "github.personal-access-token"
    value = sample(name).encode()
    digest = base64.b64encode(hashlib.sha256(value).digest()).decode()
    assert {("DUPLICATE_OF", f"github:token:{digest}")} == facts_of(name, value)


def test_signature_opens_what_its_letters_allow() -> None:
    rule = rule_of("azure.storage-sas")
    found = identify_offline(SECRET, rule, {"permissions": "rl"}, {"host": "acme.blob.core.windows.net"})
    assert [Access.READ] == [item.access for item in found if isinstance(item, Edge)]


def test_private_key_is_joined_by_its_fingerprint() -> None:
    rule = rule_of("privatekey.pem")
    found = list(
        identify_offline(SECRET, rule, {"fingerprint": "SHA256:abc", "algorithm": "RSA 2048"}, {"app_id": "77"})
    )
    assert {("DUPLICATE_OF", "ssh:key:SHA256:abc"), ("AUTHENTICATES_AS", "github:app:77")} == told(found)


def certificate(user: str, group: str) -> bytes:
    """A client certificate, made for this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), x509.NameAttribute(NameOID.COMMON_NAME, user)]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=365))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_client_certificate_beside_a_key_names_user_group_and_end() -> None:
    pem = base64.b64encode(certificate("kubernetes-admin", "system:masters")).decode()
    text = f"server: https://k8s.acme.dev:6443\nclient-certificate-data: {pem}\nclient-key-data: @key@\n"
    found = items("kubernetes.client-key", filled("kubernetes.client-key", text))
    assert {
        ("IN_ACCOUNT", "k8s:cluster:k8s.acme.dev"),
        ("AUTHENTICATES_AS", "k8s:k8s.acme.dev:user:kubernetes-admin"),
    } == told(found)
    user = next(item for item in found if isinstance(item, Node) and item.kind is NodeKind.IDENTITY)
    assert ("kubernetes", "2024-12-31T00:00:00Z") == (user.properties["issuer"], user.properties["expires"])
    member = next(item for item in found if isinstance(item, Edge) and item.kind is EdgeKind.MEMBER_OF)
    assert "k8s:k8s.acme.dev:group:system:masters" == member.target


@pytest.mark.parametrize("cut", range(0, 700, 41))
def test_certificate_that_is_cut_raises_nothing(cut: int) -> None:
    pem = certificate("u", "g")
    assert 4 >= len(list(certificate_facts(pem[:cut] + b"-----END CERTIFICATE-----")))


def test_no_secret_and_no_own_node_is_told() -> None:
    for _, claims, _ in CLAIMS:
        value = token(claims)
        for item in items("jwt.token", value):
            assert value.decode() not in repr(item)
            assert not isinstance(item, Node) or item.key != SECRET
            assert not isinstance(item, Edge) or item.known is Known.OFFLINE


def test_secret_that_says_nothing_yields_nothing() -> None:
    assert [] == list(identify_offline(SECRET, rule_of("openai.api-key"), {"kind": "project key"}, {}))


def test_server_in_an_account_and_its_database_are_in_reach_of_the_role() -> None:
    found = items(
        "postgres.connection-uri", filled("postgres.connection-uri", "postgresql://app:@pw@@db.corp.internal/shop")
    )
    reached = [item.target for item in found if isinstance(item, Edge) and item.kind is EdgeKind.CAN_ACCESS]
    assert ["postgresql:db.corp.internal:5432:database:shop"] == reached
    assert 1 == sum(isinstance(item, Node) and item.kind is NodeKind.IDENTITY for item in found)


@pytest.mark.parametrize(
    ("name", "text", "expected"), [pytest.param(*row, id=f"{row[0]}-{n}") for n, row in enumerate(TEXTS)]
)
def test_secret_in_its_text_names_its_identity(name: str, text: str, expected: set[tuple[str, str]]) -> None:
    assert expected == told(items(name, filled(name, text)))
