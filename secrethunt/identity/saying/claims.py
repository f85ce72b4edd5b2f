# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens: whose they are by the claims of their issuer, and which issuer a role would have to trust."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from secrethunt.facts.certificates import certificate_facts
from secrethunt.facts.issuers import issuer_of
from secrethunt.identity.contract import EdgeKind, NodeKind
from secrethunt.identity.saying.cloud import google_identity
from secrethunt.identity.saying.said import Item, Said, Word, link, thing

_CLUSTERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https://oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/id/([0-9A-F]{32})$"), "eks-"),
    (re.compile(r"https://container\.googleapis\.com/v1/projects/[\w.:-]+/locations/[\w-]+/clusters/([\w-]+)$"), ""),
    (re.compile(r"https://[\w-]+\.oic\.[\w-]+\.azure\.com/[\w-]{36}/([\w-]{36})/?$"), "aks-"),
)
"""Issuers of managed clusters: Amazon EKS, GKE and AKS, "workload identity"."""


def claims(said: Said) -> Iterator[Item]:
    """Nothing where the token names neither issuer nor subject."""
    issuer = said.word("issuer")
    if said.facts.get("namespace") and said.facts.get("account"):
        yield from _kubernetes(said)
        return
    speak = _SPEAKERS.get(issuer_of(issuer.text)) or (_gitlab if said.facts.get("repository") else _anybody)
    yield from speak(said)
    if issuer:
        yield from _issued(said, issuer)


def _issued(said: Said, issuer: Word) -> Iterator[Item]:
    key = "oidc:issuer:" + issuer.text.removeprefix("https://").rstrip("/")
    yield thing(key, NodeKind.TRUST_PROVIDER, "oidc", issuer.text, "oidc-issuer")
    yield said.edge(key, EdgeKind.ISSUED_BY, issuer)


def cluster_of(issuer: str) -> str:
    """The name by which a cluster's nodes are keyed, as far as its issuer tells; `unknown` where it does not."""
    for pattern, prefix in _CLUSTERS:
        if match := pattern.match(issuer):
            return prefix + match.group(1).lower()
    host = re.sub(r"^https?://", "", issuer).rstrip("/")
    return host if "." in host and not host.startswith("kubernetes.default") else "unknown"


def _kubernetes(said: Said) -> Iterator[Item]:
    issuer = said.word("issuer")
    cluster = cluster_of(issuer.text)
    namespace, name = said.word("namespace"), said.word("account")
    account = f"k8s:cluster:{cluster}"
    yield from said.account(account, "k8s", Word(cluster, issuer.source or "no issuer"), type_name="cluster")
    node = thing(
        f"k8s:{cluster}:service-account:{namespace.text}/{name.text}",
        NodeKind.IDENTITY,
        "k8s",
        f"{namespace.text}/{name.text}",
        "service-account",
        account=account,
        subject=f"system:serviceaccount:{namespace.text}:{name.text}",
        unique_id=said.word("object_id").text,
        issuer=issuer.text,
    )
    yield from said.identity(node, name)
    if secret := said.word("secret_name"):
        key = f"k8s:{cluster}:secret:{namespace.text}/{secret.text}"
        yield thing(key, NodeKind.SECRET_STORE, "k8s", f"{namespace.text}/{secret.text}", "secret", account=account)
        yield link(key, said.secret_key, EdgeKind.STORES, secret)


