# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import textwrap
import time
from pathlib import Path

import pytest

from secrethunt.identity.contract import Edge, EdgeStatus, Known, Node, NodeKind, Unread
from secrethunt.identity.declared import declared_in, iter_declared

ROLE = "arn:aws:iam::123456789012:role/deploy"
Item = Node | Edge | Unread


def read(path: str, text: str) -> list[Item]:
    return list(declared_in(path.encode(), textwrap.dedent(text).encode(), repository="acme/shop", host="gitlab.com"))


def edges(items: list[Item]) -> set[tuple[str, str, str]]:
    return {(item.source, item.kind.value, item.target) for item in items if isinstance(item, Edge)}


def node(items: list[Item], key: str) -> Node:
    return next(item for item in items if isinstance(item, Node) and item.key == key)


WORKFLOW = """\
    name: Deploy
    on: {push: {branches: [main]}, pull_request_target: {}}
    permissions: {id-token: write, contents: read}
    jobs:
      deploy:
        runs-on: [self-hosted, linux]
        environment: prod
        steps:
          - uses: actions/checkout@v4
          - uses: aws-actions/configure-aws-credentials@v4
            with: {role-to-assume: "arn:aws:iam::123456789012:role/deploy", aws-region: eu-west-1}
          - uses: google-github-actions/auth@v2
            with:
              workload_identity_provider: projects/1/locations/global/workloadIdentityPools/p/providers/gh
              service_account: ci@acme.iam.gserviceaccount.com
          - uses: azure/login@v2
            with: {client-id: 11111111-2222-3333-4444-555555555555, tenant-id: "${{ secrets.TENANT }}"}
          - run: ./deploy
            env:
              TOKEN: ${{ secrets.DEPLOY_TOKEN }}
              OTHER: ${{ secrets['ODD'] }}
              OWN: ${{ secrets.GITHUB_TOKEN }}
      build:
        uses: acme/shared/.github/workflows/build.yml@v1
        secrets: inherit
"""


def test_workflow_reads_its_secrets_and_takes_its_roles() -> None:
    found = read(".github/workflows/deploy.yml", WORKFLOW)
    key = "github:workflow:acme/shop/.github/workflows/deploy.yml"
    assert {
        ("github:repo:acme/shop", "DEPLOYS", key),
        (key, "CAN_ACCESS", "github:secret:acme/shop/DEPLOY_TOKEN"),
        (key, "CAN_ACCESS", "github:secret:acme/shop/ODD"),
        (key, "CAN_ACCESS", "github:secret:acme/shop/TENANT"),
        (key, "CAN_ACCESS", "github:secret:acme/shop/prod/DEPLOY_TOKEN"),
        (key, "CAN_ACCESS", "github:secret:acme/shop/prod/ODD"),
        (key, "CAN_ACCESS", "github:secret:acme/shop/prod/TENANT"),
        (key, "IN_ENVIRONMENT", "github:environment:acme/shop/prod"),
        (key, "CAN_ASSUME", f"aws:{ROLE}"),
        (key, "CAN_ASSUME", "gcp:service-account:ci@acme.iam.gserviceaccount.com"),
        (
            key,
            "CAN_ASSUME",
            "gcp:iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/gh",
        ),
        (key, "CAN_ASSUME", "azure:app:11111111-2222-3333-4444-555555555555"),
        (key, "DEPLOYS", "github:workflow:acme/shared/.github/workflows/build.yml"),
    } == edges(found)
    properties = node(found, key).properties
    assert {"id-token": "write", "contents": "read"} == properties["permissions"]
    assert ["pull_request_target", "push"] == properties["triggers"]
    assert properties["self_hosted"] is True
    assumed = next(item for item in found if isinstance(item, Edge) and item.target == f"aws:{ROLE}")
    assert (EdgeStatus.CONDITIONAL, Known.CODE, ".github/workflows/deploy.yml:11") == (
        assumed.status,
        assumed.known,
        assumed.evidence,
    )


