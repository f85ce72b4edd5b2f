# SPDX-License-Identifier: Apache-2.0
"""Ids that stand in clear inside the tokens and webhooks of single services."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from secrethunt.facts.reading import Fact, base64_bytes, moment, shown

_DISCORD_EPOCH_MS = 1420070400000


def pieces(pattern: str) -> Callable[[bytes, bytes], Iterator[Fact]]:
    """A decoder that names the groups of *pattern*, matched from the value's start."""
    compiled = re.compile(pattern.encode())

    def decode(value: bytes, _text: bytes) -> Iterator[Fact]:
        match = compiled.match(value)
        if match is not None:
            for name, text in match.groupdict().items():
                if text:
                    yield name, shown(text)

    return decode


def slack_token(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Numbers of workspace and user or bot, the first two of the token (Slack, "Token types")."""
    kind = _SLACK_KINDS.get(value[:5])
    if kind:
        yield "kind", kind
    numbers = re.match(rb"xox[a-z]-(?:\d-)?(\d{8,14})-(?:(\d{8,14})-)?", value)
    if numbers:
        yield "workspace", shown(numbers.group(1))
        if numbers.group(2):
            yield "bot" if value.startswith(b"xoxb") else "user", shown(numbers.group(2))


_SLACK_KINDS = {
    b"xoxb-": "bot token",
    b"xoxp-": "user token",
    b"xoxa-": "workspace token",
    b"xoxr-": "refresh token",
    b"xoxs-": "session token",
    b"xoxc-": "client token",
    b"xoxd-": "session cookie",
    b"xoxe-": "refresh token",
    b"xoxo-": "legacy token",
    b"xoxe.": "rotating access token",
}


def discord_token(value: bytes, _text: bytes) -> Iterator[Fact]:
    """The bot's id in base64, and with it when the bot was made (Discord, "Snowflakes")."""
    bot = base64_bytes(value.partition(b".")[0])
    if bot.isdigit() and 17 <= len(bot) <= 20:
        yield "bot", bot.decode()
        if made := moment(((int(bot) >> 22) + _DISCORD_EPOCH_MS) // 1000):
            yield "account_created", made


def twitter_token(value: bytes, _text: bytes) -> Iterator[Fact]:
    """OAuth 1 access tokens begin with the user's number (X, "OAuth 1.0a")."""
    user, dash, _ = value.partition(b"-")
    if dash and user.isdigit():
        yield "user", user.decode()


def braintree_token(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Braintree access tokens: environment and merchant (Braintree SDKs, `CredentialsParser`)."""
    fields = value.split(b"$")
    if len(fields) >= 4:
        yield "mode", shown(fields[1])
        yield "account", shown(fields[2])


slack_app = pieces(r"xapp-\d-(?P<app>A[0-9A-Z]{8,12})-")
slack_webhook = pieces(r"(?:https?://)?[\w.-]+/services/(?P<workspace>T[0-9A-Z]{6,12})/(?P<webhook>B[0-9A-Z]{6,12})/")
discord_webhook = pieces(r"https://[\w.]+/api/(?:v\d+/)?webhooks/(?P<webhook>\d{17,20})/")
telegram_bot = pieces(r"(?P<bot>\d{5,16}):")
teams_webhook = pieces(
    r"https://[\w.-]+/webhook(?:b2)?/(?P<group>[0-9A-Za-z-]{36})@(?P<tenant>[0-9A-Za-z-]{36})/[0-9A-Za-z]{4,24}/"
)
sendgrid_key = pieces(r"SG\.(?P<key_id>[\w-]{22})\.")
"""Twilio SendGrid, "API Keys": the part between the dots is the key's id."""
mailchimp_key = pieces(r"[0-9a-f]{32}-(?P<region>us\d{1,2})$")
"""Mailchimp, "Fundamentals": the data centre is behind the dash."""
airtable_token = pieces(r"(?P<key_id>pat[0-9A-Za-z]{14})\.")
"""Airtable, "Personal access tokens": the token's id is before the dot."""
dynatrace_token = pieces(r"(?P<key_id>dt0[a-z]\d\d\.[0-9A-Z]{24})\.")
"""Dynatrace, "Token format": prefix and public part identify the token."""
tailscale_key = pieces(r"tskey-(?:(?P<kind>[a-z]{2,12})-)?(?P<key_id>[0-9A-Za-z]{6,24})-[0-9A-Za-z]{8,}")
"""Tailscale, "Key prefixes"."""
facebook_app_token = pieces(r"(?P<client_id>\d{14,17})(?:\||%7C)")
"""Meta, "Access Tokens": an app token is app id, bar, secret."""
plaid_token = pieces(r"(?P<kind>[a-z-]{4,20})-(?P<mode>sandbox|development|production)-[0-9a-f]{8}-")
doppler_token = pieces(r"dp\.(?P<kind>[a-z]{2,5})\.(?:(?P<environment>[a-z0-9_-]{2,35})\.)?")
newrelic_license = pieces(r"(?P<region>[a-z]{2}\d\d)xx")
"""New Relic, "License key": other regions than the first are named in front."""
supabase_key = pieces(r"sb_(?P<kind>secret|publishable)_")
sentry_dsn = pieces(r"https?://[0-9a-f]{32}:[0-9a-f]{32}@(?P<host>[\w.-]{3,80})(?::\d+)?/(?:[\w/-]*/)?(?P<project>\d+)")
hubspot_token = pieces(r"pat-(?P<region>[a-z]{2}\d)-")
"""HubSpot, "Private apps": the data centre is behind the prefix."""
asana_token = pieces(r"[12]/(?P<user>\d{12,20})(?:/\d{12,20})?:")
"""Asana, "Personal access token": the user's number is behind the first slash."""
launchdarkly_key = pieces(r"(?P<kind>sdk|rel|mob|api)-[0-9a-f]{8}-")
"""LaunchDarkly, "SDK credentials"."""
google_client_id = pieces(r"(?P<project>\d{6,14})-[0-9a-z]{32}\.apps\.googleusercontent\.com")
"""Google: an OAuth client id begins with the number of its project."""


def artifactory_reference(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Reference tokens: base64 of `reftkn:`, version, end and a random part (JFrog, "Access tokens")."""
    fields = base64_bytes(value).split(b":")
    if len(fields) >= 4 and fields[0] == b"reftkn":
        yield "kind", "reference token"
        if fields[2].isdigit() and len(fields[2]) < 12 and (ends := moment(int(fields[2]))):
            yield "expires", ends
