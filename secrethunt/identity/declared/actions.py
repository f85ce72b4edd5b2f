# SPDX-License-Identifier: Apache-2.0
"""
GitHub Actions workflows: which secrets a workflow reads, what its token may do, which cloud roles it takes by OIDC.

Format: GitHub, "Workflow syntax for GitHub Actions", "OpenID Connect reference"; the READMEs of
aws-actions/configure-aws-credentials, google-github-actions/auth, azure/login, hashicorp/vault-action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.place import Place, is_known
from secrethunt.identity.declared.yamltree import Block

_SECRET = re.compile(r"\bsecrets\.([A-Za-z_]\w{0,99})|\bsecrets\[\s*['\"]([A-Za-z_]\w{0,99})['\"]\s*\]")
_MOST_SECRETS = 500
_TRUST = "the role's trust policy must accept this repository's tokens"


def is_workflow(place: Place, document: Any) -> bool:
    """Whether *document* is a workflow, by where it stands and what it holds."""
    return (
        isinstance(document, Block)
        and isinstance(document.get("jobs"), Block)
        and (place.folder.endswith((".github/workflows", ".gitea/workflows", ".forgejo/workflows")) or "on" in document)
    )


def secret_key(place: Place, name: str, environment: str = "") -> str:
    """Key of a secret of the repository, or of one of its environments."""
    where = place.scope.lower() + (f"/{environment}" if environment else "")
    return f"github:secret:{where}/{name}"


def workflow(place: Place, document: Block) -> Iterator[Node | Edge]:
    """The workflow as a pipeline, and all that it reaches."""
    scope = place.scope.lower()
    key, repository = f"github:workflow:{scope}/{place.path}", f"github:repo:{scope}"
    owner = f"github:org:{scope.partition('/')[0]}" if "/" in scope else ""
    jobs = [(name, job) for name, job in document.block("jobs").items() if isinstance(job, Block)]
    yield place.node(repository, NodeKind.REPOSITORY, "github", place.scope, line=0, account=owner, type="repository")
    yield place.node(
        key,
        NodeKind.PIPELINE,
        "github",
        document.text("name") or place.path,
        line=document.line,
        account=owner,
        type="workflow",
        path=place.path,
        triggers=_triggers(document.get("on")),
        permissions=_permissions(document.get("permissions")),
        job_permissions={name: found for name, job in jobs if (found := _permissions(job.get("permissions")))},
        actions=sorted({uses for _, job in jobs for uses in _uses(job)}),
        self_hosted=any("self-hosted" in str(job.get("runs-on")) for _, job in jobs) or None,
    )
    yield place.edge(repository, key, EdgeKind.DEPLOYS, line=document.line)
    yield from _secrets(place, key, document, "")
    for _, job in jobs:
        yield from _job(place, key, job)


def _triggers(on: Any) -> list[str]:
    if isinstance(on, str):
        return [on]
    return sorted(str(name) for name in on) if isinstance(on, (list, Block)) else []


def _permissions(value: Any) -> Any:
    return {name: str(level) for name, level in value.items()} if isinstance(value, Block) else value


def _steps(job: Block) -> Iterator[Block]:
    for step in job.items_of("steps"):
        if isinstance(step, Block):
            yield step


def _uses(job: Block) -> Iterator[str]:
    for block in (job, *_steps(job)):
        if uses := block.text("uses"):
            yield uses


def _job(place: Place, key: str, job: Block) -> Iterator[Node | Edge]:
    environment = job.text("environment") or job.block("environment").text("name")
    if is_known(environment):
        target = f"github:environment:{place.scope.lower()}/{environment}"
        line = job.line_of("environment")
        yield place.node(target, NodeKind.ENVIRONMENT, "github", environment, line=line, type="environment")
        yield place.edge(key, target, EdgeKind.IN_ENVIRONMENT, line=line)
        yield from _secrets(place, key, job, environment)
    for step in _steps(job):
        yield from _login(place, key, step)
    yield from _called(place, key, job)


def _called(place: Place, key: str, job: Block) -> Iterator[Node | Edge]:
    """A workflow that this one runs, with the secrets it hands over."""
    path, _, _ = job.text("uses").partition("@")
    if not path:
        return
    local = path.startswith("./")
    target = f"github:workflow:{place.scope.lower()}/{path[2:]}" if local else f"github:workflow:{path.lower()}"
    detail = "" if job.text("secrets") == "inherit" else "it gets only the secrets that are handed over by name"
    yield place.edge(key, target, EdgeKind.DEPLOYS, line=job.line_of("uses"), detail=detail)


def _secrets(place: Place, key: str, document: Block, environment: str) -> Iterator[Node | Edge]:
    detail = f"a secret of environment {environment}, else one of the repository or organisation" if environment else ""
    for name, line in _references(document):
        if name == "GITHUB_TOKEN":
            continue
        target = secret_key(place, name, environment)
        yield place.node(target, NodeKind.SECRET_STORE, "github", name, line=line, type="actions-secret")
        yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=line, detail=detail, access=Access.SECRET_READ)


def _references(document: Block) -> list[tuple[str, int]]:
    """Secrets that expressions below *document* name, each where it is first named."""
    found: dict[str, int] = {}
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(document, document.line)]
    while waiting and len(found) < _MOST_SECRETS:
        value, line = waiting.pop()
        if isinstance(value, str):
            for match in _SECRET.finditer(value) if "secrets" in value else ():
                found.setdefault((match.group(1) or match.group(2)), line)
        elif id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, Block):
                waiting.extend((item, value.line_of(name)) for name, item in reversed(value.items()))
            elif isinstance(value, list):
                waiting.extend((item, line) for item in reversed(value))
    return list(found.items())


def _login(place: Place, key: str, step: Block) -> Iterator[Node | Edge]:
    action = step.text("uses").partition("@")[0].lower()
    given = step.block("with")
    targets: list[tuple[str, str]] = []
    if action == "aws-actions/configure-aws-credentials":
        targets = [("role-to-assume", "aws:")]
    elif action == "google-github-actions/auth":
        targets = [("service_account", "gcp:service-account:")]
        yield from _provider(place, key, given)
    elif action == "azure/login":
        targets = [("client-id", "azure:app:")]
    elif action == "hashicorp/vault-action":
        targets = [("role", "vault:role:")]
    elif action == "actions/create-github-app-token":
        targets = [("app-id", "github:app:"), ("client-id", "github:app:")]
    for name, prefix in targets:
        value = given.text(name)
        if is_known(value) and (prefix != "aws:" or value.startswith("arn:")):
            line = given.line_of(name)
            yield place.edge(key, prefix + value, EdgeKind.CAN_ASSUME, line=line, detail=_TRUST)


def _provider(place: Place, key: str, given: Block) -> Iterator[Node | Edge]:
    name = given.text("workload_identity_provider").removeprefix("//iam.googleapis.com/")
    if is_known(name):
        target, line = f"gcp:iam.googleapis.com/{name}", given.line_of("workload_identity_provider")
        yield place.node(target, NodeKind.TRUST_PROVIDER, "gcp", name, line=line, type="workload-identity-provider")
        yield place.edge(
            key, target, EdgeKind.CAN_ASSUME, line=line, detail="the provider must accept this repository's tokens"
        )
