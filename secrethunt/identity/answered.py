# SPDX-License-Identifier: Apache-2.0
"""
What a verdict's facts say of whose credential it is: the provider was asked, so the edge is LIVE.

`--identify` asks for more than this; here is only what a validation brings along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from secrethunt.identity.clues import Clue, hint
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind


def answered_identity(secret: Node, graph: object) -> Iterator[Node | Edge]:
    """The identity that the provider named for *secret*, where it is live and the provider named one."""
    properties = secret.properties
    facts = properties.get("answered") or {}
    if properties.get("verdict") != "active" or not facts:
        return
    if facts.get("identity") and secret.provider != "aws":
        # `--identify` asked for more, and has drawn who it is. AWS names roles without their path, see `_role_by_name`.
        return
    maker = _MAKERS.get(secret.provider, _plain)
    node = maker(secret.provider, facts)
    if node is None:
        return
    known = _role_by_name(node, graph)
    if known is None:
        yield node
    yield Edge(
        secret.key,
        (known or node).key,
        EdgeKind.AUTHENTICATES_AS,
        EdgeStatus.CONFIRMED,
        Known.LIVE,
        "the provider's answer to the validation",
        seen_at=str(properties.get("checked_at", "")),
    )


def _role_by_name(node: Node, graph: object) -> Node | None:
    """The stored role that a session's ARN names without its path."""
    recognised = getattr(graph, "recognised", None)
    if node.kind is not NodeKind.ROLE or recognised is None:
        return None
    fitting = [
        item
        for item in recognised(hint(Clue.NAME, node.name))
        if item.kind is NodeKind.ROLE and item.account == node.account
    ]
    return fitting[0] if len(fitting) == 1 else None


def _aws(_provider: str, facts: Mapping[str, str]) -> Node | None:
    arn = facts.get("account", "")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return None
    account, resource = f"aws:account:{parts[4]}", parts[5]
    kind, _, name = resource.partition("/")
    if kind == "assumed-role":
        role = name.partition("/")[0]
        key = f"aws:arn:{parts[1]}:iam::{parts[4]}:role/{role}"
        return Node(key, NodeKind.ROLE, "aws", role, account, {"type": "iam-role"})
    name = name.rpartition("/")[2] or resource
    type_name = {"user": "iam-user", "root": "root", "federated-user": "federated-user"}.get(kind, kind)
    properties = {"type": type_name, "unique_id": facts.get("user_id", "")}
    return Node(f"aws:{arn}", NodeKind.IDENTITY, "aws", name, account, properties)


def _google(_provider: str, facts: Mapping[str, str]) -> Node | None:
    email = facts.get("email") or facts.get("account", "")
    if "@" not in email:
        return None
    kind = "service-account" if email.endswith("gserviceaccount.com") else "user"
    project = facts.get("project", "")
    account = f"gcp:project:{project}" if project else ""
    properties = {"type": kind, "email": email, "is_human": kind == "user"}
    return Node(f"gcp:{kind}:{email}", NodeKind.IDENTITY, "gcp", email, account, properties)


def _github(_provider: str, facts: Mapping[str, str]) -> Node | None:
    login = facts.get("account", "")
    return Node(f"github:user:{login}", NodeKind.IDENTITY, "github", login, "", {"type": "user"}) if login else None


def _gitlab(_provider: str, facts: Mapping[str, str]) -> Node | None:
    name = facts.get("account", "")
    host = "gitlab.com"
    return Node(f"gitlab:{host}:user:{name}", NodeKind.IDENTITY, "gitlab", name, "", {"type": "user"}) if name else None


def _plain(provider: str, facts: Mapping[str, str]) -> Node | None:
    """`<provider>:account:<id>` or `<provider>:user:<id or name>`, as docs/identity.md has it for any other service."""
    name = facts.get("account") or facts.get("user") or facts.get("email") or facts.get("organization", "")
    if facts.get("account_id"):
        key = f"{provider}:account:{facts['account_id']}"
    elif name:
        key = f"{provider}:user:{name}"
    else:
        return None
    properties = {name: facts[name] for name in ("email", "scopes", "expires", "last_used") if facts.get(name)}
    return Node(key, NodeKind.IDENTITY, provider, name or facts["account_id"], "", {"type": "account", **properties})


_MAKERS: dict[str, Callable[[str, Mapping[str, str]], Node | None]] = {
    "aws": _aws,
    "google": _google,
    "github": _github,
    "gitlab": _gitlab,
}
