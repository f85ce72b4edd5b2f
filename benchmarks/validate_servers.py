# SPDX-License-Identifier: Apache-2.0
"""
Providers for `validate.py`: many ports of loopback, each a host with its own tokens, in one process.

    python benchmarks/validate_servers.py PLAN

Writes the ports (with and without TLS, and one to ask for statistics) into the plan and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import trustme

LIVE = b'{"login": "ann", "plan": "free"}'
DEAD = b'{"error": {"code": "invalid_token"}}'


class Host:
    """One provider: when it was asked, and by how many at once."""

    def __init__(self, live: set[str], latency_s: float) -> None:
        self._live = live
        self._latency_s = latency_s
        self.reset()

    def reset(self) -> None:
        self.times: list[float] = []
        self.connections = self.now = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.times.append(time.monotonic())
                self.now += 1
                self.most = max(self.most, self.now)
                await asyncio.sleep(self._latency_s)
                self.now -= 1
                writer.write(self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _answer(self, head: str) -> bytes:
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        token = {name.lower(): value for name, value in fields.items()}.get("authorization", "").removeprefix("Bearer ")
        status, body = (b"200 OK", LIVE) if token in self._live else (b"401 Unauthorized", DEAD)
        kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        return b"HTTP/1.1 " + status + b"\r\n" + kind + body


def told(host: Host) -> dict[str, Any]:
    """What one host saw since it was last asked."""
    seen = {"times": sorted(host.times), "connections": host.connections, "most": host.most}
    host.reset()
    return seen


async def serve(plan_file: Path) -> None:
    plan = json.loads(plan_file.read_text())
    authority = trustme.CA()
    plan["ca"] = str(plan_file.with_suffix(".pem"))
    authority.cert_pem.write_to_path(plan["ca"])
    hosts = []
    for entry in plan["hosts"]:
        host = Host(set(entry["live"]), plan["latency_s"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(entry["name"], key_type=trustme.KeyType.ECDSA).configure_cert(context)
        plain = await asyncio.start_server(host.serve, "127.0.0.1", 0)
        secure = await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=context)
        entry["plain"], entry["secure"] = (server.sockets[0].getsockname()[1] for server in (plain, secure))
        hosts.append((host, plain, secure))

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps([told(host) for host, _, _ in hosts]).encode())
        await writer.drain()
        writer.close()

    control = await asyncio.start_server(tell, "127.0.0.1", 0)
    plan["control"] = control.sockets[0].getsockname()[1]
    plan_file.write_text(json.dumps(plan))
    print("ready", flush=True)
    await control.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
