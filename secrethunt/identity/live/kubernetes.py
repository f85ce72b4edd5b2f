# SPDX-License-Identifier: Apache-2.0
"""
Identifies Kubernetes tokens: who the API server takes them for, and the rules that hold for them in their namespace.

The two review APIs create nothing that stays: they answer in the reply.
References: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/,
https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from secrethunt.identity.contract import Access
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import Session
from secrethunt.validate.flows.exchange import text_at
from secrethunt.validate.flows.kubernetes import WHO, review, server_of
from secrethunt.verdict import Evidence

_RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_READING = frozenset({"get", "list", "watch"})
_SENSITIVE = {"secrets": 0.9, "*": 1.0, "pods": 0.7, "nodes": 0.9, "serviceaccounts": 0.8, "configmaps": 0.5}
_ESCALATING = frozenset({"bind", "escalate", "impersonate"})


def identify(asked: Asked, session: Session) -> Identification:
    """
    Who the token is, and its rules.

    Raises:
        NoAnswer: There is no server, or it does not answer.
    """
    drawing = Drawing(asked, "k8s")
    credential = asked.credential
    place = server_of(credential, session)
    cluster = urlsplit(place.url).netloc
    exchange = review(credential, session, place, WHO, {"kind": "SelfSubjectReview"})
    drawing.requests.append(Evidence(exchange.label, exchange.status))
    user = exchange.json().get("status", {})
    name = text_at(user, "userInfo.username") if isinstance(user, Mapping) else ""
    if not name:
        return drawing.finished("the server does not say whom it knows it as")
    drawing.account(f"k8s:cluster:{cluster}", cluster, "cluster")
    namespace, identity = _identity_of(name, cluster)
    groups = user.get("userInfo", {}).get("groups", [])
    drawing.identity(
        identity,
        name,
        "service-account" if namespace else "user",
        evidence=exchange.label,
        is_human=None,
        groups=groups,
    )
    space = namespace or "default"
    rules_review = {"kind": "SelfSubjectRulesReview", "spec": {"namespace": space}}
    rules = review(credential, session, place, _RULES, rules_review)
    drawing.requests.append(Evidence(rules.label, rules.status))
    status = rules.json().get("status")
    if rules.status != 201 or not isinstance(status, Mapping):
        drawing.unknown("", "the server does not tell the token's rules")
        return drawing.finished()
    for rule in status.get("resourceRules") or ():
        if isinstance(rule, Mapping):
            _draw_rule(drawing, rule, cluster, space, rules.label)
    if status.get("incomplete"):
        drawing.unknown("", f"the server could not list all rules: {str(status.get('evaluationError', ''))[:200]}")
    drawing.unknown("", f"rules were asked for namespace {space} alone: import the cluster's roles and bindings")
    return drawing.finished()


def _identity_of(name: str, cluster: str) -> tuple[str, str]:
    """Namespace (empty for a user) and key."""
    if name.startswith(_SERVICE_ACCOUNT) and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        return namespace, f"k8s:{cluster}:service-account:{namespace}/{account}"
    return "", f"k8s:{cluster}:user:{name}"


def _draw_rule(drawing: Drawing, rule: Mapping[str, Any], cluster: str, namespace: str, evidence: str) -> None:
    verbs = [str(verb) for verb in rule.get("verbs") or ()]
    for resource in rule.get("resources") or ():
        # Everybody may ask about oneself.
        if str(resource).startswith(("selfsubject", "localsubject")):
            continue
        access = level_of(str(resource), verbs)
        sensitivity = _SENSITIVE.get(str(resource).partition("/")[0], 0.4)
        is_tier0 = access is Access.ADMIN and resource == "*"
        right = Right(access, str(resource), sensitivity, tier0=is_tier0)
        names = [str(name) for name in rule.get("resourceNames") or ()] or ["*"]
        for name in names:
            key = f"k8s:{cluster}:{_kind(str(resource))}:{namespace}/{name}"
            drawing.reaches(
                key,
                f"{resource} {namespace}/{name}",
                right,
                evidence=evidence,
                permission=f"{','.join(verbs)} {resource}",
            )


def _kind(resource: str) -> str:
    return {"secrets": "secret", "serviceaccounts": "service-account", "roles": "role"}.get(resource, resource)


def level_of(resource: str, verbs: Iterable[str]) -> Access:
    """What *verbs* on a resource come to."""
    said = set(verbs)
    if "*" in said or said & _ESCALATING:
        return Access.ADMIN
    is_secret = resource in ("secrets", "*")
    if said - _READING:
        return Access.WRITE if not (is_secret and said & _READING) else Access.SECRET_READ
    if is_secret:
        return Access.SECRET_READ
    return Access.READ if "get" in said or "list" in said else Access.LIST
