# SPDX-License-Identifier: Apache-2.0
"""
Importer of answers of GitHub's REST API, as `gh api` saves them: app installations, fine-grained tokens, authorised
credentials, deploy keys, repositories, who may do what in them, names of Actions secrets and variables, OIDC subjects.

Formats: GitHub REST API, docs.github.com/rest. Some answers do not say of which repository they are; those are read
from lines `{"path": …, "body": …}` (docs/identity.md has the command).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind, Unread
from secrethunt.identity.github.keys import (
    PROVIDER,
    any_key,
    fingerprint_of,
    org_key,
    org_node,
    pipeline_key,
    repo_key,
    secret_key,
    user_key,
)
from secrethunt.identity.inventory.rows import Row, head_text, iter_rows

_LISTS = ("installations", "secrets", "variables", "repositories", "tokens")
_Found = Iterator[Node | Edge | Unread]
_Groups = Mapping[str, str]


class GitHubListings:
    """Implements `Importer`."""

    name = "github api listing"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a request of GitHub's API in a line, or by fields that only GitHub's rows have together."""
        text = head_text(head)
        requests = re.findall(r'"path"\s*:\s*"([^"]+)"', text[:4096])
        if any(_by_path(request) for request in requests):
            return '"body"' in text
        return any(all(f'"{word}"' in text for word in words) for words in _SHAPES)

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, _LISTS):
            if isinstance(row, Unread):
                yield row
            else:
                yield from _entry(row)


def _entry(row: Row) -> _Found:
    known = _by_path(row.path) if row.path else _by_shape(row)
    if known is None:
        what = f"an answer to {row.path}" if row.path else f"an entry of {row.list_name or 'the file'}"
        why = "nothing of it counts here" if row.path else "it does not say of what it is: export it with its path"
        yield Unread(what, why)
        return
    read, groups = known
    if row.value.get("message") and row.value.get("documentation_url"):
        yield Unread(f"the answer to {row.path}", f"GitHub refused: {row.value['message']}")
        return
    yield from read(row, groups)


def _by_path(path: str) -> tuple[Callable[[Row, _Groups], _Found], _Groups] | None:
    plain, _, query = path.partition("?")
    for pattern, read in _PATHS:
        match = pattern.fullmatch(plain.strip("/"))
        if match is not None:
            return read, {**match.groupdict(), "query": query}
    return None


def _by_shape(row: Row) -> tuple[Callable[[Row, _Groups], _Found], _Groups] | None:
    """What a row is by its fields, and where it belongs by the addresses in it."""
    value = row.value
    for words, read in _BY_FIELDS:
        if all(word in value for word in words):
            for name in ("url", "repositories_url", "selected_repositories_url"):
                address = re.match(r"https?://[^/]+/(?:api/v3/)?(.+)", str(value.get(name, "")))
                known = _by_path(_LISTING_OF.sub("", address[1])) if address else None
                if known is not None:
                    return read, known[1]
            return read, {}
    return None


_LISTING_OF = re.compile(r"(?<=keys)/\d+$|/\d+/repositories$|/[^/]+/repositories$")
"""The end that leads from an address in a row back to the listing that the row is of."""


