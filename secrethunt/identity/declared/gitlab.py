# SPDX-License-Identifier: Apache-2.0
"""
GitLab CI: variables and secrets that jobs use, ID tokens with their audience, roles taken by OIDC, environments.

Values of variables are not told; names only. Format: GitLab, "CI/CD YAML syntax reference", "OpenID Connect (OIDC)
Authentication Using ID Tokens".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.place import Place, is_known
from secrethunt.identity.declared.yamltree import Block

_GLOBAL = frozenset(
    {
        "default",
        "include",
        "stages",
        "variables",
        "workflow",
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
    }
)
_VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]{2,99})\}?")
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY|ACCESS_KEY|_KEY$|_PAT$|_AUTH$|KUBECONFIG"
)
_PREDEFINED = re.compile(r"CI_|GITLAB_(?:USER|FEATURES|CI)|CHAT_|TRIGGER_")
_ROLE_NAMES = ("AWS_ROLE_ARN", "ROLE_ARN", "GCP_SERVICE_ACCOUNT", "SERVICE_ACCOUNT", "AZURE_CLIENT_ID", "ARM_CLIENT_ID")
_TRUST = "the role's trust policy must accept this project's tokens"


def is_pipeline(place: Place, document: Any) -> bool:
    """Whether *document* is a pipeline of GitLab: by its name, else by jobs with scripts and what only GitLab has."""
    if not isinstance(document, Block) or "jobs" in document:
        return False
    if place.path.rpartition("/")[2].endswith(".gitlab-ci.yml"):
        return True
    has_jobs = any("script" in job and ("stage" in job or "rules" in job) for _, job in _jobs(document))
    return has_jobs and ("stages" in document or "workflow" in document or "include" in document)


def pipeline(place: Place, document: Block) -> Iterator[Node | Edge]:
    """The pipeline of this file, and all that it reaches."""
    host = place.host or "gitlab.com"
    base = f"gitlab:{host}:"
    project = f"{base}project:{place.scope}"
    key = f"{base}pipeline:{place.scope}/{place.path}"
    group = place.scope.rpartition("/")[0]
    account = f"{base}group:{group}" if group else ""
    yield place.node(project, NodeKind.REPOSITORY, "gitlab", place.scope, line=0, account=account, type="project")
    yield place.node(
        key,
        NodeKind.PIPELINE,
        "gitlab",
        place.path,
        line=document.line,
        account=account,
        type="pipeline",
        jobs=[name for name, _ in _jobs(document)][:200],
        includes=[_included(item) for item in document.items_of("include")][:100],
    )
    yield place.edge(project, key, EdgeKind.DEPLOYS, line=document.line)
    yield from _used(place, f"{base}variable:{place.scope}/", key, document)
    for _, job in [("", document), *_jobs(document)]:
        yield from _job(place, base, key, job)


def _jobs(document: Block) -> list[tuple[str, Block]]:
    return [(name, job) for name, job in document.items() if isinstance(job, Block) and name not in _GLOBAL]


def _included(item: Any) -> str:
    if isinstance(item, Block):
        return next(
            (
                f"{kind}: {item.text(kind)}"
                for kind in ("project", "remote", "component", "template", "local")
                if item.text(kind)
            ),
            "",
        )
    return str(item)


def _used(place: Place, prefix: str, key: str, document: Block) -> Iterator[Node | Edge]:
    """Variables that scripts use, that no file sets, and whose names say that they are secret."""
    declared: set[str] = set()
    used: dict[str, int] = {}
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(document, document.line)]
    while waiting:
        value, line = waiting.pop()
        if isinstance(value, str):
            for name in _VARIABLE.findall(value) if "$" in value else ():
                used.setdefault(name, line)
        elif id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, Block):
                declared.update(value.block("variables"), value.block("id_tokens"), value.block("secrets"))
                waiting.extend((item, value.line_of(name)) for name, item in reversed(value.items()))
            elif isinstance(value, list):
                waiting.extend((item, line) for item in reversed(value))
    for name, line in sorted(used.items()):
        if name not in declared and _SECRET_NAME.search(name) and not _PREDEFINED.match(name):
            yield place.node(prefix + name, NodeKind.SECRET_STORE, "gitlab", name, line=line, type="ci-variable")
            yield place.edge(key, prefix + name, EdgeKind.CAN_ACCESS, line=line, access=Access.SECRET_READ)


def _job(place: Place, base: str, key: str, job: Block) -> Iterator[Node | Edge]:
    environment = job.text("environment") or job.block("environment").text("name")
    if is_known(environment):
        target, line = f"{base}environment:{place.scope}/{environment}", job.line_of("environment")
        yield place.node(target, NodeKind.ENVIRONMENT, "gitlab", environment, line=line, type="environment")
        yield place.edge(key, target, EdgeKind.IN_ENVIRONMENT, line=line)
    for name, secret in job.block("secrets").items():
        if isinstance(secret, Block):
            yield from _external(place, key, name, secret)
    yield from _tokens(place, base, key, job)
    variables = job.block("variables")
    for name in _ROLE_NAMES:
        value = variables.text(name) or variables.block(name).text("value")
        prefix = "aws:" if value.startswith("arn:") else "gcp:service-account:" if "@" in value else "azure:app:"
        if is_known(value):
            yield place.edge(key, prefix + value, EdgeKind.CAN_ASSUME, line=variables.line_of(name), detail=_TRUST)


def _tokens(place: Place, base: str, key: str, job: Block) -> Iterator[Node | Edge]:
    for name, token in job.block("id_tokens").items():
        if isinstance(token, Block):
            audience = token.get("aud")
            text = " ".join(str(item) for item in audience) if isinstance(audience, list) else str(audience or "")
            target = f"{base}id-token:{place.scope}/{name}"
            yield place.node(
                target, NodeKind.CREDENTIAL, "gitlab", name, line=token.line, type="id-token", audience=text[:500]
            )
            yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=token.line, access=Access.SECRET_READ)


def _external(place: Place, key: str, name: str, secret: Block) -> Iterator[Node | Edge]:
    for kind in ("vault", "gcp_secret_manager", "azure_key_vault", "aws_secrets_manager"):
        source = secret.get(kind)
        text = (
            source
            if isinstance(source, str)
            else source.text("name") or source.text("path")
            if isinstance(source, Block)
            else ""
        )
        if is_known(text):
            target = f"{kind.replace('_', '-')}:secret:{text}"
            yield place.node(
                target, NodeKind.SECRET_STORE, kind.partition("_")[0], text, line=secret.line, type=kind, variable=name
            )
            yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=secret.line, access=Access.SECRET_READ)