def test_gitlab_pipeline_names_variables_tokens_and_roles() -> None:
    found = read(
        ".gitlab-ci.yml",
        """\
        stages: [deploy]
        .base: &base
          variables: {LOCAL_TOKEN: x}
        deploy:
          <<: *base
          stage: deploy
          environment: {name: prod}
          id_tokens: {AWS_JWT: {aud: https://sts.acme}}
          secrets: {DB: {vault: ops/db/password@kv}}
          variables: {AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/deploy"}
          script:
            - !reference [.x, script]
            - curl -H "PRIVATE-TOKEN: $DEPLOY_TOKEN" $CI_API_V4_URL
            - echo $CI_JOB_TOKEN $LOCAL_TOKEN
        """,
    )
    key = "gitlab:gitlab.com:pipeline:acme/shop/.gitlab-ci.yml"
    assert {
        ("gitlab:gitlab.com:project:acme/shop", "DEPLOYS", key),
        (key, "CAN_ACCESS", "gitlab:gitlab.com:variable:acme/shop/DEPLOY_TOKEN"),
        (key, "CAN_ACCESS", "gitlab:gitlab.com:id-token:acme/shop/AWS_JWT"),
        (key, "CAN_ACCESS", "vault:secret:ops/db/password@kv"),
        (key, "IN_ENVIRONMENT", "gitlab:gitlab.com:environment:acme/shop/prod"),
        (key, "CAN_ASSUME", f"aws:{ROLE}"),
    } == edges(found)


MANIFEST = """\
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: ci
      namespace: shop
      labels: {team: payments}
      annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/deploy"}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        spec:
          serviceAccountName: ci
          imagePullSecrets: [{name: pull}]
          containers:
            - image: acme/web
              env: [{name: DB, valueFrom: {secretKeyRef: {name: db, key: password}}}]
              envFrom: [{secretRef: {name: all}}]
          volumes: [{name: v, secret: {secretName: tls}}]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: ci-edit, namespace: shop}
    roleRef: {kind: ClusterRole, name: edit}
    subjects: [{kind: ServiceAccount, name: ci}]
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: db, namespace: shop}
    stringData: {password: told-to-nobody}
"""


def test_manifests_join_accounts_workloads_roles_and_secrets() -> None:
    found = read("deploy/all.yaml", MANIFEST)
    base = "k8s:acme/shop:"
    account, workload = f"{base}service-account:shop/ci", f"{base}workload:shop/deployment/web"
    assert {
        (account, "CAN_ASSUME", f"aws:{ROLE}"),
        (workload, "RUNS_AS", account),
        (workload, "CAN_ACCESS", f"{base}secret:shop/db"),
        (workload, "CAN_ACCESS", f"{base}secret:shop/all"),
        (workload, "CAN_ACCESS", f"{base}secret:shop/tls"),
        (workload, "CAN_ACCESS", f"{base}secret:shop/pull"),
        (account, "HAS_GRANT", f"{base}cluster-role:edit"),
    } == edges(found)
    assert "payments" == node(found, account).properties["owner"]
    assert "told-to-nobody" not in repr(found)


def test_helm_template_is_read_around_its_actions() -> None:
    found = read(
        "chart/templates/sa.yaml",
        """\
        {{- if .Values.serviceAccount.create -}}
        {{/* a comment
             of two lines */}}
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: {{ include "shop.name" . }}-runner
          labels:
            {{- include "shop.labels" . | nindent 4 }}
            team: "{{ .Values.team }}"
        {{- end }}
        """,
    )
    assert ["default/(include shop.name .)-runner"] == [
        item.name for item in found if isinstance(item, Node) and item.kind is NodeKind.IDENTITY
    ]


