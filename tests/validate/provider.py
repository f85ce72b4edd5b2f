# SPDX-License-Identifier: Apache-2.0
"""A provider on loopback that knows some keys, counts what it is asked, and can be slow, broken or careless."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROVIDER_YAML = """\
provider: acme
rotate: 'Roll the key.'
references: ['https://docs.acme.example/auth#keys']
validators:
  user:
    request:
      url: https://api.acme.example/v1/me
      bearer: '{{secret}}'
    active: {status: 200, json: {login: '.+'}}
    inactive: {status: 401, json: {error: bad_key}}
    facts: {account: {json: login}, scopes: {json: scopes}, url: {json: echo}}
rules:
  - id: acme.api-key
    name: Acme API key
    nhi: api-key
    severity: high
    confidence: high
    pattern: '\\b(?P<secret>acme_(?P<mode>live|test)_[0-9a-f]{24})\\b'
    min_entropy: 2.5
    validate: user
    parts:
      - {name: pin, rules: [acme.pin]}
      - {name: region, pattern: 'region=(?P<value>[a-z]{2})'}
    examples: ['ACME_KEY={{secret}}']
    negative_examples:
      - {text: 'ACME_KEY=acme_live_000000000000000000000000', why: placeholder}
  - id: acme.pin
    name: Acme PIN
    nhi: api-key
    severity: low
    confidence: high
    pattern: '\\bacmepin_(?P<secret>[0-9a-f]{16})\\b'
    examples: ['acmepin_{{secret}}']
    negative_examples:
      - {text: 'acmepin_', why: empty}
"""
"""A rule file whose check the provider of this module answers."""


@dataclass
class Provider:
    """What it knows, how it behaves, and what it was asked."""

    port: int = 0
    good: set[str] = field(default_factory=set)
    believes_everything: bool = False
    delay_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, key: str) -> tuple[int, dict[str, str]]:
        """Status and body for *key*; what it says of a good one repeats it, as careless providers do."""
        self.asked.append(key)
        self.arrived.set()
        time.sleep(self.delay_s)
        if self.believes_everything or key in self.good:
            return 200, {"login": "octo", "scopes": f"repo:{key}", "echo": f"https://api.acme.example/{key}"}
        return 401, {"error": "bad_key", "key": key}


@contextlib.contextmanager
def running_provider(*good: bytes) -> Iterator[Provider]:
    """A provider on a free port that knows the keys *good*."""
    provider = Provider(good={key.decode() for key in good})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = provider.answer(self.headers.get("Authorization", "").removeprefix("Bearer "))
            data = json.dumps(body).encode()
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what was asked is noted."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
