# SPDX-License-Identifier: Apache-2.0
"""
Compares our decisions with those of another evaluator of AWS policies, on generated requests.

    npm install --prefix FOLDER @cloud-copilot/iam-simulate
    python -m benchmarks.iam_simulator FOLDER [number of cases]

Prints how many agree, and each case that does not.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import Principal, Target, decide
from secrethunt.identity.aws.documents import Policy, parse_policy

ACCOUNT, OTHER = "123456789012", "210987654321"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/ci", f"arn:aws:iam::{ACCOUNT}:role/deploy"
REQUESTS = (
    ("s3:GetObject", "arn:aws:s3:::reports/2026/may.csv"),
    ("s3:ListBucket", "arn:aws:s3:::reports"),
    ("s3:PutObject", "arn:aws:s3:::hr/salaries"),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/new"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-AbCdEf"),
    ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
    ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"),
)
CONTEXT = {
    "aws:SourceIp": "203.0.113.9",
    "aws:PrincipalTag/team": "red",
    "aws:RequestedRegion": "eu-west-1",
    "aws:SecureTransport": "true",
    "aws:CurrentTime": "2026-06-01T12:00:00Z",
    "aws:PrincipalArn": USER,
    "aws:PrincipalAccount": ACCOUNT,
    "aws:username": "ci",
}
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalTag/project": "x"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/project": "x"}},
    {"StringEquals": {"aws:PrincipalTag/project": "x"}},
    {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
    {"StringLike": {"aws:RequestedRegion": "eu-*"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}, "Bool": {"aws:SecureTransport": "true"}},
)
ACTIONS: tuple[Any, ...] = (
    "*", "s3:*", "s3:Get*", ["s3:GetObject", "s3:PutObject"], "iam:*", "iam:PassRole", "secretsmanager:*",
    "kms:Decrypt", "sts:AssumeRole", "sqs:*", "s3:List?ucket",
)  # fmt: skip
RESOURCES: tuple[Any, ...] = (
    "*", "*", "arn:aws:s3:::reports/*", ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"], "arn:aws:s3:::hr/*",
    "arn:aws:s3:::${aws:PrincipalTag/team}*", f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:role/a?p",
    "arn:aws:s3:::*",
)  # fmt: skip


def _statement(chance: random.Random, effect: str) -> dict[str, Any]:
    action = "NotAction" if chance.random() < 0.15 else "Action"
    resource = "NotResource" if chance.random() < 0.15 else "Resource"
    made: dict[str, Any] = {"Effect": effect, action: chance.choice(ACTIONS), resource: chance.choice(RESOURCES)}
    if chance.random() < 0.35:
        made["Condition"] = chance.choice(CONDITIONS)
    return made


def _document(chance: random.Random, *, open_chance: float = 0.0) -> dict[str, Any]:
    statements = [_statement(chance, "Allow") for _ in range(chance.randint(1, 2))]
    if chance.random() < open_chance:
        statements.append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    if chance.random() < 0.4:
        statements.append(_statement(chance, "Deny"))
    return {"Version": "2012-10-17", "Statement": statements}


def _resource_document(chance: random.Random, action: str, resource: str, principal: str) -> dict[str, Any]:
    named: list[Any] = [
        {"AWS": principal},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": OTHER},
        "*",
        {"AWS": ACCOUNT},
    ]
    prefix = action.partition(":")[0]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": chance.choice(named),
        "Action": chance.choice([action, f"{prefix}:*"]),
    }
    if prefix != "sts":
        statement["Resource"] = resource if prefix != "kms" else "*"
    if chance.random() < 0.3:
        statement["Condition"] = chance.choice(CONDITIONS)
    statements = [statement]
    if chance.random() < 0.3:
        statements.append({**statement, "Effect": "Deny", "Principal": chance.choice(named)})
    return {"Version": "2012-10-17", "Statement": statements}


def _case(chance: random.Random) -> dict[str, Any]:
    action, resource = chance.choice(REQUESTS)
    principal = chance.choice([USER, USER, ROLE])
    owner = OTHER if chance.random() < 0.2 else ACCOUNT
    case: dict[str, Any] = {
        "request": {
            "principal": principal,
            "action": action,
            "resource": {"resource": resource.replace(ACCOUNT, owner), "accountId": owner},
            "contextVariables": {**CONTEXT, "aws:PrincipalArn": principal},
        },
        "identityPolicies": [{"name": f"p{n}", "policy": _document(chance)} for n in range(chance.randint(0, 2))],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if principal == ROLE:
        del case["request"]["contextVariables"]["aws:username"]
    if chance.random() < 0.3:
        case["serviceControlPolicies"] = [
            {"orgIdentifier": level, "policies": [{"name": level, "policy": _document(chance, open_chance=0.8)}]}
            for level in ("r-root", "ou-1")
        ]
    if chance.random() < 0.25:
        case["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": _document(chance, open_chance=0.3)}]
    has_policy = action.partition(":")[0] not in ("iam",)
    if has_policy and (action.startswith(("kms", "sts")) or chance.random() < 0.5):
        case["resourcePolicy"] = _resource_document(chance, action, case["request"]["resource"]["resource"], principal)
    return case


def _ours(case: dict[str, Any]) -> Truth:
    request = case["request"]

    def parsed(policies: list[dict[str, Any]]) -> tuple[Policy, ...]:
        return tuple(parse_policy(item["name"], item["policy"]) for item in policies)

    boundary = parsed(case.get("permissionBoundaryPolicies", []))
    # Everything that the request does not name is known not to be there.
    keys = {"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:principaltag/", "aws:username"}
    context: dict[str, list[str]] = {key: [] for key in keys}
    context |= {key.lower(): [value] for key, value in request["contextVariables"].items()}
    principal = Principal(
        request["principal"],
        ACCOUNT,
        parsed(case["identityPolicies"]),
        boundary[0] if boundary else None,
        (),
        tuple(parsed(level["policies"]) for level in case["serviceControlPolicies"]),
        context=context,
    )
    own = parse_policy("resource", case["resourcePolicy"]) if "resourcePolicy" in case else None
    resource = request["resource"]
    return decide(principal, request["action"], resource["resource"], target=Target(own, resource["accountId"])).truth


def main(folder: str, count: int = 600) -> int:
    """Print agreements and differences; their number."""
    chance = random.Random(6)
    cases = [_case(chance) for _ in range(count)]
    script = Path(__file__).with_suffix(".mjs")
    done = subprocess.run(
        ["node", str(script), folder], input=json.dumps(cases), capture_output=True, text=True, check=True, timeout=300
    )
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    refused = [answer for answer in theirs if answer["result"] is None]
    different = [
        (case, answer, ours)
        for case, answer in zip(cases, theirs, strict=True)
        if answer["result"] is not None
        and (ours := _ours(case)) is not (Truth.YES if answer["result"] == "Allowed" else Truth.NO)
    ]
    allowed = sum(answer["result"] == "Allowed" for answer in theirs)
    for case, answer, ours in different:
        sys.stdout.write(json.dumps({"ours": ours.name, "theirs": answer["result"], "case": case}) + "\n")
    for answer in refused[:3]:
        sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.write(
        f"{count} cases, {len(refused)} not taken, {allowed} allowed, {len(different)} decided differently\n"
    )
    return len(different)


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:3]))
