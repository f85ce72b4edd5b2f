# SPDX-License-Identifier: Apache-2.0
"""
Kubernetes tokens: whom the API server takes them for. The review is answered at once and leaves nothing behind.

Reference: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from secrethunt.online.contract import HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, Place, ask, optional, text_at

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def check(credential: Credential, session: Session) -> Outcome:
    """Whom the server takes the token for."""
    exchange = review(credential, session, server_of(credential, session), WHO, {"kind": "SelfSubjectReview"})
    body = exchange.json()
    name = text_at(body, "status.userInfo.username")
    if exchange.status == 201 and name and name != "system:anonymous":
        return exchange.active("json status.userInfo.username", (("account", name),))
    if exchange.status == 401 and body.get("kind") == "Status" and body.get("reason") == "Unauthorized":
        return exchange.inactive("json reason Unauthorized")
    return exchange.unclear()


def server_of(credential: Credential, session: Session) -> Place:
    """
    The user's endpoint, else the server that stands beside the token.

    Raises:
        NoAnswer: There is neither.
    """
    if given := session.endpoint("kubernetes"):
        return Place(given.rstrip("/"), given.rstrip("/"), HostOrigin.USER, "kubernetes")
    server = optional(credential, "server")
    if not server.startswith("https://"):
        raise NoAnswer("needs --endpoint kubernetes=URL: no server stands beside it")
    return Place(server.rstrip("/"), "https://{{host}}:{{port}}", HostOrigin.FOUND, "kubernetes")


def review(credential: Credential, session: Session, place: Place, path: str, asked: Mapping[str, Any]) -> Exchange:
    """The answer of *place* to one of the review APIs."""
    token = credential.secret.reveal().decode("ascii", "replace")
    group = path.split("/")[2]
    body = json.dumps({"apiVersion": f"{group}/v1", **asked}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    return ask(session, place, path, method="POST", headers=headers, body=body, is_idempotent=True)
