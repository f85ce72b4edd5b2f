# SPDX-License-Identifier: Apache-2.0
"""moto's server, which checks signatures as AWS does, with keys of every kind on it."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

from secrethunt.validate.flows.aws import Keys, signed_headers
from tests.services.credentials import made
from tests.services.processes import free_port, running
from tests.services.session import PlainSession


@dataclass(frozen=True, slots=True)
class Moto:
    """moto's server and what was made on it before it began to check who asks."""

    port: int
    good: Keys
    deleted: Keys
    session: Keys

    @property
    def session_to_it(self) -> PlainSession:
        return PlainSession(endpoints={"aws": f"http://127.0.0.1:{self.port}"})


def _call(port: int, service: str, keys: Keys, **parameters: str) -> dict[str, str]:
    """One action of the query protocol: texts of the answer by element."""
    url = f"http://127.0.0.1:{port}/"
    body = urlencode(parameters).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = signed_headers("POST", url, headers, body, scope=(service, "us-east-1"), keys=keys)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body, signed)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    assert reply.status == 200, text
    return {element.tag.rpartition("}")[2]: element.text or "" for element in ElementTree.fromstring(text).iter()}


def _key(port: int, root: Keys, user: str) -> Keys:
    made_key = _call(port, "iam", root, Action="CreateAccessKey", Version="2010-05-08", UserName=user)
    return Keys(made_key["AccessKeyId"], made_key["SecretAccessKey"])


@contextmanager
def serve_moto(folder: Path) -> Iterator[Moto]:
    """moto on a free port, its log in *folder*, from when it asks everybody for a signature."""
    port = free_port()
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "9"}
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder, environment=environment):
        root = Keys("AKIA" + made(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), made(40))
        iam = "2010-05-08"
        _call(port, "iam", root, Action="CreateUser", Version=iam, UserName="deployer")
        good, deleted = _key(port, root, "deployer"), _key(port, root, "deployer")
        _call(port, "iam", root, Action="DeleteAccessKey", Version=iam, UserName="deployer", AccessKeyId=deleted.key_id)
        policy = '{"Version": "2012-10-17", "Statement": []}'
        role = _call(port, "iam", root, Action="CreateRole", Version=iam, RoleName="r", AssumeRolePolicyDocument=policy)
        assumed = _call(
            port, "sts", root, Action="AssumeRole", Version="2011-06-15", RoleArn=role["Arn"], RoleSessionName="s"
        )
        session = Keys(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
        while _unchecked(port, root):
            pass
        yield Moto(port, good, deleted, session)


def _unchecked(port: int, keys: Keys) -> bool:
    """Whether moto still lets anybody in; asking uses one of the calls up that it lets in."""
    url, body = f"http://127.0.0.1:{port}/", b"Action=ListUsers&Version=2010-05-08"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = signed_headers("POST", url, headers, body, scope=("iam", "us-east-1"), keys=keys)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body, signed)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status == 200
