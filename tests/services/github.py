# SPDX-License-Identifier: Apache-2.0
"""
GitHub on loopback: its own OpenAPI description, answered by Prism, behind a door that knows which tokens there are.

Prism alone lets every token in. The door rejects as GitHub documents, and gives what only a known token gets.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.services.node import node_command, package_file
from tests.services.processes import free_port, running
from tests.services.provider import Asked, Provider, Reply, json_reply, serve

DOCS = "https://docs.github.com/rest"
_PATHS = ("/app", "/user", "/user/repos", "/user/orgs", "/rate_limit", "/installation/repositories")


def _description(folder: Path) -> Path:
    """Of GitHub's description the paths that checks ask: all of it takes Prism most of a minute to read."""
    whole = json.loads(package_file("@octokit/openapi", "generated/api.github.com.deref.json").read_bytes())
    kept = {key: whole[key] for key in ("openapi", "info", "servers")}
    path = folder / "github.json"
    path.write_text(json.dumps({**kept, "paths": {name: whole["paths"][name] for name in _PATHS}}))
    return path


@contextmanager
def serve_github(folder: Path, tokens: Mapping[str, str]) -> Iterator[Provider]:
    """
    GitHub, to which *tokens* are known, with their scopes.

    Args:
        folder: For the description and the log.
        tokens: Scopes by token; changes count at once.
    """
    command, port = node_command("@stoplight/prism-cli", "dist/index.js"), free_port()
    description = _description(folder)
    with (
        running([*command, "mock", "-h", "127.0.0.1", "-p", str(port), str(description)], port, folder),
        serve() as door,
    ):
        door.reply = lambda asked: _through(asked, port, tokens)
        yield door


def _through(asked: Asked, port: int, tokens: Mapping[str, str]) -> Reply:
    kind, _, token = asked.headers.get("authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "token") or token not in tokens:
        return json_reply(401, {"message": "Bad credentials", "documentation_url": DOCS, "status": "401"})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(asked.method, asked.path, headers={"Accept": "application/json"})
    reply = connection.getresponse()
    headers = {"Content-Type": reply.getheader("content-type", ""), "X-OAuth-Scopes": tokens[token]}
    answer = Reply(reply.status, reply.read(), headers)
    connection.close()
    return answer
