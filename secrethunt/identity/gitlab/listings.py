# SPDX-License-Identifier: Apache-2.0
"""
Importer of answers of GitLab's REST API, as `glab api` saves them in lines `{"path": …, "host": …, "body": …}`: access
tokens of users, projects and groups, deploy tokens and keys, CI/CD variables, members, projects.

Formats: docs.gitlab.com/api. Values of variables, which the API gives, are left out.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind, Unread
from secrethunt.identity.github.keys import fingerprint_of
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows

_Found = Iterator[Node | Edge | Unread]
_Groups = Mapping[str, str]
_LEVELS = {5: "minimal", 10: "guest", 15: "planner", 20: "reporter", 30: "developer", 40: "maintainer", 50: "owner"}


class GitLabListings:
    """Implements `Importer`."""

    name = "gitlab api listing"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a request of GitLab's API in a line, or by the fields of a list of tokens."""
        text = head_text(head)
        requests = re.findall(r'"path"\s*:\s*"([^"]+)"', text[:4096])
        if '"body"' in text and any(_reader(request) for request in requests):
            return True
        return all(f'"{word}"' in text for word in ("scopes", "revoked", "expires_at", "user_id"))

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, ()):
            if isinstance(row, Unread):
                yield row
                continue
            known = _reader(row.path) if row.path else (_personal_token, {}) if "user_id" in row.value else None
            host = str(row.around.get("host") or "gitlab.com")
            if known is None:
                yield Unread(f"an answer to {row.path}" if row.path else "an entry", "it does not say of what it is")
            elif isinstance(row.value.get("message"), str) and "id" not in row.value:
                yield Unread(f"the answer to {row.path}", f"GitLab refused: {row.value['message']}")
            else:
                yield from known[0](row, {**known[1], "host": host})


def _reader(path: str) -> tuple[Callable[[Row, _Groups], _Found], _Groups] | None:
    plain = path.partition("?")[0].strip("/").removeprefix("api/v4/")
    for pattern, read in _PATHS:
        match = pattern.fullmatch(plain)
        if match is not None:
            return read, {name: urllib.parse.unquote(value) for name, value in match.groupdict().items() if value}
    return None


def _key(groups: _Groups, kind: str, name: str) -> str:
    return f"gitlab:{groups['host']}:{kind}:{name}"


def _place(groups: _Groups) -> tuple[str, str]:
    """Key and name of the project or group that a list is of."""
    kind = "project" if groups.get("kind") == "projects" else "group"
    return _key(groups, kind, groups["place"]), groups["place"]


