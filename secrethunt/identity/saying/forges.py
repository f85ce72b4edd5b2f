# SPDX-License-Identifier: Apache-2.0
"""GitHub and GitLab: token hashes, routing ids, and private keys by fingerprint, which deploy keys share."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

from secrethunt.identity.contract import NodeKind
from secrethunt.identity.saying.claims import claims
from secrethunt.identity.saying.said import Item, Said, Word, thing

_RANDOM = re.compile(rb"(?:gh[pousr]_|github_pat_)[\w.-]{30,}$")


def github(said: Said) -> Iterator[Item]:
    """The hash by which audit logs name a token (GitHub, "Identifying audit log events performed by an access token"),
    and the app that a client secret or a stateless token belongs to."""
    if _RANDOM.match(said.value):
        digest = base64.b64encode(hashlib.sha256(said.value).digest()).decode()
        node = thing(
            f"github:token:{digest}", NodeKind.CREDENTIAL, "github", digest, "token", token_kind=said.facts.get("kind")
        )
        yield from said.same(node, Word(digest, "SHA-256 of the token"))
    if said.facts.get("issuer") or said.facts.get("subject"):
        yield from claims(said)
    if app := said.word("app_id", "client_id"):
        yield from said.identity(thing(f"github:app:{app.text}", NodeKind.IDENTITY, "github", app.text, "app"), app)


def gitlab(said: Said) -> Iterator[Item]:
    """Ids of organisation, group, project and user that a routable token carries."""
    host = re.sub(r"^https?://", "", said.word("host").text).partition("/")[0] or "gitlab.com"
    if said.facts.get("issuer"):
        yield from claims(said)
        return
    account = ""
    for name in ("group", "organization"):
        if word := said.word(name):
            account = account or f"gitlab:{host}:{name}:{word.text}"
            key = f"gitlab:{host}:{name}:{word.text}"
            yield from said.account(key, "gitlab", word, type_name=name)
    project, user = said.word("project"), said.word("user")
    if project:
        key = f"gitlab:{host}:project:{project.text}"
        node = thing(
            key, NodeKind.REPOSITORY, "gitlab", project.text, "project", account=account, project_id=project.text
        )
        yield from said.identity(node, project)
    if user:
        key = f"gitlab:{host}:user:{user.text}"
        yield from said.identity(
            thing(key, NodeKind.IDENTITY, "gitlab", user.text, "user", account=account, user_id=user.text), user
        )
    if said.word("host") and not account:
        yield from said.account(f"gitlab:{host}:instance", "gitlab", said.word("host"), name=host, type_name="instance")


def private_key(said: Said) -> Iterator[Item]:
    """The key by its public half; which a deploy key may have too; an app's key by the app's id."""
    if fingerprint := said.word("fingerprint"):
        node = thing(
            f"ssh:key:{fingerprint.text}",
            NodeKind.CREDENTIAL,
            "ssh",
            fingerprint.text,
            "key",
            fingerprint=fingerprint.text,
            algorithm=said.facts.get("algorithm"),
            comment=said.facts.get("comment"),
        )
        yield from said.same(node, fingerprint)
    if app := said.word("app_id"):
        yield from said.identity(thing(f"github:app:{app.text}", NodeKind.IDENTITY, "github", app.text, "app"), app)
    if installation := said.word("installation_id"):
        key = f"github:installation:{installation.text}"
        yield from said.identity(
            thing(key, NodeKind.IDENTITY, "github", installation.text, "installation"), installation
        )
    email = said.word("email", "client_email")
    if email.text.endswith(".gserviceaccount.com"):
        from secrethunt.identity.saying.cloud import google

        yield from google(said)
