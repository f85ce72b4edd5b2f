# SPDX-License-Identifier: Apache-2.0
"""
Owns by what a credential or an identity is recognised: clues, the most trusted first, and how their values are
normalised so that both sides of a join write them alike.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from secrethunt.identity.contract import Node, NodeKind


class Clue(enum.Enum):
    """What two sides agree on, the most trusted first; the value is stored."""

    KEY_ID = "key-id"
    """Public id of a key pair or token: unique with its provider."""
    PRIVATE_KEY_ID = "private-key-id"
    TOKEN_HASH = "token-hash"
    CLAIM = "claim"
    """What the credential says it is: e-mail of a service account, client id, subject, ARN."""
    FINGERPRINT = "fingerprint"
    NAME = "name"
    """What people call it: agreeing by chance is likely."""


class Hint(NamedTuple):
    """One clue, with its value normalised."""

    clue: Clue
    value: str


CLUES = "clues"
"""Property of a found credential: values by clue."""
_PROPERTIES: dict[str, Clue] = {
    "key_id": Clue.KEY_ID,
    "access_key_id": Clue.KEY_ID,
    "token_id": Clue.KEY_ID,
    "private_key_id": Clue.PRIVATE_KEY_ID,
    "token_hash": Clue.TOKEN_HASH,
    "hashed_token": Clue.TOKEN_HASH,
    "email": Clue.CLAIM,
    "client_id": Clue.CLAIM,
    "app_id": Clue.CLAIM,
    "subject": Clue.CLAIM,
    "unique_id": Clue.CLAIM,
    "user_id": Clue.CLAIM,
    "arn": Clue.CLAIM,
    "login": Clue.CLAIM,
    "fingerprint": Clue.FINGERPRINT,
}
"""Properties of nodes by which they are recognised."""
_FACTS: dict[str, Clue] = {
    "key_id": Clue.KEY_ID,
    "access_key_id": Clue.KEY_ID,
    "token_id": Clue.KEY_ID,
    "private_key_id": Clue.PRIVATE_KEY_ID,
    "fingerprint": Clue.FINGERPRINT,
    "email": Clue.CLAIM,
    "client_email": Clue.CLAIM,
    "client_id": Clue.CLAIM,
    "subject": Clue.CLAIM,
    "arn": Clue.CLAIM,
    "user_id": Clue.CLAIM,
    "app": Clue.CLAIM,
    "bot": Clue.CLAIM,
    "user": Clue.NAME,
    "login": Clue.NAME,
    "username": Clue.NAME,
    "name": Clue.NAME,
    "comment": Clue.NAME,
}
"""Facts of findings by which they are recognised (`facts/`, and the names of a rule's parts)."""
_JOINED = frozenset(
    {NodeKind.CREDENTIAL, NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.WORKLOAD, NodeKind.ACCOUNT, NodeKind.PIPELINE}
)
_CASELESS = frozenset({Clue.CLAIM, Clue.NAME})


def hint(clue: Clue, value: object) -> Hint:
    """*value* as it is compared: the id itself, names and claims without case."""
    text = str(value).strip()
    if clue is Clue.FINGERPRINT:
        text = text.rstrip("=")
    return Hint(clue, text.casefold() if clue in _CASELESS else text)


def fact_hints(provider: str, facts: Iterable[tuple[str, str]]) -> Iterator[Hint]:
    """By what the credential with these *facts* is recognised."""
    known = dict(facts)
    for name, value in known.items():
        clue = _FACTS.get(name)
        if clue is Clue.KEY_ID and provider == "google":
            clue = Clue.PRIVATE_KEY_ID
        if clue is not None and value:
            yield hint(clue, value)
    if known.get("namespace") and known.get("account"):
        yield hint(Clue.CLAIM, f"system:serviceaccount:{known['namespace']}:{known['account']}")


def hints_of(node: Node) -> Iterator[Hint]:
    """By what *node* is recognised. Findings' own credentials, policies and resources are not looked for."""
    if node.kind not in _JOINED or node.key.startswith("secret:"):
        return
    seen: set[Hint] = set()
    for found in _iter_hints(node):
        if found.value and found not in seen:
            seen.add(found)
            yield found


def _iter_hints(node: Node) -> Iterator[Hint]:
    is_arn = node.key.startswith("aws:arn:")
    tail = node.key.removeprefix("aws:") if is_arn else node.key.split(":", 2)[-1]
    if "SHA256:" in node.key:
        yield hint(Clue.FINGERPRINT, node.key[node.key.index("SHA256:") :])
    elif node.key.startswith("github:token:"):
        yield hint(Clue.TOKEN_HASH, tail)
    elif node.key.startswith("gcp:service-account-key:"):
        yield hint(Clue.PRIVATE_KEY_ID, tail)
    elif node.kind is NodeKind.CREDENTIAL:
        yield hint(Clue.KEY_ID, tail)
    else:
        yield hint(Clue.CLAIM, tail)
    if ":service-account:" in node.key and node.key.startswith("k8s:"):
        place = node.key.rpartition(":")[2]
        yield hint(Clue.CLAIM, f"system:serviceaccount:{place.replace('/', ':')}")
    for name, clue in _PROPERTIES.items():
        yield from _values(clue, node.properties.get(name))
    if node.kind is not NodeKind.ACCOUNT:
        yield hint(Clue.NAME, node.name)


def _values(clue: Clue, value: Any) -> Iterator[Hint]:
    for item in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(item, (str, int)) and not isinstance(item, bool) and item != "":
            yield hint(clue, item)
