# SPDX-License-Identifier: Apache-2.0
"""Azure Storage's flows against Azurite, Microsoft's own emulator, which checks keys and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import pytest

from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.registry import load_flow
from tests.services.credentials import credential, made
from tests.services.node import node_command
from tests.services.processes import free_port, running
from tests.services.session import PlainSession

ACCOUNT = "acmestore"
_VERSION = "2021-08-06"


@dataclass(frozen=True, slots=True)
class Azurite:
    """The emulator with one account, one container and one blob in it."""

    port: int
    key: str

    @property
    def session(self) -> PlainSession:
        return PlainSession(endpoints={"azure-storage": f"http://127.0.0.1:{self.port}/{ACCOUNT}"})

    def put(self, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        """A request that changes something, signed with the account's key."""
        query = "restype:container" if "restype" in path else ""
        plain = path.partition("?")[0]
        fields = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION, **headers}
        named = "".join(f"{name}:{fields[name]}\n" for name in sorted(fields))
        size = str(len(body)) if body else ""
        text = f"PUT\n\n\n{size}\n\n\n\n\n\n\n\n\n{named}/{ACCOUNT}/{ACCOUNT}{plain}" + (f"\n{query}" if query else "")
        fields["Authorization"] = f"SharedKey {ACCOUNT}:{self.sign(text)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("PUT", f"/{ACCOUNT}{path}", body, fields)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        assert reply.status == 201, text

    def sign(self, text: str) -> str:
        return base64.b64encode(hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()).decode()


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    folder, port = tmp_path_factory.mktemp("azurite"), free_port()
    key = base64.b64encode(made(64).encode()).decode()
    command = node_command("azurite", "dist/src/blob/main.js")
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent"]
    environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    with running([*command, *options, "--skipApiVersionCheck"], port, Path(folder), environment=environment):
        started = Azurite(port, key)
        started.put("/files?restype=container", {})
        started.put("/files/report.txt", {"x-ms-blob-type": "BlockBlob"}, b"quarterly")
        yield started


def _key(azurite: Azurite, key: str) -> Outcome:
    found = credential("azure.storage-account-key", key, {"account": ACCOUNT})
    return load_flow("azure-account-key")(found, azurite.session)


def _account_sas(azurite: Azurite, *, hours: float = 1, permissions: str = "rl", types: str = "sco") -> tuple[str, str]:
    ends = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "\n".join([ACCOUNT, permissions, "b", types, "", ends, "", "", _VERSION, "", ""])
    query = f"sv={_VERSION}&ss=b&srt={types}&sp={permissions}&se={quote(ends, safe='')}&"
    return query, azurite.sign(text)


def _blob_sas(azurite: Azurite, *, hours: float = 1) -> tuple[str, str]:
    ends = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    resource = f"/blob/{ACCOUNT}/files/report.txt"
    text = "\n".join(["r", "", ends, resource, "", "", "", _VERSION, "b", "", "", "", "", "", "", ""])
    return f"sv={_VERSION}&sr=b&sp=r&se={quote(ends, safe='')}&", azurite.sign(text)


def _sas(azurite: Azurite, query: str, signature: str, address: str = "") -> Outcome:
    parts = {"query": query, "address": address or f"https://{ACCOUNT}.blob.core.windows.net/"}
    return load_flow("azure-storage-sas")(credential("azure.storage-sas", signature, parts), azurite.session)


def test_the_account_key_is_active(azurite: Azurite) -> None:
    outcome = _key(azurite, azurite.key)
    assert (State.ACTIVE, "xml EnumerationResults") == (outcome.state, outcome.evidence[0].marker), outcome


def test_another_key_is_inactive(azurite: Azurite) -> None:
    outcome = _key(azurite, base64.b64encode(made(64, seed=2).encode()).decode())
    assert State.INACTIVE == outcome.state, outcome


def test_an_account_signature_that_lists_is_active(azurite: Azurite) -> None:
    outcome = _sas(azurite, *_account_sas(azurite))
    assert (State.ACTIVE, "xml EnumerationResults") == (outcome.state, outcome.evidence[0].marker), outcome


def test_an_account_signature_that_may_only_write_is_active(azurite: Azurite) -> None:
    outcome = _sas(azurite, *_account_sas(azurite, permissions="w", types="o"))
    assert State.ACTIVE == outcome.state, outcome


def test_a_signature_for_one_blob_is_active(azurite: Azurite) -> None:
    address = f"https://{ACCOUNT}.blob.core.windows.net/files/report.txt"
    outcome = _sas(azurite, *_blob_sas(azurite), address)
    assert State.ACTIVE == outcome.state, outcome
    assert b"quarterly" not in repr(outcome).encode()


def test_a_signature_that_is_over_is_inactive_and_not_sent(azurite: Azurite) -> None:
    outcome = _sas(azurite, *_account_sas(azurite, hours=-1))
    assert (State.INACTIVE, "offline") == (outcome.state, outcome.evidence[0].endpoint)


def test_a_signature_that_was_tampered_with_is_inactive(azurite: Azurite) -> None:
    query, signature = _account_sas(azurite)
    outcome = _sas(azurite, query.replace("sp=rl", "sp=rwdl"), signature)
    assert State.INACTIVE == outcome.state, outcome


def test_a_signature_for_another_blob_is_inactive(azurite: Azurite) -> None:
    address = f"https://{ACCOUNT}.blob.core.windows.net/files/other.txt"
    outcome = _sas(azurite, *_blob_sas(azurite), address)
    assert State.INACTIVE == outcome.state, outcome
