# SPDX-License-Identifier: Apache-2.0
"""An account of fifty users and fifty roles on moto's server, which then asks everybody for a signature and a right."""

from __future__ import annotations

import functools
import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secrethunt.validate.flows.aws import Keys
from tests.services.processes import free_port, running

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_MANY = 50
_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
_KINDS = ("reader", "secrets", "admin", "taker", "passer", "fenced", "guest", "minter", "bounded", "idle")


def kind_of(number: int) -> str:
    """What the user of this number may do; every tenth is alike."""
    return _KINDS[number % len(_KINDS)]


def user_name(number: int) -> str:
    return f"{kind_of(number)}-{number}"


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role_arn(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/role-{number}"


def _statements(number: int) -> list[dict[str, Any]]:
    everything, no_iam = allow("*"), {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    return {
        "reader": [
            allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::data-{number}", f"arn:aws:s3:::data-{number}/*"])
        ],
        "secrets": [allow("secretsmanager:GetSecretValue")],
        "admin": [everything],
        "taker": [allow("sts:AssumeRole", role_arn(number))],
        "passer": [allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])],
        "fenced": [everything, no_iam],
        "guest": [allow("s3:ListAllMyBuckets", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        "minter": [allow("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/admin-*")],
        "bounded": [everything],
        "idle": [],
    }[kind_of(number)]


@dataclass(frozen=True, slots=True)
class Account:
    """The server and the keys of its users by name."""

    port: int
    keys: Mapping[str, Keys]

    def client(self, service: str, keys: Keys | None = None) -> Any:
        """A client with the keys given, or those of an administrator."""
        return _client(self.port, service, keys or self.keys["admin-2"])


@functools.cache
def _session() -> Any:
    """One for all: it keeps the services' descriptions that it has read."""
    import botocore.session

    return botocore.session.Session()


def _client(port: int, service: str, keys: Keys) -> Any:
    import botocore.config

    return _session().create_client(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=botocore.config.Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


@contextmanager
def serve_account(folder: Path, *, reads_iam: bool = False) -> Iterator[Account]:
    """The account, from when moto checks who asks and what they may; everybody may read IAM with *reads_iam*."""
    port = free_port()
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "100000"}
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder, environment=environment):
        keys = _fill(port, [allow(["iam:Get*", "iam:List*"])] if reads_iam else [])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", "/moto-api/reset-auth", b"0")
        assert connection.getresponse().status == 200
        connection.close()
        yield Account(port, keys)


def _fill(port: int, more: list[dict[str, Any]]) -> dict[str, Keys]:
    first = Keys("AKIA" + "A" * 16, "a" * 40)
    iam = _client(port, "iam", first)
    iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:*")))
    keys = {}
    for number in range(_MANY):
        name = user_name(number)
        iam.create_user(UserName=name, Path="/team/" if number % 2 else "/")
        if statements := [*_statements(number), *more]:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = Keys(made["AccessKeyId"], made["SecretAccessKey"])
        _add_role(iam, number)
    secrets = _client(port, "secretsmanager", first)
    for number in range(5):
        secrets.create_secret(Name=f"secret-{number}", SecretString="not read by anybody")
    return keys


def _add_role(iam: Any, number: int) -> None:
    trusted = {"Service": "lambda.amazonaws.com"} if number % 10 == 4 else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
    iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=trust)
    statement = allow("*") if number in (3, 4) else allow("dynamodb:GetItem")
    iam.put_role_policy(RoleName=f"role-{number}", PolicyName="own", PolicyDocument=document(statement))


def export(account: Account, folder: Path) -> list[Path]:
    """The account as `aws` prints it: authorization details, keys of each user, secrets."""
    iam = account.client("iam")
    folder.mkdir()
    details = folder / "details.json"
    answer = iam.get_account_authorization_details()
    for user in answer["UserDetailList"]:
        # moto drops a user's boundary, and so neither lists nor applies it.
        if user["UserName"].startswith("bounded-"):
            user["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": _BOUNDARY}
    _write(details, answer)
    paths = [details]
    for name in account.keys:
        paths.append(folder / f"keys-{name}.json")
        _write(paths[-1], iam.list_access_keys(UserName=name))
    paths.append(folder / "secrets.json")
    _write(paths[-1], account.client("secretsmanager").list_secrets())
    return paths


def _write(path: Path, answer: dict[str, Any]) -> None:
    answer.pop("ResponseMetadata")
    path.write_text(json.dumps(answer, default=lambda moment: moment.isoformat()))
