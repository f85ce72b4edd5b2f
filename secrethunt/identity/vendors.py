# SPDX-License-Identifier: Apache-2.0
"""
Which vendor stands behind an account, a domain, an app: a table with the place where each is published
(`vendors.json`), and what follows from it in the graph.

An entry says that a vendor publishes this as its own, not that the vendor did anything.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind, Unread

VENDOR = "vendor:"
"""What keys of vendors begin with."""
_ACCOUNT = re.compile(r"aws:(?:account:|arn:[\w-]+:\w+:[\w-]*:)(\d{12})(?::|$)")
_APP = re.compile(r"github:app:(.+)$")
_HOST = re.compile(r"(?:^|[@/])((?:[\w-]{1,63}\.)+[A-Za-z]{2,24})(?=$|[:/?#])")
_BY_HOST = frozenset(
    {"host", "oidc", "postgresql", "mysql", "mongodb", "redis", "rabbitmq", "mssql", "smtp", "ldap", "okta", "auth0"}
)
"""Providers whose keys hold a host."""
_PLATFORMS = {
    "aws": "Amazon Web Services",
    "gcp": "Google",
    "azure": "Microsoft",
    "github": "GitHub",
    "gitlab": "GitLab",
    "okta": "Okta",
}
"""Vendors that run what identities of a provider live on: that they do says nothing of a third party."""
_LIVING = frozenset({NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.WORKLOAD})
_HOST_PROPERTIES = ("host", "url", "endpoint", "webhook_url", "issuer", "publisher_domain", "email")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company, and where it says that this is its own."""

    name: str
    citation: str
    service: str = ""

    @property
    def key(self) -> str:
        return VENDOR + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@functools.cache
def _table() -> Mapping[str, Mapping[str, Vendor]]:
    loaded = json.loads(resources.files(__package__).joinpath("vendors.json").read_text("utf-8"))
    return {
        name: {key: Vendor(*row) for key, row in rows.items()}
        for name, rows in loaded.items()
        if isinstance(rows, dict)
    }


def vendor_of_account(account: str) -> Vendor | None:
    """Whose the AWS account with these twelve digits is."""
    return _table()["aws_accounts"].get(account)


def vendor_of_host(text: str) -> Vendor | None:
    """Whose the host in a name, an address or an e-mail is; the longest known ending counts."""
    match = _HOST.search(text)
    labels = (match.group(1) if match else "").lower().split(".")
    for start in range(len(labels) - 1):
        if vendor := _table()["domains"].get(".".join(labels[start:])):
            return vendor
    return None


def vendor_of_app(slug: str) -> Vendor | None:
    """Whose the GitHub App with this slug is; its bot's login counts too."""
    return _table()["github_apps"].get(slug.lower().removesuffix("[bot]"))


def vendor_of_publisher(tenant: str) -> Vendor | None:
    """Whose the tenant is that owns an application of Entra."""
    return _table()["publishers"].get(tenant.lower())


def attribute(items: Iterable[Node | Edge]) -> Iterator[Node | Edge]:
    """
    VENDOR nodes for what vendors own among *items*, and an edge to them: OWNED_BY from accounts, apps, servers and
    identities. An edge that trusts a vendor's account (TRUSTS) leads to the account's node, which is told of too.
    """
    seen: set[tuple[str, str]] = set()
    for item in items:
        yield from _attributed(item, seen)


def with_vendors(items: Iterable[Node | Edge | Unread]) -> Iterator[Node | Edge | Unread]:
    """*items* as they are, each followed by what `attribute` says of it."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        yield item
        if not isinstance(item, Unread):
            yield from _attributed(item, seen)


def vendors_of(key: str, graph: Graph) -> list[Node]:
    """
    Vendors that own or issued what *key* is, or whose accounts it trusts; each once, in the order of edges.

    Whoever runs the platform that it lives on is left out.
    """
    found: dict[str, Node] = {}
    own = graph.node(key)
    platform = _PLATFORMS.get(own.provider) if own is not None else None
    for edge in graph.edges_from(key, EdgeKind.OWNED_BY, EdgeKind.ISSUED_BY, EdgeKind.TRUSTS):
        keys = [edge.target]
        if edge.kind is EdgeKind.TRUSTS:
            keys += [owner.target for owner in graph.edges_from(edge.target, EdgeKind.OWNED_BY)]
        for target in keys:
            node = graph.node(target)
            if node is not None and node.kind is NodeKind.VENDOR and node.name != platform:
                found[target] = node
    return list(found.values())


def _attributed(item: Node | Edge, seen: set[tuple[str, str]]) -> Iterator[Node | Edge]:
    pairs = _of_node(item) if isinstance(item, Node) else _of_edge(item)
    platform = _PLATFORMS.get(item.provider) if isinstance(item, Node) and item.kind in _LIVING else None
    for key, vendor, why in pairs:
        if vendor.name != platform and (key, vendor.key) not in seen:
            seen.add((key, vendor.key))
            yield Node(vendor.key, NodeKind.VENDOR, "", vendor.name, "", {"type": "vendor"})
            detail = f"{why}; published at {vendor.citation}"
            yield Edge(key, vendor.key, EdgeKind.OWNED_BY, EdgeStatus.CONFIRMED, Known.CODE, detail, vendor.service)


def _of_edge(edge: Edge) -> Iterator[tuple[str, Vendor, str]]:
    """Accounts that an edge leads to, which may be no node of anybody's export."""
    if edge.kind not in (EdgeKind.TRUSTS, EdgeKind.IN_ACCOUNT, EdgeKind.CAN_ASSUME):
        return
    match = _ACCOUNT.match(edge.target)
    vendor = vendor_of_account(match.group(1)) if match else None
    if match and vendor:
        yield edge.target, vendor, f"AWS account {match.group(1)}"


def _of_node(node: Node) -> Iterator[tuple[str, Vendor, str]]:
    match = _ACCOUNT.match(node.key)
    vendor = vendor_of_account(match.group(1)) if match else None
    if match and vendor:
        yield node.key, vendor, f"AWS account {match.group(1)}"
    if (app := _APP.match(node.key)) and (vendor := vendor_of_app(app.group(1))):
        yield node.key, vendor, f"GitHub App {app.group(1)}"
    slug = node.properties.get("app_slug")
    if isinstance(slug, str) and (vendor := vendor_of_app(slug)):
        yield node.key, vendor, f"GitHub App {slug}"
    tenant = node.properties.get("app_owner_organization_id") or node.properties.get("appOwnerOrganizationId")
    if isinstance(tenant, str) and (vendor := vendor_of_publisher(tenant)):
        yield node.key, vendor, f"published by tenant {tenant}"
    for text in _hosts(node):
        if vendor := vendor_of_host(text):
            yield node.key, vendor, f"host in {text}"


def _hosts(node: Node) -> Iterator[str]:
    if node.provider in _BY_HOST and node.kind in (NodeKind.ACCOUNT, NodeKind.TRUST_PROVIDER):
        yield node.name
    if node.kind in (NodeKind.ACCOUNT, NodeKind.TRUST_PROVIDER, NodeKind.RESOURCE, NodeKind.IDENTITY):
        for name in _HOST_PROPERTIES:
            value = node.properties.get(name)
            if isinstance(value, str):
                yield value
