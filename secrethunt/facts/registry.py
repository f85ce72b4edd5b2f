# SPDX-License-Identifier: Apache-2.0
"""
Owns which decoder reads which credential: by how the value begins, whatever rule found it, or by the rule where only
that knows. A decoder sees the value and the rule's match and nothing else, so that the same bytes say the same wherever
they stand (`candidates/judge.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from secrethunt.facts import algolia, cloud, connections, fly, keys, services, tokens, webhooks
from secrethunt.facts.prefixes import KINDS
from secrethunt.facts.reading import Fact

Decoder = Callable[[bytes, bytes], Iterator[Fact]]
"""From (value, match) to facts."""

_BY_PREFIX: tuple[tuple[bytes, Decoder], ...] = (
    (b"AKIA", cloud.aws_key_id),
    (b"ASIA", cloud.aws_key_id),
    (b"ABIA", cloud.aws_key_id),
    (b"ACCA", cloud.aws_key_id),
    (b"ABSK", cloud.aws_bedrock_key),
    (b"bedrock-api-key-", cloud.aws_presigned_inside),
    (b"k8s-aws-v1.", cloud.aws_presigned_inside),
    (b"eyJwYXlsb2FkIjoi", cloud.aws_registry_password),
    (b"eyJrIjoi", tokens.grafana_key),
    (b"eyJhIjoi", cloud.cloudflare_tunnel),
    (b"eyJ", tokens.jwt),
    (b"ZXlK", tokens.jwt_in_base64),
    (b"ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCIs", cloud.google_key_file),
    (b"eyJ0eXBlIjoic2VydmljZV9hY2NvdW50Iiwi", cloud.google_key_file),
    (b"eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCIs", cloud.google_key_file),
    (b"https://chat.googleapis.com/", cloud.google_chat_webhook),
    (b"pypi-", tokens.pypi_macaroon),
    (b"glc_", tokens.grafana_cloud),
    (b"sntrys_", tokens.sentry_organization),
    (b"ops_", tokens.onepassword_service_account),
    (b"sk.eyJ", tokens.mapbox),
    (b"pk.eyJ", tokens.mapbox),
    (b"tk.eyJ", tokens.mapbox),
    (b"ghs_", tokens.jwt),
    (b"hf_jwt_", tokens.jwt),
    (b"hf_oauth_", tokens.jwt),
    (b"glpat-", tokens.gitlab_routable),
    (b"glrt", tokens.gitlab_routable),
    (b"glcbt-", tokens.jwt),
    (b"oaa", tokens.jwt),
    (b"xapp-", services.slack_app),
    (b"xox", services.slack_token),
    (b"https://hooks.slack", services.slack_webhook),
    (b"hooks.slack", services.slack_webhook),
    (b"https://discord", services.discord_webhook),
    (b"https://ptb.discord", services.discord_webhook),
    (b"https://canary.discord", services.discord_webhook),
    (b"SG.", services.sendgrid_key),
    (b"pat", services.airtable_token),
    (b"pat-", services.hubspot_token),
    (b"fm2_", fly.fly_macaroon),
    (b"fm1r_", fly.fly_macaroon),
    (b"fm1a_", fly.fly_macaroon),
    (b"cmVmdGtu", services.artifactory_reference),
    (b"dt0", services.dynatrace_token),
    (b"tskey-", services.tailscale_key),
    (b"dp.", services.doppler_token),
    (b"sb_", services.supabase_key),
    (b"access_token$", services.braintree_token),
    (b"-----BEGIN ", keys.private_key),
    (b"LS0tLS1CRUdJTi", keys.base64_private_key),
    (b"PuTTY-User-Key-File-", keys.putty),
)
"""All whose prefix fits are asked, in this order."""
_BY_RULE: dict[str, Decoder] = {
    "aws.key-pair": cloud.aws_key_nearby,
    "aws.presigned-url": cloud.aws_presigned,
    "azure.storage-sas": cloud.azure_sas,
    "azure.messaging-sas": cloud.azure_sas,
    "azure.annotated-key": cloud.azure_annotated_key,
    "azure.devops-pat": cloud.azure_annotated_key,
    "azure.sql-password": connections.ado,
    "jdbc.connection-password": connections.jdbc,
    "jdbc.oracle-thin": connections.jdbc,
    "uri.userinfo-password": connections.uri,
    "postgres.connection-uri": connections.uri,
    "mysql.connection-uri": connections.uri,
    "mongodb.connection-uri": connections.uri,
    "redis.connection-uri": connections.uri,
    "rabbitmq.connection-uri": connections.uri,
    "ldap.connection-uri": connections.uri,
    "smtp.connection-uri": connections.uri,
    "docker.registry-auth": connections.basic_credentials,
    "npm.registry-basic-auth": connections.basic_credentials,
    "http.basic-authorization": connections.basic_credentials,
    "discord.bot-token": services.discord_token,
    "discord.bot-token-loose": services.discord_token,
    "telegram.bot-token": services.telegram_bot,
    "telegram.bot-token-named": services.telegram_bot,
    "telegram.bot-token-apprise": services.telegram_bot,
    "microsoftteams.webhook": services.teams_webhook,
    "mailchimp.api-key": services.mailchimp_key,
    "facebook.app-access-token": services.facebook_app_token,
    "twitter.access-token": services.twitter_token,
    "plaid.access-token": services.plaid_token,
    "zapier.webhook": webhooks.zapier_webhook,
    "azure.logic-app-url": webhooks.logic_app,
    "algolia.api-key": algolia.algolia_key,
    "algolia.header-key": algolia.algolia_key,
    "asana.personal-access-token": services.asana_token,
    "asana.bearer-token": services.asana_token,
    "launchdarkly.sdk-key": services.launchdarkly_key,
    "launchdarkly.mobile-key": services.launchdarkly_key,
    "launchdarkly.api-token": services.launchdarkly_key,
    "google.oauth-client-id": services.google_client_id,
    "sentry.dsn-secret": services.sentry_dsn,
    "newrelic.license-key": services.newrelic_license,
    "privatekey.jwk": keys.jwk,
}
_SHORTEST = 3


def _by_head(table: tuple[tuple[bytes, Decoder], ...]) -> dict[bytes, list[tuple[bytes, Decoder]]]:
    heads: dict[bytes, list[tuple[bytes, Decoder]]] = {}
    for prefix, decoder in table:
        heads.setdefault(prefix[:_SHORTEST], []).append((prefix, decoder))
    return heads


_DECODERS = _by_head(_BY_PREFIX)
_KINDS: dict[bytes, list[tuple[bytes, tuple[Fact, ...]]]] = {}
for _prefix, _facts in KINDS:
    _KINDS.setdefault(_prefix[:_SHORTEST], []).append((_prefix, _facts))


def read_facts(rule: str, value: bytes, match: bytes, *, is_generic: bool = False) -> tuple[Fact, ...]:
    """
    What the *value* that the rule with this id found says of itself, each fact once, in a fixed order.

    Args:
        rule: Id of the rule.
        value: The secret.
        match: All that the rule's pattern matched.
        is_generic: The rule knows no format, so that a short prefix proves nothing.
    """
    found: dict[Fact, None] = {}
    head = value[:_SHORTEST]
    for prefix, kinds in () if is_generic else _KINDS.get(head, ()):
        if value.startswith(prefix):
            found.update(dict.fromkeys(kinds))
            break
    for prefix, decoder in _DECODERS.get(head, ()):
        if value.startswith(prefix):
            found.update(dict.fromkeys(decoder(value, match)))
    if by_rule := _BY_RULE.get(rule):
        found.update(dict.fromkeys(by_rule(value, match)))
    return tuple(found)
