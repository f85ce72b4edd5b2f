# SPDX-License-Identifier: Apache-2.0
"""Kubernetes, Google and Entra against servers on loopback that answer as documented."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.entra import right_of, subscription_right
from secrethunt.identity.live.kubernetes import level_of
from secrethunt.identity.live.registry import load_identifier
from secrethunt.validate.contract import Credential
from tests.services.credentials import credential, made
from tests.services.provider import Asked as Request
from tests.services.provider import Provider, Reply, json_reply, serve
from tests.services.session import PlainSession
from tests.validate.flows.cases import GUID, rsa_pem

AT = "2026-01-01T00:00:00Z"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def answering(answers: Mapping[str, tuple[int, Any]], request: Request) -> Reply:
    fitting = [part for part in answers if part in request.path]
    status, body = answers[max(fitting, key=len)] if fitting else (404, {})
    return json_reply(status, body)


def ask(
    provider: Provider, flow: str, endpoint: str, found: Credential, answers: Mapping[str, tuple[int, Any]]
) -> Identification:
    provider.reply = lambda request: answering(answers, request)
    return load_identifier(flow)(Asked(found, "c" * 32, AT), PlainSession(endpoints={endpoint: provider.url}))


def rights(found: Identification) -> set[str]:
    return {
        f"{'unknown' if item.status is EdgeStatus.UNKNOWN else item.access.label} {item.target}"
        for item in found.graph
        if isinstance(item, Edge) and item.access is not None
    }


def test_a_service_account_of_kubernetes_has_its_rules(provider: Provider) -> None:
    token = made(60)
    rules = [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"]},
        {"verbs": ["create"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectrulesreviews"]},
    ]
    answers = {
        "selfsubjectreviews": (201, {"status": {"userInfo": {"username": "system:serviceaccount:ci:deployer"}}}),
        "selfsubjectrulesreviews": (201, {"status": {"resourceRules": rules, "incomplete": False}}),
    }
    found = ask(provider, "kubernetes", "kubernetes", credential("kubernetes.kubeconfig-token", token), answers)
    cluster = provider.url.removeprefix("http://")
    assert f"k8s:{cluster}:service-account:ci/deployer" == dict(found.facts)["identity"]
    assert {
        f"secret-read k8s:{cluster}:secret:ci/*",
        f"write k8s:{cluster}:pods:ci/*",
        f"unknown k8s:any:*@{cluster.rpartition(':')[2]}",
    } == rights(found)
    assert token not in repr(found)


@pytest.mark.parametrize(
    ("resource", "verbs", "access"),
    [
        ("secrets", ["get"], Access.SECRET_READ),
        ("roles", ["escalate"], Access.ADMIN),
        ("*", ["*"], Access.ADMIN),
        ("pods", ["get", "list"], Access.READ),
        ("pods", ["delete"], Access.WRITE),
    ],
)
def test_verbs_of_kubernetes_come_to_an_access(resource: str, verbs: list[str], access: Access) -> None:
    assert access is level_of(resource, verbs)


def test_a_key_of_a_google_service_account_is_tested_on_its_projects(provider: Provider) -> None:
    pytest.importorskip("jwt", reason="pip install 'secrethunt[jwt]'")
    email = "ci@shop-1.iam.gserviceaccount.com"
    parts = {"email": email, "project": "shop-1", "key_id": "a" * 40}
    answers: dict[str, tuple[int, Any]] = {
        "/token": (200, {"access_token": "t" * 30, "expires_in": 300}),
        "projects:search": (200, {"projects": [{"projectId": "shop-2", "displayName": "Shop"}]}),
        "/projects/shop-1:test": (200, {"permissions": ["secretmanager.versions.access"]}),
        "/projects/shop-2:test": (200, {"permissions": ["resourcemanager.projects.setIamPolicy"]}),
    }
    found = ask(
        provider,
        "google-service-account",
        "google",
        credential("google.service-account-key", rsa_pem(), parts),
        answers,
    )
    assert f"gcp:service-account:{email}" == dict(found.facts)["identity"]
    assert {"secret-read gcp:any:secret@shop-1", "admin gcp:project:shop-2"} == rights(found)
    joined = {(item.target, item.kind) for item in found.graph if isinstance(item, Edge)}
    assert (f"gcp:service-account-key:{'a' * 40}", EdgeKind.DUPLICATE_OF) in joined
    assert "t" * 30 not in repr(found)


def test_an_application_of_entra_has_its_roles_and_subscriptions(provider: Provider) -> None:
    claims = {"oid": "0B1EC7", "roles": ["Mail.ReadWrite", "Application.ReadWrite.All"], "app_displayname": "ci"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    secret = made(40)
    role = {"@odata.type": "#microsoft.graph.directoryRole", "roleTemplateId": "R1", "displayName": "Reader"}
    answers: dict[str, tuple[int, Any]] = {
        "/oauth2/v2.0/token": (200, {"access_token": f"h.{payload}.s", "token_type": "Bearer"}),
        "/servicePrincipals(": (200, {"id": "0B1EC7", "displayName": "ci"}),
        "/memberOf": (200, {"value": [role]}),
        "/subscriptions?": (200, {"value": [{"subscriptionId": "S1", "displayName": "prod"}]}),
        "Microsoft.Authorization/permissions": (200, {"value": [{"actions": ["*"], "notActions": []}]}),
    }
    parts = {"tenant_id": GUID, "client_id": GUID}
    found = ask(provider, "azure-entra", "azure-entra", credential("azure.entra-client-secret", secret, parts), answers)
    assert "azure:service-principal:0b1ec7" == dict(found.facts)["identity"]
    assert {
        f"write azure:any:mail@{GUID}",
        f"admin azure:any:directory@{GUID}",
        "admin azure:subscription:s1",
    } == rights(found)
    assert "azure:role:r1" in {item.target for item in found.graph if isinstance(item, Edge)}
    assert secret not in repr(found)


def test_contributor_is_no_owner() -> None:
    contributor = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
    assert (Access.WRITE, False) == (subscription_right(contributor).access, subscription_right(contributor).tier0)
    assert Access.READ is subscription_right({"actions": ["*/read"], "notActions": []}).access
    assert Access.READ is right_of("User.Read.All").access