def test_cloudformation_with_short_tags_names_roles_and_whom_they_trust() -> None:
    found = read(
        "stack.yaml",
        """\
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              RoleName: ci
              AssumeRolePolicyDocument:
                Statement:
                  - Effect: Allow
                    Principal: {Service: lambda.amazonaws.com, AWS: "arn:aws:iam::464622532012:root"}
                    Action: sts:AssumeRole
              ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]
              Tags: [{Key: Owner, Value: payments}]
          Fn:
            Type: AWS::Serverless::Function
            Properties: {Role: !GetAtt Role.Arn}
          User: {Type: "AWS::IAM::User"}
          Key:
            Type: AWS::IAM::AccessKey
            Properties: {UserName: !Ref User}
        """,
    )
    base = "cloudformation:resource:acme/shop/stack.yaml#"
    assert {
        (f"{base}Role", "TRUSTS", "aws:service:lambda.amazonaws.com"),
        (f"{base}Role", "TRUSTS", "aws:account:464622532012"),
        (f"{base}Role", "HAS_GRANT", "aws:arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (f"{base}Fn", "RUNS_AS", f"{base}Role"),
        (f"{base}Key", "AUTHENTICATES_AS", f"{base}User"),
    } == edges(found)
    assert "payments" == node(found, f"{base}Role").properties["owner"]


def test_cloudformation_as_json_with_tabs_is_read_too() -> None:
    text = '{\n\t"Resources": {\n\t\t"R": {"Type": "AWS::IAM::User", "Properties": {"UserName": "ci"}}\n\t}\n}\n'
    assert "ci" == node(read("stack.json", text), "cloudformation:resource:acme/shop/stack.json#R").name


TERRAFORM = """\
    terraform {
      backend "s3" {
        bucket = "acme-state"
        key    = "prod.tfstate"
      }
    }
    provider "aws" {
      assume_role { role_arn = "arn:aws:iam::123456789012:role/deploy" }
    }
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          identifiers = ["464622532012", aws_iam_role.other.arn]
        }
      }
    }
    resource "aws_iam_role" "ci" {
      name               = "ci"
      assume_role_policy = data.aws_iam_policy_document.trust.json
      tags               = { Team = "payments", Environment = "prod" }
    }
    resource "aws_iam_role_policy" "inline" {
      role   = aws_iam_role.ci.id
      policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
    }
    resource "aws_iam_role_policy_attachment" "ro" {
      role       = aws_iam_role.ci.name
      policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    }
    resource "aws_lambda_function" "fn" {
      function_name = "fn-${var.stage}"
      role          = aws_iam_role.ci.arn
    }
    resource "aws_iam_access_key" "key" {
      user = aws_iam_user.robot.name
    }
    resource "google_project_iam_member" "m" {
      project = "acme"
      role    = "roles/owner"
      member  = "serviceAccount:ci@acme.iam.gserviceaccount.com"
    }
    resource "google_project_iam_binding" "b" {
      role    = "roles/viewer"
      members = ["serviceAccount:${google_service_account.x.email}"]
    }
"""


def test_terraform_names_identities_grants_workloads_and_its_state() -> None:
    found = read("infra/main.tf", TERRAFORM)
    base, module = "terraform:resource:acme/shop/infra#", "terraform:module:acme/shop/infra"
    role = f"{base}aws_iam_role.ci"
    assert {
        (module, "CAN_ACCESS", "aws:arn:aws:s3:::acme-state"),
        (module, "CAN_ASSUME", f"aws:{ROLE}"),
        (role, "TRUSTS", "aws:account:464622532012"),
        (role, "TRUSTS", f"{base}aws_iam_role.other"),
        (role, "HAS_GRANT", f"{base}aws_iam_role_policy.inline"),
        (role, "HAS_GRANT", "aws:arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (f"{base}aws_lambda_function.fn", "RUNS_AS", role),
        (f"{base}aws_iam_access_key.key", "AUTHENTICATES_AS", f"{base}aws_iam_user.robot"),
        ("gcp:service-account:ci@acme.iam.gserviceaccount.com", "HAS_GRANT", "gcp:role:roles/owner"),
        (f"{base}google_service_account.x", "HAS_GRANT", "gcp:role:roles/viewer"),
    } == edges(found)
    assert ("payments", "prod") == (node(found, role).properties["owner"], node(found, role).properties["environment"])
    document = node(found, f"{base}aws_iam_role_policy.inline").properties["document"]
    assert [{"Effect": "Allow", "Action": "*", "Resource": "*"}] == document["Statement"]


def test_compose_tells_names_and_never_values() -> None:
    found = read(
        "ops/docker-compose.yml",
        """\
        services:
          web:
            image: acme/web
            env_file: [.env]
            environment: {DB_PASSWORD: told-to-nobody, PORT: "80"}
            secrets: [db, {source: tls}]
        secrets: {db: {file: ./db.txt}, tls: {environment: TLS}}
        """,
    )
    base = "compose:secret:acme/shop/ops/docker-compose.yml#"
    service = "compose:service:acme/shop/ops/docker-compose.yml#web"
    assert {
        (service, "CAN_ACCESS", f"{base}db"),
        (service, "CAN_ACCESS", f"{base}tls"),
        (service, "CAN_ACCESS", "location:acme/shop:ops/.env"),
    } == edges(found)
    assert ["DB_PASSWORD"] == node(found, service).properties["secret_variables"]
    assert "told-to-nobody" not in repr(found)


BOMB = "apiVersion: v1\nkind: List\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "more than 400000 values"),
        ("apiVersion: v1\nkind: " + "[" * 50_000, "nested deeper than 64"),
        ("jobs:\n" + "".join(f"{' ' * n}a{n}:\n" for n in range(1, 300)), "nested deeper than 64"),
        ("apiVersion: v1\nkind: &a [*a, {<<: *a}]\n: {", "is no YAML"),
        ("services:\n\t- x", "is no YAML"),
        ("Resources: {X: {Type: 'AWS::IAM::User'", "is no YAML"),
    ],
    ids=["aliases", "flow", "block", "itself", "tab", "cut"],
)
def test_hostile_or_broken_text_is_unread_in_bounded_time(text: str, why: str) -> None:
    started = time.process_time()
    found = list(declared_in(b"x.yaml", text.encode()))
    assert [True] == [isinstance(item, Unread) and why in item.why for item in found]
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: !!python/object/apply:os.system ['false']\n",
        "apiVersion: 1\nkind: Deployment\nspec: [1]\nmetadata: 7\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: {}, volumes: [1, null], imagePullSecrets: x}\n",
        "jobs: {a: {steps: {}}, b: [1], c: {steps: [1, {uses: {}}], environment: [x]}}\non: 7\n",
        "Resources: {A: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: [1], Policies: [1, {}]}}}\n",
        "services: {a: 1, b: {image: x, secrets: [[1]], env_file: {a: b}, environment: [[1]]}}\nsecrets: [x]\n",
        "stages: [a]\nj: {script: [x], stage: a, id_tokens: [1], secrets: {A: 1}, environment: {name: []}}\n",
    ],
)
def test_odd_shapes_raise_nothing(text: str) -> None:
    assert all(
        isinstance(item, Node | Edge | Unread) for item in declared_in(b".github/workflows/x.yml", text.encode())
    )


