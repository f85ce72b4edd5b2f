# SPDX-License-Identifier: Apache-2.0
"""
Importer of Entra's objects as `az ad …` and Microsoft Graph list them: applications, service principals, their
credentials, owners and federated credentials, groups, directory roles, permissions that were granted.

Formats: learn.microsoft.com, Microsoft Graph REST API v1.0. Secrets' values are in none of them; should a credential
have a `secretText`, it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.azure.keys import PROVIDER, app_key, principal_key, resource_key, role_key, text_of
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows

_Found = Iterator[Node | Edge | Unread]


class EntraListings:
    """Implements `Importer`."""

    name = "entra objects"

    def recognises(self, head: bytes, name: str) -> bool:
        """By fields that only such objects have together."""
        text = head_text(head)
        return any(all(f'"{word}"' in text for word in words) for words in _SHAPES)

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, ("value",)):
            if isinstance(row, Unread):
                yield row
                continue
            read = next((read for words, read in _BY_FIELDS if all(word in row.value for word in words)), None)
            if read is None:
                yield Unread("an entry", "it is none of the objects that count here, or lacks the fields that say so")
            else:
                yield from read(row)


def _application(row: Row) -> _Found:
    value = row.value
    app_id, object_id = text_of(value, "appId"), text_of(value, "id", "objectId")
    key = app_key(app_id)
    properties = {
        "type": "application",
        "created": text_of(value, "createdDateTime"),
        "client_id": app_id,
        "object_id": object_id,
        "audience": text_of(value, "signInAudience"),
        "publisher": text_of(value, "publisherDomain"),
        "is_human": False,
    }
    yield Node(key, NodeKind.IDENTITY, PROVIDER, text_of(value, "displayName") or app_id, "", properties)
    if object_id:
        alias = f"azure:application:{object_id.lower()}"
        yield Node(
            alias, NodeKind.IDENTITY, PROVIDER, text_of(value, "displayName") or app_id, "", {"type": "application"}
        )
        yield Edge(alias, key, EdgeKind.AUTHENTICATES_AS, evidence=f"application object {object_id}")
    yield from _credentials(value, key)
    yield from _owners(value.get("owners"), key)
    for item in value.get("federatedIdentityCredentials") or ():
        if isinstance(item, Mapping):
            yield from _federated(item, key)


def _service_principal(row: Row) -> _Found:
    value = row.value
    object_id, app_id = text_of(value, "id", "objectId"), text_of(value, "appId")
    kind = text_of(value, "servicePrincipalType")
    if not object_id:
        yield Unread("a service principal", "it has no id")
        return
    key = principal_key(object_id, "ServicePrincipal")
    owner = text_of(value, "appOwnerOrganizationId")
    properties: dict[str, Any] = {
        "type": "managed-identity" if kind == "ManagedIdentity" else "service-principal",
        "created": text_of(value, "createdDateTime"),
        "client_id": app_id,
        "enabled": value.get("accountEnabled") is not False,
        "publisher": text_of(value, "publisherName") or _publisher(value),
        "owner_tenant": owner,
        "is_human": False,
    }
    roles = {
        str(item.get("id")): str(item.get("value")) for item in value.get("appRoles") or () if isinstance(item, Mapping)
    }
    if roles:
        properties["app_roles"] = roles
    yield Node(
        key, NodeKind.IDENTITY, PROVIDER, text_of(value, "displayName", "appDisplayName") or object_id, "", properties
    )
    if app_id:
        yield Edge(app_key(app_id), key, EdgeKind.AUTHENTICATES_AS, evidence=f"service principal {object_id}")
    if owner:
        yield Edge(key, f"azure:tenant:{owner.lower()}", EdgeKind.ISSUED_BY, evidence="appOwnerOrganizationId")
    for name in value.get("alternativeNames") or ():
        if kind == "ManagedIdentity" and str(name).startswith("/subscriptions/"):
            yield Edge(resource_key(str(name)), key, EdgeKind.RUNS_AS, evidence=f"alternativeNames of {object_id}")
    yield from _credentials(value, key)
    yield from _owners(value.get("owners"), key)


def _publisher(value: Mapping[str, Any]) -> str:
    publisher = value.get("verifiedPublisher")
    return text_of(publisher, "displayName") if isinstance(publisher, Mapping) else ""


def _credentials(value: Mapping[str, Any], key: str) -> _Found:
    for name, kind in (("passwordCredentials", "client-secret"), ("keyCredentials", "certificate")):
        for item in value.get(name) or ():
            if isinstance(item, Mapping):
                yield from _credential(item, kind, key)


def _credential(item: Mapping[str, Any], kind: str, key: str) -> _Found:
    number = text_of(item, "keyId")
    if not number:
        yield Unread(f"a {kind} of {key}", "it has no keyId")
        return
    properties = {
        "type": kind,
        "created": text_of(item, "startDateTime", "startDate"),
        "expires": text_of(item, "endDateTime", "endDate"),
        "key_id": number,
        "hint": text_of(item, "hint")[:3],
    }
    if kind == "certificate":
        properties["thumbprint"] = text_of(item, "customKeyIdentifier")
    credential = f"azure:credential:{number.lower()}"
    name = text_of(item, "displayName") or f"{kind} {number}"
    yield Node(credential, NodeKind.CREDENTIAL, PROVIDER, name, "", properties)
    yield Edge(credential, key, EdgeKind.AUTHENTICATES_AS, evidence=f"{kind} {number}")


def _lone_credential(row: Row) -> _Found:
    """Of `az ad app credential list --id …`, which does not say whose they are unless the request stands beside it."""
    key = _named_in(row)
    if not key:
        yield Unread(f"credential {text_of(row.value, 'keyId')}",
                     "the export does not say whose it is: export the applications themselves")  # fmt: skip
        return
    kind = "client-secret" if "hint" in row.value else "certificate"
    yield from _credential(row.value, kind, key)


def _named_in(row: Row) -> str:
    """The object that a request or a context is about."""
    text = row.path or str(row.around.get("@odata.context", ""))
    match = re.search(r"(applications|servicePrincipals|groups)(?:/|\(')([0-9A-Za-z-]{8,})", text)
    if match is None:
        match = re.search(r"()--id[ =]([0-9A-Za-z-]{8,})", text)
        return app_key(match[2]) if match else ""
    if match[1] == "applications":
        return f"azure:application:{match[2].lower()}"
    return principal_key(match[2], "ServicePrincipal" if match[1] == "servicePrincipals" else "Group")


def _owners(owners: Any, key: str) -> _Found:
    for item in owners if isinstance(owners, list) else ():
        if isinstance(item, Mapping) and text_of(item, "id"):
            yield from _person(item)
            yield Edge(key, _principal(item), EdgeKind.OWNED_BY, evidence=f"owners of {key.rpartition(':')[2]}")


def _principal(item: Mapping[str, Any]) -> str:
    kind = text_of(item, "@odata.type").rpartition(".")[2]
    if not kind:
        kind = "User" if "userPrincipalName" in item else "ServicePrincipal" if "appId" in item else ""
    return principal_key(text_of(item, "id"), kind)


def _person(item: Mapping[str, Any]) -> Iterator[Node]:
    if _principal(item).startswith("azure:user:"):
        name = text_of(item, "userPrincipalName", "displayName") or text_of(item, "id")
        yield Node(_principal(item), NodeKind.IDENTITY, PROVIDER, name, "", {"type": "user", "is_human": True})


def _federated(item: Mapping[str, Any], key: str) -> _Found:
    issuer, subject = text_of(item, "issuer"), text_of(item, "subject")
    if not issuer:
        yield Unread(f"a federated credential of {key}", "it has no issuer")
        return
    provider = f"oidc:{issuer.partition('://')[2].rstrip('/') or issuer}"
    yield Node(provider, NodeKind.TRUST_PROVIDER, "oidc", issuer, "", {"type": "oidc"})
    evidence = f"federated credential {text_of(item, 'name') or subject}"
    yield Edge(key, provider, EdgeKind.TRUSTS, evidence=evidence, detail=subject)


def _lone_federated(row: Row) -> _Found:
    key = _named_in(row)
    if key:
        yield from _federated(row.value, key)
    else:
        yield Unread(f"federated credential {text_of(row.value, 'name')}",
                     "the export does not say whose it is: export it through Microsoft Graph")  # fmt: skip


def _group(row: Row) -> _Found:
    value = row.value
    key = principal_key(text_of(value, "id", "objectId"), "Group")
    properties = {"type": "group", "assignable_to_roles": bool(value.get("isAssignableToRole"))}
    yield Node(key, NodeKind.GROUP, PROVIDER, text_of(value, "displayName") or key, "", properties)
    for item in value.get("members") or ():
        if isinstance(item, Mapping) and text_of(item, "id"):
            yield from _person(item)
            yield Edge(
                _principal(item), key, EdgeKind.MEMBER_OF, evidence=f"members of {text_of(value, 'displayName')}"
            )
    yield from _owners(value.get("owners"), key)


def _member(row: Row) -> _Found:
    """An entry of `/groups/{id}/members` or of owners, by the request that was answered."""
    key = _named_in(row)
    text = row.path or str(row.around.get("@odata.context", ""))
    if not key or not ("members" in text.lower() or "owners" in text):
        yield Unread(f"the directory object {text_of(row.value, 'id')}", "the export does not say in what it is listed")
        return
    yield from _person(row.value)
    if "owners" in text:
        yield Edge(key, _principal(row.value), EdgeKind.OWNED_BY, evidence="owners")
    else:
        yield Edge(_principal(row.value), key, EdgeKind.MEMBER_OF, evidence="members")


def _directory_role(row: Row) -> _Found:
    value = row.value
    template = text_of(value, "roleTemplateId")
    yield Node(
        role_key(template), NodeKind.ROLE, PROVIDER, text_of(value, "displayName"), "", {"type": "directory-role"}
    )
    if "members" not in value:
        yield Unread(f"members of {text_of(value, 'displayName')}", "the export lacks them: add $expand=members")
    for item in value.get("members") or ():
        if isinstance(item, Mapping) and text_of(item, "id"):
            yield from _person(item)
            yield from _role_assigned(_principal(item), template, "/")


def _role_assignment(row: Row) -> _Found:
    """An entry of `/roleManagement/directory/roleAssignments`."""
    value = row.value
    principal = value.get("principal")
    holder = _principal(principal) if isinstance(principal, Mapping) else principal_key(text_of(value, "principalId"))
    role = text_of(value, "roleDefinitionId")
    if not text_of(value, "principalId") or not role:
        yield Unread("a directory role assignment", "it has no principal or no role")
        return
    yield from _role_assigned(holder, role, text_of(value, "directoryScopeId") or "/")


def _role_assigned(holder: str, role: str, scope: str) -> _Found:
    key = f"azure:directory-role-assignment:{role.lower()}:{holder.rpartition(':')[2]}:{scope.lower()}"
    properties = {"type": "directory-role-assignment", "role": role_key(role), "scope": scope}
    yield Node(key, NodeKind.POLICY, PROVIDER, f"directory role {role}", "", properties)
    yield Edge(holder, key, EdgeKind.HAS_GRANT, evidence=f"directory role {role} at {scope}")


def _app_role(row: Row) -> _Found:
    value = row.value
    role, holder, resource = (text_of(value, name) for name in ("appRoleId", "principalId", "resourceId"))
    if not role or not holder or not resource:
        yield Unread("a granted application permission", "it lacks the role, the principal or the resource")
        return
    source = principal_key(holder, text_of(value, "principalType") or "ServicePrincipal")
    key = f"azure:app-role-assignment:{holder.lower()}:{resource.lower()}:{role.lower()}"
    properties = {
        "type": "app-role-assignment",
        "permission": role,
        "resource": principal_key(resource, "ServicePrincipal"),
        "created": text_of(value, "createdDateTime"),
    }
    name = f"{text_of(value, 'resourceDisplayName')} {role}".strip()
    yield Node(key, NodeKind.POLICY, PROVIDER, name, "", properties)
    yield Edge(source, key, EdgeKind.HAS_GRANT, evidence=f"app role assignment {text_of(value, 'id')}".strip())


def _delegated(row: Row) -> _Found:
    value = row.value
    client, resource = text_of(value, "clientId"), text_of(value, "resourceId")
    key = f"azure:oauth2-permission-grant:{text_of(value, 'id') or f'{client}:{resource}'}"
    scopes = text_of(value, "scope").split()
    properties = {"type": "delegated-permissions", "scopes": scopes, "consent": text_of(value, "consentType")}
    yield Node(key, NodeKind.POLICY, PROVIDER, " ".join(scopes), "", properties)
    yield Edge(
        principal_key(client, "ServicePrincipal"),
        key,
        EdgeKind.HAS_GRANT,
        evidence=f"oauth2PermissionGrant {key.rpartition(':')[2]}",
    )


_Read = Callable[[Row], _Found]
_BY_FIELDS: tuple[tuple[tuple[str, ...], _Read], ...] = (
    (("appId", "servicePrincipalType"), _service_principal),
    (("appId", "signInAudience"), _application),
    (("appId", "passwordCredentials"), _application),
    (("appRoleId", "principalId"), _app_role),
    (("clientId", "consentType"), _delegated),
    (("roleTemplateId",), _directory_role),
    (("directoryScopeId", "roleDefinitionId"), _role_assignment),
    (("issuer", "subject"), _lone_federated),
    (("keyId", "endDateTime"), _lone_credential),
    (("id", "securityEnabled"), _group),
    (("id", "groupTypes"), _group),
    (("@odata.type", "id"), _member),
    (("userPrincipalName", "id"), _member),
)
_SHAPES = (
    ("appId", "servicePrincipalType"),
    ("appId", "signInAudience"),
    ("appId", "passwordCredentials"),
    ("appRoleId", "principalId"),
    ("clientId", "consentType", "resourceId"),
    ("roleTemplateId", "displayName"),
    ("directoryScopeId", "roleDefinitionId"),
    ("issuer", "subject", "audiences"),
    ("keyId", "endDateTime", "startDateTime"),
    ("securityEnabled", "displayName"),
)
