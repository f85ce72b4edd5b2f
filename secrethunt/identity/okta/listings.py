# SPDX-License-Identifier: Apache-2.0
"""
Importer of answers of Okta's API: applications (`/api/v1/apps`), API tokens (`/api/v1/api-tokens`), and roles of users
and applications in lines `{"path": …, "body": …}`. A client's secret is left out.

Formats: developer.okta.com, Okta Management API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind, Unread
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows

_Found = Iterator[Node | Edge | Unread]
_ROLES = re.compile(r"(?:api/v1/)?(users|oauth2/v1/clients)/([^/]+)/roles")
_ACCESS = {
    "SUPER_ADMIN": (Access.ADMIN, "*"),
    "ORG_ADMIN": (Access.ADMIN, "users"),
    "APP_ADMIN": (Access.ADMIN, "applications"),
    "USER_ADMIN": (Access.WRITE, "users"),
    "GROUP_MEMBERSHIP_ADMIN": (Access.WRITE, "groups"),
    "HELP_DESK_ADMIN": (Access.WRITE, "passwords"),
    "API_ACCESS_MANAGEMENT_ADMIN": (Access.ADMIN, "authorization-servers"),
    "MOBILE_ADMIN": (Access.WRITE, "devices"),
    "READ_ONLY_ADMIN": (Access.READ, "*"),
    "REPORT_ADMIN": (Access.READ, "reports"),
}
"""Standard administrator roles (help.okta.com, "Standard administrator roles"): access, and to what."""


class OktaListings:
    """Implements `Importer`."""

    name = "okta api listing"

    def recognises(self, head: bytes, name: str) -> bool:
        """By fields that only Okta's applications and tokens have together, or by a request for roles."""
        text = head_text(head)
        if '"body"' in text and any(_ROLES.search(path) for path in re.findall(r'"path"\s*:\s*"([^"]+)"', text[:4096])):
            return True
        is_app = '"signOnMode"' in text and '"credentials"' in text
        return is_app or ('"tokenWindow"' in text and '"clientName"' in text)

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, ()):
            if isinstance(row, Unread):
                yield row
            elif "errorCode" in row.value:
                yield Unread("an answer", f"Okta refused: {row.value.get('errorSummary', row.value['errorCode'])}")
            elif "signOnMode" in row.value:
                yield from _application(row.value)
            elif "tokenWindow" in row.value or ("userId" in row.value and "name" in row.value):
                yield from _token(row.value)
            elif row.path and _ROLES.search(row.path):
                yield from _role(row)
            else:
                yield Unread("an entry", "it is no application, API token or role with the path of its request")


def _host(value: Mapping[str, Any]) -> str:
    """Host of the organisation, from the links in a row; `okta` where there are none."""
    match = re.search(r"https://([^/\"']+)/", str(value.get("_links", "")) + str(value.get("_link", "")))
    return match[1].replace("-admin.", ".") if match else "okta"


def _application(value: Mapping[str, Any]) -> _Found:
    number = value.get("id")
    if not isinstance(number, str) or not number:
        yield Unread("an application", "it has no id")
        return
    host = _host(value)
    credentials = value.get("credentials")
    client = credentials.get("oauthClient") if isinstance(credentials, Mapping) else None
    client = client if isinstance(client, Mapping) else {}
    fields = {
        "type": "oauth-app" if client else "saml-app" if "SAML" in str(value.get("signOnMode")) else "app",
        "created": str(value.get("created") or ""),
        "client_id": str(client.get("client_id") or ""),
        "authentication": str(client.get("token_endpoint_auth_method") or ""),
        "enabled": value.get("status") == "ACTIVE",
        "is_human": False,
    }
    name = str(value.get("label") or value.get("name") or number)
    account = f"okta:org:{host}"
    yield Node(account, NodeKind.ACCOUNT, "okta", host, account, {"type": "org"})
    yield Node(f"okta:app:{number}", NodeKind.IDENTITY, "okta", name, account, fields)
    yield Edge(f"okta:app:{number}", account, EdgeKind.IN_ACCOUNT, evidence="applications")
    settings = value.get("settings")
    grants = settings.get("oauthClient", {}).get("grant_types") if isinstance(settings, Mapping) else None
    if isinstance(grants, list) and "client_credentials" in grants:
        detail = f"scopes were not imported: /api/v1/apps/{number}/grants"
        yield Edge(f"okta:app:{number}", f"okta:any:*@{host}", EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN,
                   evidence="grant type client_credentials", detail=detail, access=Access.ADMIN)  # fmt: skip


def _token(value: Mapping[str, Any]) -> _Found:
    number, user = value.get("id"), value.get("userId")
    if not isinstance(number, str) or not number:
        yield Unread("an API token", "it has no id")
        return
    host = _host(value)
    fields = {
        "type": "api-token",
        "token_id": number,
        "created": str(value.get("created") or ""),
        "expires": str(value.get("expiresAt") or ""),
        "last_used": str(value.get("lastUpdated") or ""),
        "network": str((value.get("network") or {}).get("connection", ""))
        if isinstance(value.get("network"), Mapping)
        else "",
    }
    key = f"okta:token:{number}"
    yield Node(key, NodeKind.CREDENTIAL, "okta", str(value.get("name") or number), f"okta:org:{host}", fields)
    if isinstance(user, str):
        yield Node(f"okta:user:{user}", NodeKind.IDENTITY, "okta", user, f"okta:org:{host}", {"type": "user"})
        # "API tokens": a token has the rights of the user who made it.
        yield Edge(key, f"okta:user:{user}", EdgeKind.AUTHENTICATES_AS, evidence=f"API token {number}")


def _role(row: Row) -> _Found:
    match = _ROLES.search(row.path)
    assert match is not None
    holder = f"okta:{'user' if match[1] == 'users' else 'app'}:{match[2]}"
    kind = str(row.value.get("type") or "")
    access, what = _ACCESS.get(kind, (Access.WRITE, kind.lower() or "undescribed"))
    host = _host(row.value)
    status = EdgeStatus.CONFIRMED if kind in _ACCESS else EdgeStatus.UNKNOWN
    detail = "" if kind in _ACCESS else "what this role allows is not described: import its permissions"
    target = f"okta:any:{what}@{host}"
    fields = {"type": what, "sensitivity": 1.0 if what == "*" else 0.8, "tier0": kind == "SUPER_ADMIN"}
    name = f"everything in {host}" if what == "*" else f"{what} of {host}"
    yield Node(target, NodeKind.RESOURCE, "okta", name, f"okta:org:{host}", fields)
    yield Edge(holder, target, EdgeKind.CAN_ACCESS, status, evidence=f"role {row.value.get('label') or kind}",
               detail=detail, access=access, actions=(kind,))  # fmt: skip
