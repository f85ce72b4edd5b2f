# SPDX-License-Identifier: Apache-2.0
"""
Identifies Google service accounts and access tokens: who, which projects, and which of a short list of permissions hold
on each (`testIamPermissions` asks and grants nothing).

References: https://cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions,
https://cloud.google.com/resource-manager/reference/rest/v3/projects/search,
https://cloud.google.com/iam/docs/permissions-reference.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.flows.exchange import Exchange, ask, place_of, text_at
from secrethunt.validate.flows.google import key_file
from secrethunt.validate.flows.jws import signed_token
from secrethunt.verdict import Evidence

_TOKENS = "https://oauth2.googleapis.com"
_MANAGER = "https://cloudresourcemanager.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email"
_LIVES_S = 300
_MOST_PROJECTS = 50

TESTED: dict[str, Right] = {
    "resourcemanager.projects.setIamPolicy": Right(Access.ADMIN, "project", 1.0, tier0=True),
    "iam.serviceAccountKeys.create": Right(Access.ADMIN, "service-account", 0.9, tier0=True),
    "iam.serviceAccounts.getAccessToken": Right(Access.ADMIN, "service-account", 0.9, tier0=True),
    "iam.serviceAccounts.actAs": Right(Access.WRITE, "service-account", 0.9),
    "iam.roles.update": Right(Access.ADMIN, "role", 0.9, tier0=True),
    "secretmanager.versions.access": Right(Access.SECRET_READ, "secret", 0.9),
    "storage.objects.get": Right(Access.READ, "storage-object", 0.7),
    "storage.objects.create": Right(Access.WRITE, "storage-object", 0.7),
    "bigquery.tables.getData": Right(Access.READ, "bigquery-table", 0.8),
    "cloudsql.instances.connect": Right(Access.READ, "cloudsql-instance", 0.8),
    "compute.instances.create": Right(Access.WRITE, "compute-instance", 0.7),
    "compute.instances.setMetadata": Right(Access.WRITE, "compute-instance", 0.8),
    "cloudfunctions.functions.create": Right(Access.WRITE, "function", 0.7),
    "run.services.create": Right(Access.WRITE, "run-service", 0.7),
    "container.clusters.get": Right(Access.READ, "cluster", 0.6),
    "container.secrets.get": Right(Access.SECRET_READ, "cluster-secret", 0.9),
    "cloudkms.cryptoKeyVersions.useToDecrypt": Right(Access.SECRET_READ, "kms-key", 0.8),
    "deploymentmanager.deployments.create": Right(Access.WRITE, "deployment", 0.9),
    "cloudbuild.builds.create": Right(Access.WRITE, "build", 0.8),
    "resourcemanager.projects.getIamPolicy": Right(Access.READ, "iam-policy", 0.4),
}
"""What is asked about, and what it opens."""


def identify_key(asked: Asked, session: Session) -> Identification:
    """
    Exchange the key for a token that lives minutes, and ask with it.

    Raises:
        NoAnswer: Google gives no token.
    """
    drawing = Drawing(asked, "gcp")
    pem, facts = key_file(asked.credential)
    said = dict(facts)
    now = int(time.time())
    email, key_id = said.get("email", ""), said.get("key_id", "")
    claims = {"iss": email, "scope": _SCOPE, "aud": f"{_TOKENS}/token", "iat": now, "exp": now + _LIVES_S}
    assertion = signed_token(claims, pem, algorithm="RS256", headers={"kid": key_id} if key_id else {})
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    exchange = _form(session, "/token", form, drawing)
    token = text_at(exchange.json(), "access_token")
    if not token:
        return drawing.finished(f"Google gives no token ({exchange.status})")
    identity = _draw_account(drawing, email, exchange.label)
    if key_id:
        key = f"gcp:service-account-key:{key_id}"
        drawing.node(
            Node(key, NodeKind.CREDENTIAL, "gcp", key_id, drawing.account_key, {"type": "service-account-key"})
        )
        drawing.edge(Edge(asked.key, key, EdgeKind.DUPLICATE_OF, evidence="same private key id"))
        drawing.edge(Edge(key, identity, EdgeKind.AUTHENTICATES_AS, evidence=exchange.label))
    _draw_projects(drawing, token, session, said.get("project", ""))
    return drawing.finished()


def identify_token(asked: Asked, session: Session) -> Identification:
    """
    What an access token opens.

    Raises:
        NoAnswer: Google does not answer.
    """
    drawing = Drawing(asked, "gcp")
    token = asked.credential.secret.reveal().decode("ascii", "replace")
    exchange = _form(session, "/tokeninfo", {"access_token": token}, drawing)
    body = exchange.json()
    if exchange.status != 200 or not text_at(body, "aud"):
        return drawing.finished(f"Google does not know the token ({exchange.status})")
    email = text_at(body, "email")
    if email:
        _draw_account(drawing, email, exchange.label)
    else:
        client = text_at(body, "azp") or text_at(body, "aud")
        drawing.identity(f"gcp:oauth-client:{client}", client, "oauth-client", evidence=exchange.label, is_human=True)
    drawing.describe(scopes=text_at(body, "scope"), expires_in_s=text_at(body, "expires_in"))
    _draw_projects(drawing, token, session, "")
    return drawing.finished()


def _draw_account(drawing: Drawing, email: str, evidence: str) -> str:
    is_service = email.endswith(".gserviceaccount.com")
    project = email.partition("@")[2].partition(".")[0] if email.endswith(".iam.gserviceaccount.com") else ""
    if project:
        drawing.account(f"gcp:project:{project}", project, "project")
    kind = "service-account" if is_service else "user"
    return drawing.identity(f"gcp:{kind}:{email}", email, kind, evidence=evidence, is_human=not is_service)


def _draw_projects(drawing: Drawing, token: str, session: Session, own: str) -> None:
    """Projects that the token may see, and the one that the key file names; on each what holds."""
    exchange = _api(session, "GET", "/v3/projects:search?pageSize=100", token, drawing)
    listed = exchange.json().get("projects") if exchange is not None and exchange.status == 200 else None
    projects = {
        text_at(item, "projectId"): text_at(item, "displayName")
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, Mapping)
    }
    if own:
        projects.setdefault(own, own)
    for project, name in list(projects.items())[:_MOST_PROJECTS]:
        if project.replace("-", "").replace(":", "").replace(".", "").isalnum():
            _draw_project(drawing, project, name, token, session)
    if not drawing.has_rights():
        drawing.unknown("", "no permission that was asked about holds on a known project: import its IAM policies")


def _draw_project(drawing: Drawing, project: str, name: str, token: str, session: Session) -> None:
    key = f"gcp:project:{project}"
    drawing.node(Node(key, NodeKind.ACCOUNT, "gcp", name or project, key, {"type": "project"}))
    body = json.dumps({"permissions": list(TESTED)}).encode()
    path, label = f"/v3/projects/{project}:testIamPermissions", "/v3/projects/{{project}}:testIamPermissions"
    exchange = _api(session, "POST", path, token, drawing, label=label, body=body)
    held = exchange.json().get("permissions") if exchange is not None and exchange.status == 200 else None
    for permission in held if isinstance(held, list) else []:
        right = TESTED.get(str(permission))
        if right is None:
            continue
        target = key if right.kind == "project" else f"gcp:any:{right.kind}@{project}"
        what = project if right.kind == "project" else f"every {right.kind} of {project}"
        drawing.reaches(target, what, right, evidence=f"testIamPermissions on {project}", permission=str(permission))


def _form(session: Session, path: str, form: Mapping[str, str], drawing: Drawing) -> Exchange:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    place = place_of(session, "google", _TOKENS)
    exchange = ask(session, place, path, method="POST", headers=headers, body=urlencode(form).encode())
    drawing.requests.append(Evidence(exchange.label, exchange.status))
    return exchange


def _api(session: Session, method: str, path: str, token: str, drawing: Drawing, **more: Any) -> Exchange | None:
    """The answer of the resource manager; None where there is none, which is kept."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"}
    place = place_of(session, "google", _MANAGER)
    try:
        exchange = ask(session, place, path, method=method, headers=headers, is_idempotent=True, **more)
    except NoAnswer as err:
        drawing.requests.append(Evidence(f"{method} {place.label}{more.get('label', path)}", None, err.reason))
        return None
    drawing.requests.append(Evidence(exchange.label, exchange.status))
    return exchange
