# SPDX-License-Identifier: Apache-2.0
"""
Importer of what `vault … -format=json` says, in lines `{"path": …, "body": …}`: auth methods, policies, token
accessors, AppRole roles, mounts, and listings of secrets. A token's own `id` and a role's `secret_id` are left out.

Formats: developer.hashicorp.com/vault/api-docs; OpenBao's are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.inventory.rows import head_text, iter_rows

_Found = Iterator[Node | Edge | Unread]
_Groups = Mapping[str, str]


class VaultListings:
    """Implements `Importer`."""

    name = "vault listing"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a request of Vault's API in a line."""
        text = head_text(head)
        return '"body"' in text and any(_reader(path) for path in re.findall(r'"path"\s*:\s*"([^"]+)"', text[:4096]))

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, ()):
            if isinstance(row, Unread):
                yield row
                continue
            known = _reader(row.path)
            body = _data(row.value)
            host = str(row.around.get("host") or "vault")
            if known is None:
                yield Unread(f"an answer to {row.path}" if row.path else "an entry", "it does not say of what it is")
            elif "errors" in row.value:
                yield Unread(f"the answer to {row.path}", f"Vault refused: {row.value['errors']}")
            else:
                yield from known[0](body, {**known[1], "host": host})


def _data(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the API wraps in `data` beside its lease."""
    inner = value.get("data")
    return inner if isinstance(inner, Mapping) and ("lease_id" in value or "request_id" in value) else value


def _reader(path: str) -> tuple[Callable[[Mapping[str, Any], _Groups], _Found], _Groups] | None:
    plain = path.strip("/").removeprefix("v1/")
    for pattern, read in _PATHS:
        match = pattern.fullmatch(plain)
        if match is not None:
            return read, match.groupdict()
    return None


def _words(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _policy(body: Mapping[str, Any], groups: _Groups) -> _Found:
    document = body.get("policy") or body.get("rules")
    if not isinstance(document, str):
        yield Unread(f"policy {groups['name']}", "it has no text")
        return
    key = f"vault:policy:{groups['host']}/{groups['name']}"
    fields = {"type": "vault-policy", "document": document}
    yield Node(key, NodeKind.POLICY, "vault", groups["name"], "", fields)


def _token(body: Mapping[str, Any], groups: _Groups) -> _Found:
    accessor = body.get("accessor")
    if not isinstance(accessor, str) or not accessor:
        yield Unread("a token", "it has no accessor")
        return
    key = f"vault:token:{accessor}"
    fields = {
        "type": "vault-token",
        "token_id": accessor,
        "expires": str(body.get("expire_time") or ""),
        "created": str(body.get("issue_time") or ""),
        "orphan": bool(body.get("orphan")),
        "signed_in_by": str(body.get("path") or ""),
        "permissions_known": True,
        "is_human": False,
    }
    name = str(body.get("display_name") or accessor)
    yield Node(key, NodeKind.IDENTITY, "vault", name, "", fields)
    for policy in dict.fromkeys(_words(body.get("policies")) + _words(body.get("identity_policies"))):
        yield Edge(key, f"vault:policy:{groups['host']}/{policy}", EdgeKind.HAS_GRANT, evidence=f"token {accessor}")


def _role(body: Mapping[str, Any], groups: _Groups) -> _Found:
    """A role of an auth method: AppRole, Kubernetes, JWT, AWS …"""
    key = f"vault:role:{groups['host']}/{groups['mount']}/{groups['name']}"
    number = body.get("role_id")
    fields = {
        "type": "vault-role",
        "client_id": str(number or ""),
        "bound_networks": _words(body.get("token_bound_cidrs")) + _words(body.get("secret_id_bound_cidrs")),
        "needs_secret_id": body.get("bind_secret_id") is not False,
        "permissions_known": True,
        "is_human": False,
    }
    yield Node(key, NodeKind.IDENTITY, "vault", f"{groups['mount']}/{groups['name']}", "", fields)
    policies = _words(body.get("token_policies")) or _words(body.get("policies"))
    for policy in ["default", *policies]:
        yield Edge(
            key, f"vault:policy:{groups['host']}/{policy}", EdgeKind.HAS_GRANT, evidence=f"auth/{groups['mount']}/role"
        )


def _methods(body: Mapping[str, Any], groups: _Groups) -> _Found:
    for mount, method in body.items():
        if isinstance(method, Mapping) and method.get("type"):
            key = f"vault:auth:{groups['host']}/{str(mount).strip('/')}"
            fields = {"type": f"vault-{method['type']}", "accessor": str(method.get("accessor") or "")}
            yield Node(key, NodeKind.TRUST_PROVIDER, "vault", str(mount), "", fields)


def _mounts(body: Mapping[str, Any], groups: _Groups) -> _Found:
    for mount, engine in body.items():
        if isinstance(engine, Mapping) and engine.get("type"):
            options = engine.get("options")
            version = str(options.get("version", "")) if isinstance(options, Mapping) else ""
            key = f"vault:mount:{groups['host']}/{str(mount).strip('/')}"
            fields = {"type": str(engine["type"]), "version": version, "sensitivity": 0.9}
            yield Node(key, NodeKind.SECRET_STORE, "vault", str(mount), "", fields)


def _secrets(body: Mapping[str, Any], groups: _Groups) -> _Found:
    """Names of a listing; what ends in a slash is a folder, to be listed by itself."""
    folder = (groups.get("folder") or "").strip("/")
    mount = groups["mount"]
    store = f"vault:mount:{groups['host']}/{mount}"
    for name in _words(body.get("keys")):
        place = "/".join(filter(None, (folder, name)))
        if name.endswith("/"):
            yield Unread(f"{mount}/{place}", "it is a folder: export its listing too")
            continue
        key = f"vault:secret:{groups['host']}/{mount}/{place}"
        yield Node(
            key, NodeKind.SECRET_STORE, "vault", f"{mount}/{place}", "", {"type": "vault-secret", "sensitivity": 0.9}
        )
        yield Edge(key, store, EdgeKind.IN_ACCOUNT, evidence=f"listing of {mount}/{folder}")


_PATHS: tuple[tuple[re.Pattern[str], Callable[[Mapping[str, Any], _Groups], _Found]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"sys/polic(?:y|ies/acl)/(?P<name>[^/]+)", _policy),
        (r"auth/token/lookup(?:-accessor|-self)?(?:/[^/]+)?", _token),
        (r"auth/(?P<mount>.+)/role/(?P<name>[^/]+)(?:/role-id)?", _role),
        (r"sys/auth", _methods),
        (r"sys/mounts", _mounts),
        (r"(?P<mount>(?!sys/|auth/|identity/)[^/]+)/metadata(?:/(?P<folder>.*))?", _secrets),
    )
)
