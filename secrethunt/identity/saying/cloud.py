# SPDX-License-Identifier: Apache-2.0
"""Keys of AWS, Google Cloud and Azure: account and key id, service account, storage account, tenant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from secrethunt.facts import read_facts
from secrethunt.identity.contract import Access, EdgeKind, Node, NodeKind
from secrethunt.identity.saying.said import Item, Said, Word, link, thing

_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z2-7]{16}")
_SERVICE_ACCOUNT = re.compile(r"[^@\s]+@([\w-]+)\.iam\.gserviceaccount\.com$")


def aws(said: Said) -> Iterator[Item]:
    """The account that a key id holds, the key id itself, the service user of a Bedrock key."""
    key_id = _aws_key_id(said)
    account = said.word("account", "account_id")
    if not account and key_id:
        known = dict(read_facts("", key_id.text.encode(), b"")).get("account", "")
        account = Word(known, "account in the key id", is_near=key_id.is_near)
    account_key = ""
    if re.fullmatch(r"\d{12}", account.text):
        account_key = f"aws:account:{account.text}"
        yield from said.account(account_key, "aws", account, type_name="aws-account")
    if key_id:
        node = thing(
            f"aws:access-key:{key_id.text}", NodeKind.CREDENTIAL, "aws", key_id.text, "access-key", account=account_key
        )
        yield from said.same(node, key_id)
        if account_key:
            yield link(node.key, account_key, EdgeKind.IN_ACCOUNT, account)
    user = said.word("user")
    if account_key and user.text.startswith("BedrockAPIKey-"):
        name = re.sub(r"-at-\d{12}$", "", user.text) + f"-at-{account.text}"
        arn = f"arn:aws:iam::{account.text}:user/{name}"
        yield from said.identity(
            thing(f"aws:{arn}", NodeKind.IDENTITY, "aws", name, "iam-user", account=account_key), user
        )


def _aws_key_id(said: Said) -> Word:
    own = said.value.decode("ascii", "replace")
    if _KEY_ID.fullmatch(own):
        return Word(own, "the key id itself")
    word = said.word("key_id", "access_key_id", "access_key")
    return word if _KEY_ID.fullmatch(word.text) else Word("", "")


def google(said: Said) -> Iterator[Item]:
    """Service account, private key id and project of a key file; the project number of an OAuth client."""
    email, project = said.word("email", "client_email"), said.word("project")
    match = _SERVICE_ACCOUNT.match(email.text)
    if match and not project:
        project = Word(match.group(1), email.source, email.is_near)
    client = said.word("client_id")
    number = re.match(r"(\d{6,14})-[0-9a-z]{32}\.apps\.googleusercontent\.com$", client.text)
    if number and not project:
        project = Word(number.group(1), client.source, client.is_near)
    project_key = f"gcp:project:{project.text}" if project else ""
    if project:
        yield from said.account(project_key, "gcp", project, type_name="project")
    if email and email.text.endswith(".gserviceaccount.com"):
        yield from said.identity(google_identity(email.text, project_key), email)
    key_id = said.word("key_id", "private_key_id")
    if email and key_id:
        node = thing(
            f"gcp:service-account-key:{key_id.text}",
            NodeKind.CREDENTIAL,
            "gcp",
            key_id.text,
            "service-account-key",
            account=project_key,
        )
        yield from said.same(node, key_id)
        yield link(node.key, f"gcp:service-account:{email.text}", EdgeKind.AUTHENTICATES_AS, email)
    if number:
        key = f"gcp:oauth-client:{client.text}"
        node = thing(key, NodeKind.IDENTITY, "gcp", client.text, "oauth-client", account=project_key)
        yield from said.identity(node, client)
    yield from _google_resources(said)


def _google_resources(said: Said) -> Iterator[Item]:
    if space := said.word("space"):
        node = thing(f"gcp:chat-space:{space.text}", NodeKind.RESOURCE, "gcp", space.text, "chat-space")
        yield from said.opens(node, space, Access.WRITE)
    database = said.word("database")
    if database and said.rule.id.startswith("google.firebase"):
        node = thing(
            f"gcp:firebase-database:{database.text}", NodeKind.RESOURCE, "gcp", database.text, "firebase-database"
        )
        yield from said.opens(node, database, Access.ADMIN)


def google_identity(email: str, project_key: str = "") -> Node:
    """The node of a service account or a user of Google."""
    is_machine = email.endswith(".gserviceaccount.com")
    kind = "service-account" if is_machine else "user"
    return thing(
        f"gcp:{kind}:{email}",
        NodeKind.IDENTITY,
        "gcp",
        email,
        kind,
        account=project_key,
        email=email,
        is_human=None if is_machine else True,
    )


_HOSTS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(rf"(?:https?://|sb://)?([\w-]{{1,80}})(?:\.[a-z]{{2,20}})?\.{suffix}(?:[:/]|$)"), kind, provider)
    for suffix, kind, provider in (
        (r"documents\.azure\.com", "cosmos-db", "microsoft.documentdb"),
        (r"table\.cosmos\.azure\.com", "cosmos-db", "microsoft.documentdb"),
        (r"servicebus\.windows\.net", "messaging-namespace", "microsoft.servicebus"),
        (r"azure-devices\.net", "iot-hub", "microsoft.devices"),
        (r"(?:blob|file|queue|table|dfs|web)\.core\.windows\.net", "storage-account", "microsoft.storage"),
        (r"redis\.cache\.windows\.net", "redis-cache", "microsoft.cache"),
        (r"eventgrid\.azure\.net", "event-grid", "microsoft.eventgrid"),
        (r"service\.signalr\.net", "signalr", "microsoft.signalrservice"),
        (r"webpubsub\.azure\.com", "web-pubsub", "microsoft.signalrservice"),
        (r"azconfig\.io", "app-configuration", "microsoft.appconfiguration"),
        (r"communication\.azure\.com", "communication-service", "microsoft.communication"),
        (r"search\.windows\.net", "search-service", "microsoft.search"),
        (r"azurecr\.io", "container-registry", "microsoft.containerregistry"),
        (r"cognitiveservices\.azure\.com", "cognitive-service", "microsoft.cognitiveservices"),
        (r"openai\.azure\.com", "cognitive-service", "microsoft.cognitiveservices"),
        (r"azurewebsites\.net", "app-service", "microsoft.web"),
        (r"vault\.azure\.net", "key-vault", "microsoft.keyvault"),
        (r"database\.windows\.net", "sql-server", "microsoft.sql"),
    )
)


def azure(said: Said) -> Iterator[Item]:
    """The resource whose key it is, with the name of the policy; tenant, application and key of Entra secrets."""
    tenant = said.word("tenant", "tenant_id")
    tenant_key = f"azure:tenant:{tenant.text.lower()}" if tenant else ""
    if tenant:
        yield from said.account(tenant_key, "azure", tenant, type_name="tenant")
    client = said.word("client_id", "application_id", "app_id")
    if re.fullmatch(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", client.text):
        node = thing(
            f"azure:app:{client.text.lower()}",
            NodeKind.IDENTITY,
            "azure",
            client.text,
            "application",
            account=tenant_key,
        )
        yield from said.identity(node, client)
    yield from _azure_resource(said)
    for name in ("workflow", "group"):
        if word := said.word(name):
            node = thing(f"azure:{name}:{word.text.lower()}", NodeKind.RESOURCE, "azure", word.text, name)
            yield from said.opens(node, word, Access.WRITE)


def _azure_resource(said: Said) -> Iterator[Item]:
    word, name, kind = _azure_name(said)
    if not word:
        return
    properties: dict[str, Any] = {
        "host": said.word("host", "endpoint").text or None,
        "policy": said.word("policy").text or None,
        "entity": said.word("entity").text or None,
        "permissions": said.facts.get("permissions"),
    }
    node = thing(f"azure:{kind}:{name.lower()}", NodeKind.RESOURCE, "azure", name, kind, **properties)
    yield from said.opens(node, word, _azure_access(said))


def _azure_name(said: Said) -> tuple[Word, str, str]:
    """The resource's name and kind; shown by a host, an account name, or the site of a publish profile."""
    host = said.word("host", "endpoint", "registry", "server")
    for pattern, kind, _ in _HOSTS:
        if match := pattern.match(host.text):
            return host, match.group(1), kind
    account = said.word("account")
    if account and said.rule.id.startswith(("azure.storage", "azure.account")):
        return account, account.text, "storage-account"
    site = said.word("site")
    if site and said.rule.id == "azure.publish-profile-password":
        return site, site.text, "app-service"
    return Word("", ""), "", ""


def _azure_access(said: Said) -> Access:
    """A key opens all; a signature what its letters allow (Microsoft, "Create an account SAS", permissions)."""
    permissions = said.facts.get("permissions", "")
    if not permissions:
        return Access.ADMIN
    if set(permissions) & set("wcadu"):
        return Access.WRITE
    return Access.READ if "r" in permissions else Access.LIST