def _token_fields(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    level = value.get("access_level")
    return {
        "type": kind,
        "token_id": str(value.get("id")),
        "created": str(value.get("created_at") or ""),
        "expires": str(value.get("expires_at") or ""),
        "last_used": str(value.get("last_used_at") or ""),
        "scopes": [str(scope) for scope in value.get("scopes") or ()],
        "active": value.get("active", not value.get("revoked", False)) is not False,
        "access_level": _LEVELS.get(level, "") if isinstance(level, int) else "",
        "is_human": False,
    }


def _token(row: Row, groups: _Groups, kind: str) -> _Found:
    """An access token of any kind; the identity is the token, as its scopes and level are its own."""
    value = row.value
    if not isinstance(value.get("id"), int):
        yield Unread(f"a {kind}", "it has no id")
        return
    name = str(value.get("name") or value["id"])
    key = _key(groups, kind if kind == "deploy-token" else "token", str(value["id"]))
    fields = _token_fields(value, kind)
    if groups.get("place"):
        place, _ = _place(groups)
        fields["place"] = place
        yield Edge(key, place, EdgeKind.IN_ACCOUNT, evidence=f"{kind} {value['id']}")
    yield Node(key, NodeKind.IDENTITY, "gitlab", name, fields.get("place", ""), fields)
    if value.get("user_id") is not None:
        user = _key(groups, "user-id", str(value["user_id"]))
        if kind == "personal-access-token":
            yield Edge(key, user, EdgeKind.OWNED_BY, evidence=f"{kind} {value['id']}")


def _personal_token(row: Row, groups: _Groups) -> _Found:
    yield from _token(row, groups, "personal-access-token")


def _place_token(row: Row, groups: _Groups) -> _Found:
    kind = "project-access-token" if groups.get("kind") == "projects" else "group-access-token"
    yield from _token(row, groups, kind)


def _deploy_token(row: Row, groups: _Groups) -> _Found:
    yield from _token(row, groups, "deploy-token")


def _deploy_key(row: Row, groups: _Groups) -> _Found:
    value, (place, name) = row.value, _place(groups)
    fingerprint = str(value.get("fingerprint_sha256") or fingerprint_of(str(value.get("key") or "")))
    if not fingerprint:
        yield Unread(f"a deploy key of {name}", "it has neither a fingerprint nor a public key that can be read")
        return
    key = _key(groups, "deploy-key", fingerprint)
    writes = bool(value.get("can_push"))
    fields = {"type": "deploy-key", "fingerprint": fingerprint, "created": str(value.get("created_at") or ""),
              "expires": str(value.get("expires_at") or ""), "permissions_known": True, "is_human": False}  # fmt: skip
    evidence = f"deploy key {value.get('id')} of {name}"
    yield Node(key, NodeKind.IDENTITY, "gitlab", str(value.get("title") or fingerprint), place, fields)
    yield Edge(f"ssh:key:{fingerprint}", key, EdgeKind.AUTHENTICATES_AS, evidence=evidence)
    access, action = (Access.WRITE, "git push") if writes else (Access.READ, "git clone")
    yield Edge(key, place, EdgeKind.CAN_ACCESS, evidence=evidence, access=access, actions=(action,))


def _variable(row: Row, groups: _Groups) -> _Found:
    """Its name: the value stands in the answer, and is left out."""
    name = row.value.get("key")
    place, where = _place(groups)
    if not isinstance(name, str) or not name:
        yield Unread(f"a variable of {where}", "it has no key")
        return
    scope = str(row.value.get("environment_scope") or "*")
    key = _key(groups, "variable", f"{where}/{name}" + ("" if scope == "*" else f"@{scope}"))
    masked, guarded = bool(row.value.get("masked")), bool(row.value.get("protected"))
    fields = {
        "type": "ci-variable",
        "masked": masked,
        "protected": guarded,
        "environment": "" if scope == "*" else scope,
    }
    yield Node(key, NodeKind.CREDENTIAL, "gitlab", name, place, fields)
    status = EdgeStatus.CONDITIONAL if guarded else EdgeStatus.CONFIRMED
    detail = "only in jobs of protected branches and tags" if guarded else ""
    yield Edge(f"{place}/pipelines", key, EdgeKind.STORES, status, evidence=f"variables of {where}", detail=detail)


def _project(row: Row, groups: _Groups) -> _Found:
    value = row.value
    name = value.get("path_with_namespace")
    if not isinstance(name, str) or not name:
        yield Unread("a project", "it has no path_with_namespace")
        return
    key, group = _key(groups, "project", name), _key(groups, "group", name.rpartition("/")[0])
    fields = {
        "type": "project",
        "visibility": str(value.get("visibility") or ""),
        "id": value.get("id"),
        "sensitivity": 0.6,
    }
    yield Node(key, NodeKind.REPOSITORY, "gitlab", name, group, fields)
    pipelines = {"type": "pipelines"}
    yield Node(f"{key}/pipelines", NodeKind.PIPELINE, "gitlab", f"pipelines of {name}", group, pipelines)
    yield Edge(key, group, EdgeKind.IN_ACCOUNT, evidence="projects")


_PLACE = r"(?P<kind>projects|groups)/(?P<place>[^/]+)"
_PATHS: tuple[tuple[re.Pattern[str], Callable[[Row, _Groups], _Found]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"personal_access_tokens", _personal_token),
        (rf"{_PLACE}/access_tokens", _place_token),
        (rf"{_PLACE}/deploy_tokens|deploy_tokens", _deploy_token),
        (r"(?P<kind>projects)/(?P<place>[^/]+)/deploy_keys", _deploy_key),
        (rf"{_PLACE}/variables", _variable),
        (r"projects|groups/[^/]+/projects", _project),
    )
)
