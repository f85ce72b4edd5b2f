# SPDX-License-Identifier: Apache-2.0
"""
Compose files: services, the secrets and env files they get, the names of secret-looking variables. Values are not told.

Format: Compose Specification, "services", "secrets".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.place import Place, environment_of, owner_of
from secrethunt.identity.declared.yamltree import Block

_SECRET_NAME = re.compile(r"(?i)token|secret|passw|credential|api_?key|private_key|access_key")


def is_compose(place: Place, document: Any) -> bool:
    """Whether *document* is a Compose file: by its name, or by services with images or builds."""
    if not isinstance(document, Block) or not isinstance(document.get("services"), Block):
        return False
    name = place.path.rpartition("/")[2].lower()
    services = [item for item in document.block("services").values() if isinstance(item, Block)]
    return "compose" in name or any("image" in item or "build" in item for item in services)


def compose(place: Place, document: Block) -> Iterator[Node | Edge]:
    """One workload a service, one store a secret or env file."""
    base = f"compose:{{}}:{place.scope}/{place.path}"
    stores = document.block("secrets")
    for name, item in stores.items():
        source = item if isinstance(item, Block) else Block(stores.line_of(name))
        yield place.node(
            base.format("secret") + f"#{name}",
            NodeKind.SECRET_STORE,
            "compose",
            name,
            line=stores.line_of(name),
            type="secret",
            file=source.text("file"),
            variable=source.text("environment"),
        )
    services = document.block("services")
    for name, service in services.items():
        if isinstance(service, Block):
            yield from _service(place, base, name, service)


def _service(place: Place, base: str, name: str, service: Block) -> Iterator[Node | Edge]:
    key = base.format("service") + f"#{name}"
    labels = _pairs(service.get("labels"))
    names = sorted(found for found in _pairs(service.get("environment")) if _SECRET_NAME.search(found))
    yield place.node(
        key,
        NodeKind.WORKLOAD,
        "compose",
        name,
        line=service.line,
        type="service",
        image=service.text("image"),
        secret_variables=names[:100],
        privileged=service.text("privileged") == "true" or None,
        owner=owner_of(labels),
        environment=environment_of(labels),
    )
    for item in service.items_of("secrets"):
        secret = item.text("source") if isinstance(item, Block) else str(item)
        line = service.line_of("secrets")
        target = base.format("secret") + f"#{secret}"
        yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=line, access=Access.SECRET_READ)
    for item in service.items_of("env_file"):
        path = item.text("path") if isinstance(item, Block) else str(item)
        where = posixpath.normpath(posixpath.join(place.folder, path))
        target, line = f"location:{place.repository}:{where}", service.line_of("env_file")
        yield place.node(target, NodeKind.LOCATION, "", where, line=line, repository=place.repository)
        yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=line, access=Access.SECRET_READ)


def _pairs(value: Any) -> dict[str, str]:
    """`environment:` and `labels:` in both their forms."""
    if isinstance(value, Block):
        return {name: str(item) for name, item in value.items()}
    items = value if isinstance(value, list) else []
    return dict((str(item).partition("=")[0], str(item).partition("=")[2]) for item in items)