def _text(value: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that has something, as text."""
    return next((str(value[name]) for name in names if value.get(name) not in (None, "")), "")


def _login(value: Any) -> str:
    return str(value.get("login") or value.get("slug") or "") if isinstance(value, Mapping) else ""


def _installation(row: Row, groups: _Groups) -> _Found:
    value = row.value
    number, app = value.get("id"), value.get("app_id")
    account = _login(value.get("account")) or groups.get("org", "")
    if not isinstance(number, int) or not account:
        yield Unread("an installation", "it has no id or no account")
        return
    key = f"github:installation:{number}"
    is_org = (value.get("target_type") or "Organization") == "Organization"
    properties = {
        "type": "app-installation",
        "created": _text(value, "created_at"),
        "app": _text(value, "app_slug"),
        "permissions": _levels(value.get("permissions")),
        "selection": _text(value, "repository_selection"),
        "suspended": value.get("suspended_at") is not None,
        "resource_owner": account,
        "is_human": False,
    }
    slug = _text(value, "app_slug") or str(app)
    name = f"{slug} on {account}"
    yield org_node(account) if is_org else Node(user_key(account), NodeKind.IDENTITY, PROVIDER, account)
    yield Node(key, NodeKind.IDENTITY, PROVIDER, name, org_key(account), properties)
    yield Edge(key, org_key(account), EdgeKind.IN_ACCOUNT, evidence="installations of the organisation")
    if app is not None:
        fields = {"type": "github-app", "app_id": app, "client_id": _text(value, "client_id")}
        yield Node(f"github:app:{app}", NodeKind.IDENTITY, PROVIDER, slug, "", fields)
        yield Edge(f"github:app:{app}", key, EdgeKind.CAN_ASSUME, evidence=f"installation {number}",
                   actions=("POST /app/installations/{id}/access_tokens",))  # fmt: skip


def _levels(permissions: Any) -> dict[str, str]:
    """Permissions by name, whatever groups they stand in."""
    found: dict[str, str] = {}
    for name, level in permissions.items() if isinstance(permissions, Mapping) else ():
        if isinstance(level, Mapping):
            found |= {str(inner): str(item) for inner, item in level.items()}
        else:
            found[str(name)] = str(level)
    return found


def _token(row: Row, groups: _Groups) -> _Found:
    value = row.value
    # A request for a token has `token_id` too; both name the same token.
    number = value.get("token_id") or value.get("id")
    if number is None:
        yield Unread("a fine-grained token", "it has no id")
        return
    org, owner = groups.get("org", ""), _login(value.get("owner"))
    key = f"github:token-id:{number}"
    properties = {
        "type": "fine-grained-token",
        "token_id": str(number),
        "created": _text(value, "access_granted_at", "created_at"),
        "expires": _text(value, "token_expires_at"),
        "expired": bool(value.get("token_expired")),
        "last_used": _text(value, "token_last_used_at"),
        "permissions": _levels(value.get("permissions")),
        "selection": _text(value, "repository_selection"),
        "resource_owner": org,
        "holder": owner,
        "grant_id": value.get("id"),
        "is_human": False,
    }
    name = _text(value, "token_name") or f"token {number}"
    yield Node(key, NodeKind.IDENTITY, PROVIDER, name, org_key(org) if org else "", properties)
    if org:
        yield org_node(org)
        yield Edge(key, org_key(org), EdgeKind.IN_ACCOUNT, evidence="fine-grained tokens of the organisation")
        grant = f"github:token-grant:{org.lower()}/{value.get('id')}"
        yield Node(grant, NodeKind.POLICY, PROVIDER, f"repositories of {name}", org_key(org), {"type": "selection"})
        yield Edge(key, grant, EdgeKind.HAS_GRANT, evidence=f"fine-grained token {number}")
    else:
        yield Unread(f"the organisation of {name}", "the export does not say it: export it with its path")
    if owner:
        yield Node(user_key(owner), NodeKind.IDENTITY, PROVIDER, owner, "", {"type": "user", "is_human": True})
        yield Edge(key, user_key(owner), EdgeKind.OWNED_BY, evidence=f"fine-grained token {number}")


def _selected_of_token(row: Row, groups: _Groups) -> _Found:
    yield from _repository(row, groups)
    if row.value.get("full_name"):
        grant = f"github:token-grant:{groups['org'].lower()}/{groups['number']}"
        yield _selected(grant, str(row.value["full_name"]))


def _selected_of_installation(row: Row, groups: _Groups) -> _Found:
    yield from _repository(row, groups)
    if row.value.get("full_name"):
        yield _selected(f"github:installation:{groups['number']}", str(row.value["full_name"]))


def _selected(source: str, full_name: str) -> Edge:
    """The source may use no more than this; what it may do there is said by its permissions."""
    return Edge(source, repo_key(full_name), EdgeKind.BOUNDED_BY, evidence="selected repositories")


def _authorization(row: Row, groups: _Groups) -> _Found:
    """One of the credentials that members authorised for single sign-on."""
    value = row.value
    number, login = value.get("credential_id"), _text(value, "login")
    if number is None:
        yield Unread("an authorised credential", "it has no credential_id")
        return
    fingerprint = _text(value, "fingerprint")
    key = f"github:authorization:{number}"
    properties: dict[str, Any] = {
        "type": _text(value, "credential_type").lower().replace(" ", "-") or "credential",
        "created": _text(value, "credential_authorized_at"),
        "expires": _text(value, "authorized_credential_expires_at"),
        "last_used": _text(value, "credential_accessed_at"),
        "resource_owner": groups.get("org", ""),
        "holder": login,
        "is_human": False,
    }
    if isinstance(value.get("scopes"), list):
        properties["scopes"] = [str(item) for item in value["scopes"]]
    if fingerprint:
        properties |= {"fingerprint": fingerprint, "scopes": ["repo"]}
        yield Edge(f"ssh:key:{fingerprint}", key, EdgeKind.AUTHENTICATES_AS, evidence=f"authorised credential {number}")
    name = _text(value, "authorized_credential_note", "authorized_credential_title") or f"{login}'s {number}"
    yield Node(key, NodeKind.IDENTITY, PROVIDER, name, org_key(groups["org"]) if groups.get("org") else "", properties)
    if login:
        yield Edge(key, user_key(login), EdgeKind.OWNED_BY, evidence=f"authorised credential {number}")


def _deploy_key(row: Row, groups: _Groups) -> _Found:
    value = row.value
    full_name = f"{groups['owner']}/{groups['repo']}" if groups.get("repo") else ""
    fingerprint = fingerprint_of(_text(value, "key"))
    if not full_name or not fingerprint:
        yield Unread("a deploy key", "its repository is not said" if fingerprint else "its public key cannot be read")
        return
    key = f"github:deploy-key:{fingerprint}"
    is_reader = value.get("read_only", True) is not False
    properties = {
        "type": "deploy-key",
        "created": _text(value, "created_at"),
        "last_used": _text(value, "last_used"),
        "fingerprint": fingerprint,
        "permissions_known": True,
        "is_human": False,
    }
    evidence = f"deploy key {value.get('id', '')} of {full_name}"
    name = _text(value, "title") or f"deploy key of {full_name}"
    yield Node(key, NodeKind.IDENTITY, PROVIDER, name, org_key(groups["owner"]), properties)
    yield Edge(f"ssh:key:{fingerprint}", key, EdgeKind.AUTHENTICATES_AS, evidence=evidence)
    if value.get("enabled") is not False:
        access = Access.READ if is_reader else Access.WRITE
        yield Edge(key, repo_key(full_name), EdgeKind.CAN_ACCESS, evidence=evidence, access=access,
                   actions=("git clone",) if is_reader else ("git push", "git clone"))  # fmt: skip
        if not is_reader:
            # A key is bound by no scope for workflow files: what it pushes may be one.
            yield Edge(key, pipeline_key(full_name), EdgeKind.CAN_ACCESS, evidence=evidence, access=Access.WRITE,
                       actions=("git push",))  # fmt: skip
    if value.get("added_by"):
        yield Edge(key, user_key(str(value["added_by"])), EdgeKind.OWNED_BY, evidence=evidence)


def _repository(row: Row, groups: _Groups) -> _Found:
    value = row.value
    full_name = _text(value, "full_name")
    if full_name.count("/") != 1:
        yield Unread("a repository", "it has no full_name")
        return
    owner = full_name.partition("/")[0]
    is_private = bool(value.get("private", True))
    properties = {
        "type": "repository",
        "created": _text(value, "created_at"),
        "visibility": _text(value, "visibility") or ("private" if is_private else "public"),
        "archived": bool(value.get("archived")),
        "default_branch": _text(value, "default_branch"),
        "sensitivity": 0.6 if is_private else 0.3,
    }
    key, pipeline = repo_key(full_name), pipeline_key(full_name)
    yield Node(key, NodeKind.REPOSITORY, PROVIDER, full_name, org_key(owner), properties)
    fields = {"type": "workflows", "repository": full_name}
    yield Node(pipeline, NodeKind.PIPELINE, PROVIDER, f"workflows of {full_name}", org_key(owner), fields)
    if not _is_user(value.get("owner")):
        yield Edge(key, org_key(owner), EdgeKind.IN_ACCOUNT, evidence="repositories")


def _is_user(owner: Any) -> bool:
    return isinstance(owner, Mapping) and owner.get("type") == "User"


def _collaborator(row: Row, groups: _Groups) -> _Found:
    value = row.value
    login = _text(value, "login")
    full_name = f"{groups['owner']}/{groups['repo']}"
    flags = value.get("permissions")
    flags = flags if isinstance(flags, Mapping) else {}
    level = next((name for name in ("admin", "maintain", "push", "triage", "pull") if flags.get(name)), "")
    if not login or not level:
        yield Unread(f"a collaborator of {full_name}", "it has no login or no permissions")
        return
    user = user_key(login)
    properties = {"type": "user", "is_human": value.get("type") != "Bot"}
    yield Node(user, NodeKind.IDENTITY, PROVIDER, login, "", properties)
    grant = f"github:role:{full_name.lower()}/{level}"
    fields = {"type": "repository-role", "repository": repo_key(full_name), "level": level}
    yield Node(grant, NodeKind.POLICY, PROVIDER, f"{level} of {full_name}", org_key(groups["owner"]), fields)
    yield Edge(
        user, grant, EdgeKind.HAS_GRANT, evidence=f"collaborators of {full_name}", detail=_text(value, "role_name")
    )


def _member(row: Row, groups: _Groups) -> _Found:
    login = _text(row.value, "login")
    if not login:
        yield Unread("a member", "it has no login")
        return
    org = groups["org"]
    yield Node(user_key(login), NodeKind.IDENTITY, PROVIDER, login, "", {"type": "user", "is_human": True})
    if "role=admin" not in groups.get("query", ""):
        return
    grant = f"github:role:{org.lower()}/owner"
    yield Node(
        grant, NodeKind.POLICY, PROVIDER, f"owner of {org}", org_key(org), {"type": "org-role", "level": "owner"}
    )
    yield Edge(user_key(login), grant, EdgeKind.HAS_GRANT, evidence=f"owners of {org}")


def _secret(row: Row, groups: _Groups) -> _Found:
    """A name, never a value: the API does not give one."""
    name = _text(row.value, "name")
    owner, repo, environment = (
        groups.get("owner") or groups.get("org") or "",
        groups.get("repo"),
        groups.get("environment"),
    )
    if not name or not owner:
        yield Unread(f"the secret {name}" if name else "a secret",
                     "the export does not say of which repository it is: export it with its path")  # fmt: skip
        return
    place = "/".join(filter(None, (owner, repo, environment)))
    key = secret_key(place, name)
    visibility = _text(row.value, "visibility")
    properties = {
        "type": "actions-secret",
        "created": _text(row.value, "created_at"),
        "updated": _text(row.value, "updated_at"),
        "visibility": visibility,
    }
    yield Node(key, NodeKind.CREDENTIAL, PROVIDER, name, org_key(owner), properties)
    if repo:
        guard = (
            f"runs only in environment {environment}, whose protection rules were not imported" if environment else ""
        )
        status = EdgeStatus.CONDITIONAL if environment else EdgeStatus.CONFIRMED
        pipeline = pipeline_key(f"{owner}/{repo}")
        yield Edge(pipeline, key, EdgeKind.STORES, status, evidence=f"Actions secrets of {place}", detail=guard)
    else:
        yield Edge(
            any_key("secrets", owner), key, EdgeKind.STORES, evidence=f"Actions secrets of {owner}", detail=visibility
        )


def _secret_repository(row: Row, groups: _Groups) -> _Found:
    """A repository to which a secret of its organisation is given."""
    yield from _repository(row, groups)
    if row.value.get("full_name"):
        pipeline = pipeline_key(str(row.value["full_name"]))
        key = secret_key(groups["org"], groups["name"])
        yield Edge(pipeline, key, EdgeKind.STORES, evidence=f"repositories of the secret {groups['name']}")


def _variable(row: Row, groups: _Groups) -> _Found:
    """Its name; the value is left out, as people put secrets there too."""
    name = _text(row.value, "name")
    place = "/".join(
        filter(None, (groups.get("owner") or groups.get("org"), groups.get("repo"), groups.get("environment")))
    )
    if not name or not place:
        yield Unread("a variable", "the export does not say of which repository it is: export it with its path")
        return
    key = f"github:variable:{place.lower()}/{name}"
    fields = {"type": "actions-variable", "sensitivity": 0.2, "updated": _text(row.value, "updated_at")}
    yield Node(key, NodeKind.RESOURCE, PROVIDER, name, org_key(place.partition("/")[0]), fields)
    if groups.get("repo"):
        pipeline = pipeline_key(f"{groups['owner']}/{groups['repo']}")
        yield Edge(pipeline, key, EdgeKind.CAN_ACCESS, evidence=f"Actions variables of {place}", access=Access.READ)


def _subject(row: Row, groups: _Groups) -> _Found:
    """How the `sub` claim of a workflow's identity token is made."""
    if groups.get("repo"):
        full_name = f"{groups['owner']}/{groups['repo']}"
        keys = [] if row.value.get("use_default", True) else row.value.get("include_claim_keys")
        fields = {"type": "workflows", "repository": full_name, "subject_claims": keys or []}
        yield Node(pipeline_key(full_name), NodeKind.PIPELINE, PROVIDER, f"workflows of {full_name}",
                   org_key(groups["owner"]), fields)  # fmt: skip
    else:
        org = groups["org"]
        fields = {"type": "organization", "subject_claims": row.value.get("include_claim_keys") or []}
        yield Node(org_key(org), NodeKind.ACCOUNT, PROVIDER, org, org_key(org), fields)


_REPO = r"repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
_ORG = r"orgs/(?P<org>[^/]+)"
_Read = Callable[[Row, _Groups], _Found]
_PATHS: tuple[tuple[re.Pattern[str], _Read], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{_ORG}/installations", _installation),
        (r"app/installations|user/installations", _installation),
        (r"user/installations/(?P<number>\d+)/repositories", _selected_of_installation),
        (rf"{_ORG}/personal-access-token(?:s|-requests)", _token),
        (rf"{_ORG}/personal-access-token(?:s|-requests)/(?P<number>\d+)/repositories", _selected_of_token),
        (rf"{_ORG}/credential-authorizations", _authorization),
        (rf"{_ORG}/repos|user/repos|users/[^/]+/repos|installation/repositories|{_REPO}", _repository),
        (rf"{_ORG}/members", _member),
        (rf"{_REPO}/collaborators", _collaborator),
        (rf"{_REPO}/keys", _deploy_key),
        (rf"(?:{_REPO}|{_ORG})/actions/secrets", _secret),
        (rf"{_REPO}/environments/(?P<environment>[^/]+)/secrets", _secret),
        (rf"{_ORG}/actions/secrets/(?P<name>[^/]+)/repositories", _secret_repository),
        (rf"(?:{_REPO}|{_ORG})/actions/variables", _variable),
        (rf"{_REPO}/environments/(?P<environment>[^/]+)/variables", _variable),
        (rf"(?:{_REPO}|{_ORG})/actions/oidc/customization/sub", _subject),
    )
)
_BY_FIELDS: tuple[tuple[tuple[str, ...], _Read], ...] = (
    (("app_slug", "permissions"), _installation),
    (("repository_selection", "access_granted_at"), _token),
    (("token_id", "token_name"), _token),
    (("credential_id", "credential_type"), _authorization),
    (("key", "read_only"), _deploy_key),
    (("full_name", "private"), _repository),
    (("name", "created_at", "updated_at", "visibility"), _secret),
    (("name", "created_at", "updated_at"), _secret),
)
_SHAPES = (
    ("app_slug", "repository_selection"),
    ("token_last_used_at", "repository_selection"),
    ("credential_id", "credential_type"),
    ("read_only", "added_by", "key"),
    ("full_name", "private", "git_url"),
    ("full_name", "private", "collaborators_url"),
    ("total_count", "secrets", "created_at", "updated_at"),
)
"""Words that a plain file has among its first rows."""
