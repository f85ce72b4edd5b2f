# SPDX-License-Identifier: Apache-2.0
"""Owns how things at GitHub are called in the graph (docs/identity.md), and fingerprints of SSH keys."""

from __future__ import annotations

import base64
import binascii
import hashlib

from secrethunt.identity.contract import Node, NodeKind

PROVIDER = "github"


def org_key(login: str) -> str:
    return f"github:org:{login.lower()}"


def user_key(login: str) -> str:
    return f"github:user:{login.lower()}"


def repo_key(full_name: str) -> str:
    return f"github:repo:{full_name.lower()}"


def pipeline_key(full_name: str) -> str:
    """Whatever workflow a repository has or may be given."""
    return f"github:workflow:{full_name.lower()}/*"


def secret_key(place: str, name: str) -> str:
    """*place* is an organisation, `owner/repository` or `owner/repository/environment`."""
    owner, _, rest = place.partition("/")
    repository, _, environment = rest.partition("/")
    return f"github:secret:{'/'.join(filter(None, (owner.lower(), repository.lower(), environment)))}/{name}"


def token_key(hashed: str) -> str:
    return f"github:token:{hashed}"


def any_key(what: str, where: str) -> str:
    """Everything of one kind at an organisation, a user or a repository."""
    return f"github:any:{what}@{where.lower()}"


def name_of(key: str) -> str:
    """What follows provider and type."""
    return key.split(":", 2)[-1]


def org_node(login: str) -> Node:
    return Node(org_key(login), NodeKind.ACCOUNT, PROVIDER, login, org_key(login), {"type": "organization"})


def fingerprint_of(public_key: str) -> str:
    """`SHA256:…` of an OpenSSH public key as ssh-keygen(1) prints it; empty where it is none."""
    parts = public_key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True) if len(parts) > 1 else b""
    except (binascii.Error, ValueError):
        return ""
    if not blob:
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