def kubeconfig(said: Said) -> Iterator[Item]:
    """A user of a cluster by the server's address; whom a client certificate names (Kubernetes, "X.509 client
    certificates": the common name is the user, organisations are its groups)."""
    if said.facts.get("namespace") and said.facts.get("account"):
        yield from _kubernetes(said)
        return
    server = said.word("server", "host")
    cluster = _host(server.text) or "unknown"
    account = f"k8s:cluster:{cluster}"
    if server:
        yield from said.account(account, "k8s", server, name=cluster, type_name="cluster")
    certificate = said.word("certificate")
    named: dict[str, str] = {}
    for name, text in certificate_facts(certificate.text.encode()) if certificate else ():
        named.setdefault(name, text)
    user = said.word("user")
    if named.get("subject"):
        user = Word(named["subject"], "subject of the certificate beside the secret", is_near=True)
    if not user:
        return
    node = thing(
        f"k8s:{cluster}:user:{user.text}",
        NodeKind.IDENTITY,
        "k8s",
        user.text,
        "user",
        account=account if server else "",
        issuer=named.get("issuer"),
        expires=named.get("expires"),
    )
    yield from said.identity(node, user)
    for group in named.get("groups", "").split():
        key = f"k8s:{cluster}:group:{group}"
        yield thing(key, NodeKind.GROUP, "k8s", group, "group")
        yield link(node.key, key, EdgeKind.MEMBER_OF, user)


def _github(said: Said) -> Iterator[Item]:
    repository, workflow = said.word("repository"), said.word("workflow")
    if not repository:
        yield from _anybody(said)
        return
    full_name = repository.text.lower()
    repo_key = f"github:repo:{full_name}"
    owner = f"github:org:{full_name.partition('/')[0]}"
    yield from said.account(owner, "github", repository, name=owner.rpartition(":")[2], type_name="organization")
    yield thing(repo_key, NodeKind.REPOSITORY, "github", repository.text, "repository", account=owner)
    path = workflow.text.partition("@")[0]
    where = path.split("/", 2)
    key = f"github:workflow:{where[0].lower()}/{where[1].lower()}/{where[2]}" if len(where) == 3 else repo_key
    kind = NodeKind.PIPELINE if key != repo_key else NodeKind.REPOSITORY
    node = thing(
        key, kind, "github", path or repository.text, "workflow", account=owner, subject=said.word("subject").text
    )
    yield from said.identity(node, workflow or repository)
    yield from _environment(said, f"github:environment:{full_name}/", "github", owner)


def _gitlab(said: Said) -> Iterator[Item]:
    repository = said.word("repository")
    if not repository:
        yield from _anybody(said)
        return
    host = _host(said.word("issuer").text) or "gitlab.com"
    group = said.facts.get("organization") or repository.text.rpartition("/")[0]
    account = f"gitlab:{host}:group:{group}"
    yield from said.account(account, "gitlab", repository, name=group, type_name="group")
    node = thing(
        f"gitlab:{host}:project:{repository.text}",
        NodeKind.PIPELINE,
        "gitlab",
        repository.text,
        "project",
        account=account,
        subject=said.word("subject").text,
        project_id=said.word("project").text,
    )
    yield from said.identity(node, repository)
    yield from _environment(said, f"gitlab:{host}:environment:{repository.text}/", "gitlab", account)


def _environment(said: Said, prefix: str, provider: str, account: str) -> Iterator[Item]:
    if environment := said.word("environment"):
        node = thing(
            prefix + environment.text, NodeKind.ENVIRONMENT, provider, environment.text, "environment", account=account
        )
        yield node
        yield said.edge(node.key, EdgeKind.IN_ENVIRONMENT, environment)


def _entra(said: Said) -> Iterator[Item]:
    tenant, client, oid = said.word("tenant"), said.word("client_id"), said.word("object_id")
    tenant_key = f"azure:tenant:{tenant.text}" if tenant else ""
    if tenant:
        yield from said.account(tenant_key, "azure", tenant, type_name="tenant")
    is_user = said.facts.get("kind") == "user" or bool(said.facts.get("user"))
    if oid:
        kind = "user" if is_user else "service-principal"
        node = thing(
            f"azure:{kind}:{oid.text}",
            NodeKind.IDENTITY,
            "azure",
            said.facts.get("user") or said.facts.get("name") or oid.text,
            kind,
            account=tenant_key,
            client_id="" if is_user else client.text,
            is_human=is_user or None,
            scopes=said.facts.get("roles") or said.facts.get("scopes"),
        )
        yield from said.identity(node, oid)
    if client:
        node = thing(f"azure:app:{client.text}", NodeKind.IDENTITY, "azure", client.text, "application")
        if oid and is_user:
            yield node
            yield said.edge(node.key, EdgeKind.ISSUED_BY, client)
        else:
            yield from said.identity(node, client)


