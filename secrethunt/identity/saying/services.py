# SPDX-License-Identifier: Apache-2.0
"""
All other services: which of a credential's words is its account, its user, the key's public id, or a resource.

The table says it for the services whose words mean something of their own; for all others the names of the words do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from secrethunt.identity.contract import Access, NodeKind
from secrethunt.identity.saying.said import Item, Said, Word, thing


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one word of a provider's credentials stands for: a type, by the names under which it may come."""

    type: str
    names: tuple[str, ...]
    pattern: str = ""
    """Where given, the word's group 1 counts, and nothing where it does not fit."""


@dataclass(frozen=True, slots=True)
class Service:
    """How the credentials of one provider are read; keys are `<provider>:<type>:<word>`."""

    accounts: tuple[Meaning, ...] = ()
    identities: tuple[Meaning, ...] = ()
    keys: tuple[Meaning, ...] = ()
    resources: tuple[Meaning, ...] = ()


def _a(type_name: str, *names: str, pattern: str = "") -> Meaning:
    return Meaning(type_name, names, pattern)


_KEY_ID = _a("key", "key_id", "token_id", "api_key_sid", "access_key_id")
_DEFAULT = Service(
    accounts=(
        _a("account", "account", "account_id", "account_sid", "merchant_id"),
        _a(
            "account",
            "organization",
            "workspace",
            "tenant",
            "tenant_id",
            "store",
            "site",
            "subdomain",
            "domain",
            "cloud_name",
        ),
        _a("account", "application_id", "app_id", "project", "cloud", "zone_id"),
        _a("account", "host", "endpoint", "url", "server"),
    ),
    identities=(
        _a("bot", "bot"),
        _a("user", "email", "user", "user_id", "username", "auth_id"),
        _a("app", "app", "client_id", "consumer_key"),
    ),
    keys=(_KEY_ID,),
)
"""Of the accounts the first that is known counts, and likewise of the identities."""

