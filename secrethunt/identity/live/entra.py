# SPDX-License-Identifier: Apache-2.0
"""
Identifies applications of Entra by their client secret: the service principal, its roles in Microsoft Graph, groups and
directory roles it is in, and its rights on each subscription that it sees.

References: https://learn.microsoft.com/graph/api/serviceprincipal-get,
https://learn.microsoft.com/graph/permissions-reference,
https://learn.microsoft.com/rest/api/resources/subscriptions/list,
https://learn.microsoft.com/rest/api/authorization/permissions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential
from secrethunt.validate.flows.entra import claims_of
from secrethunt.validate.flows.exchange import Exchange, ask, needed, place_of, text_at
from secrethunt.verdict import Evidence

_GRAPH = "https://graph.microsoft.com"
_MANAGEMENT = "https://management.azure.com"
_LOGIN = "https://login.microsoftonline.com"
_TIER0 = frozenset(
    {
        "RoleManagement.ReadWrite.Directory",
        "AppRoleAssignment.ReadWrite.All",
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
        "PrivilegedAccess.ReadWrite.AzureAD",
        "UserAuthenticationMethod.ReadWrite.All",
        "Policy.ReadWrite.AuthenticationMethod",
    }
)
"""Roles of Graph that lead to the whole tenant."""
_SENSITIVE = ("Mail", "Files", "Sites", "Chat", "User", "Group", "Directory", "Key", "BitlockerKey", "AuditLog")
_MOST_SUBSCRIPTIONS = 20


def identify(asked: Asked, session: Session) -> Identification:
    """
    Ask as the application.

    Raises:
        NoAnswer: A part is missing, or Entra does not answer.
    """
    drawing = Drawing(asked, "azure")
    tenant = needed(asked.credential, "tenant_id", "tenant")
    client = needed(asked.credential, "client_id")
    token = _token(asked.credential, session, _GRAPH, drawing)
    if not token:
        return drawing.finished("Entra gives no token for Microsoft Graph")
    drawing.account(f"azure:tenant:{tenant.lower()}", tenant, "tenant")
    claims = claims_of(token)
    found = _get(session, _GRAPH, f"/v1.0/servicePrincipals(appId='{client}')", token, drawing, label=_PRINCIPAL)
    object_id = text_at(found, "id") or text_at(claims, "oid")
    key = f"azure:service-principal:{object_id.lower()}" if object_id else f"azure:app:{client.lower()}"
    name = text_at(found, "displayName") or text_at(claims, "app_displayname") or client
    kind = text_at(found, "servicePrincipalType") or "Application"
    drawing.identity(key, name, "service-principal", evidence="access token", is_human=False, kind=kind, app_id=client)
    roles = claims.get("roles")
    for role in roles if isinstance(roles, list) else []:
        drawing.may(right_of(str(role)), str(role), evidence="roles of the access token")
    if object_id:
        _draw_memberships(drawing, session, token, key, object_id)
    _draw_subscriptions(drawing, asked.credential, session)
    if not drawing.has_rights():
        drawing.unknown("", "no role in Graph and no right on a subscription was told: import the role assignments")
    return drawing.finished()


_PRINCIPAL = "/v1.0/servicePrincipals(appId='{{client_id}}')"


def right_of(role: str) -> Right:
    """What an application role of Graph opens: `Mail.ReadWrite.All`."""
    area, _, rest = role.partition(".")
    if role in _TIER0:
        return Right(Access.ADMIN, "directory", 1.0, tier0=True)
    sensitivity = 0.8 if area in _SENSITIVE else 0.5
    is_write = any(word in rest for word in ("Write", "Manage", "FullControl", "Send", "Create", "Delete", "OwnedBy"))
    return Right(Access.WRITE if is_write else Access.READ, area.lower() or "graph", sensitivity)


def _draw_memberships(drawing: Drawing, session: Session, token: str, key: str, object_id: str) -> None:
    path = f"/v1.0/servicePrincipals/{object_id}/memberOf"
    label = "/v1.0/servicePrincipals/{{object_id}}/memberOf"
    for item in _values(_get(session, _GRAPH, path, token, drawing, label=label)):
        is_role = "directoryRole" in str(item.get("@odata.type"))
        target = text_at(item, "roleTemplateId") if is_role else text_at(item, "id")
        node_key = f"azure:{'role' if is_role else 'group'}:{target.lower()}"
        node_kind = NodeKind.ROLE if is_role else NodeKind.GROUP
        type_name = "directory-role" if is_role else "group"
        name = text_at(item, "displayName")
        drawing.node(Node(node_key, node_kind, "azure", name, drawing.account_key, {"type": type_name}))
        drawing.edge(Edge(key, node_key, EdgeKind.MEMBER_OF, evidence=f"GET {_GRAPH}{label}"))


def _draw_subscriptions(drawing: Drawing, credential: Credential, session: Session) -> None:
    token = _token(credential, session, _MANAGEMENT, drawing)
    if not token:
        return
    path = "/subscriptions?api-version=2022-12-01"
    for item in _values(_get(session, _MANAGEMENT, path, token, drawing))[:_MOST_SUBSCRIPTIONS]:
        number, name = text_at(item, "subscriptionId"), text_at(item, "displayName")
        base = f"/subscriptions/{number}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
        label = "/subscriptions/{{subscription}}/providers/Microsoft.Authorization/permissions"
        granted = _values(_get(session, _MANAGEMENT, base, token, drawing, label=label))
        for permission in granted:
            right = subscription_right(permission)
            actions = permission.get("actions")
            shown = ", ".join(str(action) for action in actions[:4]) if isinstance(actions, list) else ""
            drawing.reaches(
                f"azure:subscription:{number.lower()}",
                name,
                right,
                evidence=f"GET {_MANAGEMENT}{label}",
                permission=shown,
            )


def subscription_right(permission: Mapping[str, Any]) -> Right:
    """What one entry of effective permissions comes to."""
    actions = [str(item) for item in permission.get("actions") or ()]
    denied = [str(item).lower() for item in permission.get("notActions") or ()]
    if "*" in actions:
        is_owner = not any(item.startswith("microsoft.authorization/") for item in denied)
        return Right(Access.ADMIN if is_owner else Access.WRITE, "subscription", 0.9, tier0=is_owner)
    lowered = [item.lower() for item in actions]
    if any(item.startswith("microsoft.authorization/") and item.endswith(("/write", "/*")) for item in lowered):
        return Right(Access.ADMIN, "subscription", 0.9, tier0=True)
    is_read = all(item.lower().endswith("/read") for item in actions)
    return Right(Access.READ if is_read else Access.WRITE, "subscription", 0.7)


def _token(credential: Credential, session: Session, resource: str, drawing: Drawing) -> str:
    tenant = needed(credential, "tenant_id", "tenant")
    grant = {
        "grant_type": "client_credentials",
        "client_id": needed(credential, "client_id"),
        "client_secret": credential.secret.reveal(),
        "scope": f"{resource}/.default",
    }
    if not tenant.replace("-", "").isalnum():
        raise NoAnswer("the tenant is no GUID")
    place = place_of(session, "azure-entra", _LOGIN)
    exchange = ask(
        session,
        place,
        f"/{tenant}/oauth2/v2.0/token",
        label="/{{tenant_id}}/oauth2/v2.0/token",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(grant).encode(),
    )
    drawing.requests.append(Evidence(exchange.label, exchange.status))
    return text_at(exchange.json(), "access_token")


def _get(session: Session, base: str, path: str, token: str, drawing: Drawing, *, label: str = "") -> dict[str, Any]:
    """The body of a good answer, else nothing; either way it is kept that it was asked."""
    place = place_of(session, "azure-entra", base)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    try:
        exchange: Exchange = ask(session, place, path, label=label, headers=headers)
    except NoAnswer as err:
        drawing.requests.append(Evidence(f"GET {place.label}{label or path}", None, err.reason))
        return {}
    drawing.requests.append(Evidence(exchange.label, exchange.status))
    return exchange.json() if exchange.status == 200 else {}


def _values(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(_mappings(body.get("value")))


def _mappings(raw: Any) -> Iterator[Mapping[str, Any]]:
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, Mapping):
            yield item