def _google(said: Said) -> Iterator[Item]:
    email, client = said.word("email"), said.word("client_id")
    if not email:
        yield from _anybody(said)
        return
    match = re.match(r"[^@]+@([\w-]+)\.iam\.gserviceaccount\.com$", email.text)
    project = f"gcp:project:{match.group(1)}" if match else ""
    if match:
        yield from said.account(project, "gcp", email, name=match.group(1), type_name="project")
    yield from said.identity(google_identity(email.text, project), email)
    if client.text.endswith(".apps.googleusercontent.com"):
        key = f"gcp:oauth-client:{client.text}"
        yield thing(key, NodeKind.IDENTITY, "gcp", client.text, "oauth-client")
        yield said.edge(key, EdgeKind.ISSUED_BY, client)


def _tenanted(provider: str, client_type: str) -> Callable[[Said], Iterator[Item]]:
    """Issuers with a host a customer: the client, or else the subject, at that host."""

    def speak(said: Said) -> Iterator[Item]:
        issuer, client, subject = said.word("issuer"), said.word("client_id"), said.word("subject")
        host = _host(issuer.text)
        account = f"{provider}:account:{host}"
        yield from said.account(account, provider, issuer, name=host)
        is_machine = bool(client) and subject.text in ("", client.text, f"{client.text}@clients")
        word = client if is_machine else subject
        if not word:
            return
        kind = client_type if is_machine else "user"
        key = f"{provider}:{kind}:{word.text}"
        yield from said.identity(thing(key, NodeKind.IDENTITY, provider, word.text, kind, account=account), word)

    return speak


def _projected(
    provider: str, account_names: tuple[str, ...], key_type: str = "account"
) -> Callable[[Said], Iterator[Item]]:
    """Issuers that name a project, pool or organisation; the subject is keyed within it."""

    def speak(said: Said) -> Iterator[Item]:
        project, who = said.word(*account_names), said.word("user", "role", "workspace", "pipeline", "subject")
        if not project:
            yield from _anybody(said)
            return
        account = f"{provider}:{key_type}:{project.text}"
        yield from said.account(account, provider, project)
        if who:
            kind = who.source.partition(" ")[0].replace("subject", "user")
            key = f"{provider}:{kind}:{project.text}/{who.text}"
            node = thing(
                key, NodeKind.IDENTITY, provider, who.text, kind, account=account, subject=said.word("subject").text
            )
            yield from said.identity(node, who)

    return speak


def _anybody(said: Said) -> Iterator[Item]:
    """A subject at an issuer of which nothing more is known."""
    issuer, who = said.word("issuer"), said.word("client_id", "subject", "email", "user")
    if not who:
        return
    host = _host(issuer.text) or issuer.text or said.rule.provider
    node = thing(
        f"oidc:user:{host}/{who.text}",
        NodeKind.IDENTITY,
        "oidc",
        who.text,
        "subject",
        subject=said.word("subject").text,
        email=said.word("email").text,
        issuer=issuer.text,
    )
    yield from said.identity(node, who)


def _host(issuer: str) -> str:
    match = re.match(r"https?://([\w.-]+)", issuer)
    return match.group(1) if match else ""


_SPEAKERS: dict[str, Callable[[Said], Iterator[Item]]] = {
    "github": _github,
    "gitlab": _gitlab,
    "azure": _entra,
    "gcp": _google,
    "okta": _tenanted("okta", "app"),
    "auth0": _tenanted("auth0", "client"),
    "spacelift": _tenanted("spacelift", "stack"),
    "aws": _projected("cognito", ("user_pool",)),
    "firebase": _projected("firebase", ("project",)),
    "supabase": _projected("supabase", ("project",)),
    "terraform": _projected("terraform", ("organization",)),
    "bitbucket": _projected("bitbucket", ("workspace", "repository")),
    "circleci": _projected("circleci", ("organization", "project")),
    "buildkite": _projected("buildkite", ("organization",)),
    "vercel": _projected("vercel", ("organization",)),
}
