# SPDX-License-Identifier: Apache-2.0
"""From a leaked credential by exports alone to what it reaches: Google Cloud and Kubernetes."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cli.runner import Runner
from tests.conftest import MakeRepo, RepoBuilder

PROJECT = "acme-prod"
EMAIL = f"ci@{PROJECT}.iam.gserviceaccount.com"
BOSS = f"boss@{PROJECT}.iam.gserviceaccount.com"
KEY_ID = "".join(f"{number * 37 % 256:02x}" for number in range(20))


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    return make_repo()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def key_file(key: rsa.RSAPrivateKey) -> str:
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    fields = {"type": "service_account", "project_id": PROJECT, "private_key_id": KEY_ID,
              "private_key": key.private_bytes(*form).decode(), "client_email": EMAIL, "client_id": "100"}  # fmt: skip
    return json.dumps(fields, indent=2)


def account_token(key: rsa.RSAPrivateKey) -> str:
    claim = "kubernetes.io/serviceaccount/"
    claims = {"iss": "kubernetes/serviceaccount", f"{claim}namespace": "web", f"{claim}service-account.name": "ci",
              f"{claim}secret.name": "ci-token", "sub": "system:serviceaccount:web:ci"}  # fmt: skip
    return jwt.encode(claims, key, "RS256", headers={"kid": "k"})


def blast(secrethunt: Runner, repo: RepoBuilder, exports: dict[str, Any]) -> dict[str, Any]:
    """The blast radius of the one secret that is in the history of *repo*, from *exports* alone."""
    database = str(secrethunt.home / "graph.db")
    scanned = secrethunt.run("scan", repo.target, "--db", database, "--format", "jsonl")
    [secret] = {finding["secret_id"] for finding in scanned.findings}
    paths = []
    for name, value in exports.items():
        path = secrethunt.home / name
        path.write_text(json.dumps(value))
        paths.append(str(path))
    imported = secrethunt.run("nhi", "import", *paths, "--db", database)
    assert 0 == imported.code, imported.stderr
    answer = secrethunt.run("blast-radius", secret, "--db", database, "--format", "json")
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_a_leaked_service_account_key_leads_to_the_owner_of_the_project(
    secrethunt: Runner, repo: RepoBuilder, key: rsa.RSAPrivateKey
) -> None:
    repo.commit({"key.json": key_file(key).encode()})
    repo.commit({"key.json": b"{}"})
    project = f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"
    bindings = [{"role": "roles/iam.serviceAccountTokenCreator", "members": [f"serviceAccount:{EMAIL}"]},
                {"role": "roles/owner", "members": [f"serviceAccount:{BOSS}"]}]  # fmt: skip
    exports = {
        "policies.json": [{"resource": project, "project": "projects/3", "policy": {"bindings": bindings}}],
        "keys.json": [{"name": f"projects/{PROJECT}/serviceAccounts/{EMAIL}/keys/{KEY_ID}", "keyType": "USER_MANAGED"}],
    }
    text = json.dumps(blast(secrethunt, repo, exports))
    assert f"gcp:service-account:{BOSS}" in text
    assert f"gcp:any:*@projects/{PROJECT}" in text
    assert "same private key id" in text
    assert '"band": "critical"' in text


def test_a_leaked_token_of_a_cluster_leads_to_a_role_of_a_cloud(
    secrethunt: Runner, repo: RepoBuilder, key: rsa.RSAPrivateKey
) -> None:
    repo.commit({"deploy.sh": f"curl -H 'Authorization: Bearer {account_token(key)}' https://10.0.0.1/\n".encode()})
    repo.commit({"deploy.sh": b"exit\n"})
    notes = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/app"}
    subject = {"kind": "ServiceAccount", "name": "ci", "namespace": "web"}
    rules = [{"verbs": ["create"], "apiGroups": [""], "resources": ["pods"]}]
    items = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ci", "namespace": "web"}},
        {"kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "web", "annotations": notes}},
        {"kind": "Role", "metadata": {"name": "deployer", "namespace": "web"}, "rules": rules},
        {"kind": "RoleBinding", "metadata": {"name": "b", "namespace": "web"}, "subjects": [subject],
         "roleRef": {"kind": "Role", "name": "deployer"}},
    ]  # fmt: skip
    export = {"apiVersion": "v1", "kind": "List", "items": items}
    text = json.dumps(blast(secrethunt, repo, {"prod.json": export}))
    assert "k8s:prod:service-account:web/app" in text
    assert "aws:arn:aws:iam::123456789012:role/app" in text
    assert "create-pods" in text
