# SPDX-License-Identifier: Apache-2.0
"""
Whose a secret is by what it says itself: nodes and edges from the facts of a finding, without asking anybody.

Facts are read in `secrethunt/facts/`; this says what they are in the graph, with the keys of `docs/identity.md`. It
refuses to guess: a secret that says nothing of its owner yields nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from secrethunt.identity.contract import Edge, Node
from secrethunt.identity.saying.claims import claims, kubeconfig
from secrethunt.identity.saying.cloud import aws, azure, google
from secrethunt.identity.saying.connections import connection, engine_of, login, registry
from secrethunt.identity.saying.forges import github, gitlab, private_key
from secrethunt.identity.saying.said import Item, Said
from secrethunt.identity.saying.services import service
from secrethunt.records import Rule

_BY_PROVIDER: dict[str, Callable[[Said], Iterator[Item]]] = {
    "aws": aws,
    "azure": azure,
    "microsoftteams": azure,
    "google": google,
    "github": github,
    "gitlab": gitlab,
    "jwt": claims,
    "kubernetes": kubeconfig,
    "privatekey": private_key,
    "docker": registry,
    "uri": connection,
    "jdbc": connection,
    "odbc": connection,
    "http": login,
    "netrc": login,
    "curl": login,
}
_IN_A_TOKEN = ("issuer", "subject", "namespace")
"""Facts that only a JSON Web Token gives."""


def identify_offline(
    secret_key: str, rule: Rule, facts: Mapping[str, str], parts: Mapping[str, str], *, value: bytes = b""
) -> Iterator[Node | Edge]:
    """
    What the secret says of itself, each node and edge once.

    Args:
        secret_key: Key of the secret's own node, from which the edges go; that node is not told of.
        rule: The rule that found it.
        facts: As the finding has them.
        parts: Companions by name that are no secrets themselves: key ids, hosts, users, account ids.
        value: The secret, where the caller has it: for ids that are the value itself and for hashes by which a provider
            names its tokens. Nothing of it is told but these.
    """
    said = Said(secret_key, rule, facts, parts, value)
    seen: set[tuple[str, ...]] = set()
    for item in _speaker(said)(said):
        name = (item.key,) if isinstance(item, Node) else (item.source, item.kind.value, item.target)
        if name not in seen:
            seen.add(name)
            yield item


def _speaker(said: Said) -> Callable[[Said], Iterator[Item]]:
    provider = said.rule.provider
    special = _BY_PROVIDER.get(provider)
    if special is not None:
        return special
    if any(said.facts.get(name) for name in _IN_A_TOKEN):
        return claims
    if engine_of(provider)[0] and provider not in ("snowflake",):
        return connection
    return service