def test_odd_terraform_raises_nothing() -> None:
    for text in ('resource "aws_iam_role" {', 'resource "aws_iam_role" "x" { name = [', "x = {", '"', "a" + "{" * 5000):
        assert all(isinstance(item, Node | Edge | Unread) for item in declared_in(b"a.tf", text.encode()))


def test_walk_keys_by_the_remote_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text('[remote "origin"]\n\turl = git@github.com:Acme/shop.git\n')
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/a.yml").write_text("on: push\njobs: {a: {steps: []}}\n")
    (tmp_path / ".github/CODEOWNERS").write_text("* @acme/all\n/.github/ @acme/platform\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/b.yaml").write_text(textwrap.dedent(MANIFEST))
    os.symlink(tmp_path / ".github/workflows/a.yml", tmp_path / "link.yml")
    os.mkfifo(tmp_path / "pipe.yml")
    found = list(iter_declared(str(tmp_path)))
    pipelines = [item.key for item in found if isinstance(item, Node) and item.kind is NodeKind.PIPELINE]
    assert ["github:workflow:acme/shop/.github/workflows/a.yml"] == pipelines
    assert (pipelines[0], "OWNED_BY", "owner:@acme/platform") in edges(found)


def test_a_part_that_is_no_hcl_is_told_with_its_line_and_the_rest_is_read() -> None:
    broken = b'resource "aws_iam_user" "ci" {\n  name = "ci"\n}\nresource "aws_iam_role" {{ "x"\n  name = \n'
    items = list(declared_in(b"main.tf", broken))
    assert ["terraform:resource:code/#aws_iam_user.ci"] == [item.key for item in items if isinstance(item, Node)]
    assert [Unread("main.tf", "a part is no HCL, from line 4 on")] == [
        item for item in items if isinstance(item, Unread)
    ]