_HOST = r"(?:https?://)?([\w.-]+)"
_SERVICES: dict[str, Service] = {
    "slack": Service(
        accounts=(_a("account", "workspace"),),
        identities=(_a("user", "bot", "user"), _a("app", "app")),
        resources=(_a("webhook", "webhook"),),
    ),
    "discord": Service(identities=(_a("user", "bot"),), resources=(_a("webhook", "webhook", "account"),)),
    "telegram": Service(identities=(_a("user", "bot"),), resources=(_a("chat", "chat_id"),)),
    "stripe": Service(accounts=(_a("account", "account"),), identities=()),
    "sendgrid": Service(keys=(_KEY_ID,)),
    "twilio": Service(accounts=(_a("account", "account_sid", "account"),), keys=(_a("key", "api_key_sid"),)),
    "mailchimp": Service(accounts=(_a("datacenter", "region"),)),
    "hubspot": Service(accounts=(_a("datacenter", "region"),)),
    "mailgun": Service(accounts=(_a("account", "domain"),)),
    "shopify": Service(accounts=(_a("account", "store", "host", pattern=_HOST),), identities=(_a("app", "client_id"),)),
    "atlassian": Service(
        accounts=(_a("account", "site", "host", pattern=_HOST),), identities=(_a("user", "email", "user"),)
    ),
    "okta": Service(accounts=(_a("account", "domain", "host", pattern=_HOST),), identities=(_a("app", "client_id"),)),
    "auth0": Service(
        accounts=(_a("account", "domain", "host", pattern=_HOST),), identities=(_a("client", "client_id"),)
    ),
    "databricks": Service(
        accounts=(_a("account", "host", "workspace", pattern=_HOST),),
        identities=(_a("service-principal", "client_id"),),
    ),
    "snowflake": Service(
        accounts=(_a("account", "account", "host", pattern=r"([\w.-]+?)(?:\.snowflakecomputing\.com.*)?$"),),
        identities=(_a("user", "user"),),
    ),
    "hashicorp": Service(
        accounts=(_a("account", "organization", "host", "address"),), identities=(_a("app", "client_id"),)
    ),
    "confluent": Service(keys=(_a("key", "api_key", "key_id"),), accounts=(_a("cluster", "server", "host"),)),
    "grafana": Service(
        accounts=(_a("organization", "organization"), _a("account", "host", pattern=_HOST)),
        identities=(_a("token", "name"),),
    ),
    "supabase": Service(accounts=(_a("account", "project", "url", "ref", pattern=r"(?:https://)?([a-z]{20})"),)),
    "datadog": Service(accounts=(_a("site", "site"),)),
    "newrelic": Service(accounts=(_a("account", "account_id", "account"), _a("region", "region"))),
    "planetscale": Service(
        accounts=(_a("organization", "organization"), _a("database", "host", "database")),
        identities=(_a("user", "user"),),
    ),
    "flyio": Service(
        accounts=(_a("organization", "organization"),), identities=(_a("user", "user"),), resources=(_a("app", "apps"),)
    ),
    "doppler": Service(accounts=(_a("config", "environment"),)),
    "1password": Service(
        accounts=(_a("account", "host", pattern=_HOST),), identities=(_a("service-account", "email"),)
    ),
    "algolia": Service(
        accounts=(_a("account", "application_id"),),
        identities=(_a("user", "user"),),
        resources=(_a("index", "indices"),),
    ),
    "mapbox": Service(
        accounts=(_a("account", "user"),), identities=(_a("user", "user"),), keys=(_a("token", "key_id"),)
    ),
    "cloudinary": Service(
        accounts=(_a("account", "account", "cloud_name"),), keys=(_a("key", "client_id", "api_key"),)
    ),
    "zapier": Service(accounts=(_a("account", "account"),)),
    "cloudflare": Service(
        accounts=(_a("account", "account", "account_id"),),
        identities=(_a("user", "email"),),
        resources=(_a("tunnel", "tunnel"),),
    ),
    "sentry": Service(
        accounts=(_a("organization", "organization"), _a("account", "host", pattern=_HOST)),
        resources=(_a("project", "project"),),
    ),
    "pypi": Service(
        identities=(_a("user", "user"),), resources=(_a("project", "project"),), accounts=(_a("account", "host"),)
    ),
    "npm": Service(accounts=(_a("registry", "registry", "host", pattern=_HOST),), identities=(_a("user", "user"),)),
    "airtable": Service(keys=(_a("token", "key_id"),)),
    "dynatrace": Service(keys=(_a("token", "key_id"),), accounts=(_a("account", "host", pattern=_HOST),)),
    "tailscale": Service(keys=(_KEY_ID,)),
    "braintree": Service(accounts=(_a("account", "account"),)),
    "facebook": Service(identities=(_a("app", "client_id"),)),
    "twitter": Service(identities=(_a("user", "user"),)),
    "asana": Service(identities=(_a("user", "user"),)),
}
_WRITES = frozenset({"webhook", "chat", "index", "project", "app", "tunnel"})
_NO_SERVICE = re.compile(r"[$<{%]|example\.(?:com|org|net)$")
"""Words that stand for another, or for nobody."""


def service(said: Said) -> Iterator[Item]:
    """What a credential of any provider says."""
    provider = said.rule.provider
    known = _SERVICES.get(provider, _DEFAULT)
    environment = said.facts.get("mode", "")
    account_key = ""
    for meaning, word in _first(said, known.accounts):
        account_key = f"{provider}:{meaning.type}:{word.text}"
        yield from said.account(account_key, provider, word, type_name=meaning.type)
    for meaning, word in _first(said, known.identities):
        key = f"{provider}:{meaning.type}:{word.text}"
        node = thing(
            key,
            NodeKind.IDENTITY,
            provider,
            word.text,
            said.rule.nhi if meaning.type == "user" else meaning.type,
            account=account_key,
            environment=environment,
            email=word.text if "@" in word.text else "",
        )
        yield from said.identity(node, word)
    for meaning, word in _first(said, known.keys):
        key = f"{provider}:{meaning.type}:{word.text}"
        node = thing(
            key, NodeKind.CREDENTIAL, provider, word.text, said.rule.nhi, account=account_key, environment=environment
        )
        yield from said.same(node, word)
    for meaning, word in _first(said, known.resources):
        for name in word.text.split()[:20]:
            node = thing(
                f"{provider}:{meaning.type}:{name}",
                NodeKind.RESOURCE,
                provider,
                name,
                meaning.type,
                account=account_key,
            )
            yield from said.opens(node, word, Access.WRITE)


def _first(said: Said, meanings: tuple[Meaning, ...]) -> Iterator[tuple[Meaning, Word]]:
    for meaning in meanings:
        word = said.word(*meaning.names)
        if meaning.pattern and (match := re.match(meaning.pattern, word.text)):
            word = Word(match.group(1), word.source, word.is_near)
        if word and not _NO_SERVICE.search(word.text):
            yield meaning, word
            return
