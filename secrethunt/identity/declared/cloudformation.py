# SPDX-License-Identifier: Apache-2.0
"""
CloudFormation and SAM templates in YAML and JSON: users, roles, access keys, policies, secrets, functions and the roles
they run as. Accounts are not written in templates: what is declared is keyed by file and logical id.

Format: AWS CloudFormation template reference; AWS SAM specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.place import Place, environment_of, is_known, owner_of
from secrethunt.identity.declared.yamltree import Block

_TYPES: dict[str, tuple[NodeKind, str, str]] = {
    "AWS::IAM::User": (NodeKind.IDENTITY, "iam-user", "UserName"),
    "AWS::IAM::Role": (NodeKind.ROLE, "iam-role", "RoleName"),
    "AWS::IAM::Group": (NodeKind.GROUP, "iam-group", "GroupName"),
    "AWS::IAM::ManagedPolicy": (NodeKind.POLICY, "iam-policy", "ManagedPolicyName"),
    "AWS::IAM::Policy": (NodeKind.POLICY, "inline-policy", "PolicyName"),
    "AWS::IAM::AccessKey": (NodeKind.CREDENTIAL, "access-key", ""),
    "AWS::IAM::OIDCProvider": (NodeKind.TRUST_PROVIDER, "oidc-provider", "Url"),
    "AWS::SecretsManager::Secret": (NodeKind.SECRET_STORE, "secret", "Name"),
    "AWS::SSM::Parameter": (NodeKind.SECRET_STORE, "parameter", "Name"),
    "AWS::Lambda::Function": (NodeKind.WORKLOAD, "lambda-function", "FunctionName"),
    "AWS::Serverless::Function": (NodeKind.WORKLOAD, "lambda-function", "FunctionName"),
    "AWS::ECS::TaskDefinition": (NodeKind.WORKLOAD, "ecs-task", "Family"),
    "AWS::EC2::Instance": (NodeKind.WORKLOAD, "ec2-instance", ""),
    "AWS::CodeBuild::Project": (NodeKind.PIPELINE, "codebuild-project", "Name"),
    "AWS::CodePipeline::Pipeline": (NodeKind.PIPELINE, "codepipeline", "Name"),
    "AWS::StepFunctions::StateMachine": (NodeKind.WORKLOAD, "state-machine", "StateMachineName"),
    "AWS::Glue::Job": (NodeKind.WORKLOAD, "glue-job", "Name"),
    "AWS::Serverless::StateMachine": (NodeKind.WORKLOAD, "state-machine", "Name"),
}
_ROLES = ("Role", "RoleArn", "TaskRoleArn", "ExecutionRoleArn", "ServiceRole", "IamInstanceProfile")


def is_template(document: Any) -> bool:
    """Whether *document* is a template: resources with types of AWS."""
    if not isinstance(document, Block) or not isinstance(document.get("Resources"), Block):
        return False
    resources = document.block("Resources").values()
    return any(isinstance(item, Block) and item.text("Type").startswith(("AWS::", "Custom::")) for item in resources)


def template(place: Place, document: Block) -> Iterator[Node | Edge]:
    """Every resource that is an identity, a workload, a policy or a store."""
    resources = document.block("Resources")
    for name, resource in resources.items():
        if isinstance(resource, Block) and resource.text("Type") in _TYPES:
            yield from _resource(place, name, resource)


def _key(place: Place, logical: str) -> str:
    return f"cloudformation:resource:{place.scope}/{place.path}#{logical}"


def _resource(place: Place, logical: str, resource: Block) -> Iterator[Node | Edge]:
    kind, type_name, name_property = _TYPES[resource.text("Type")]
    properties = resource.block("Properties")
    given = properties.text(name_property)
    tags = _tags(properties.get("Tags"))
    key = _key(place, logical)
    yield place.node(
        key,
        kind,
        "aws",
        given if is_known(given) else logical,
        line=resource.line,
        type=type_name,
        tags=tags,
        owner=owner_of(tags),
        environment=environment_of(tags),
        trust=plain(properties.get("AssumeRolePolicyDocument")),
        document=plain(properties.get("PolicyDocument")),
    )
    yield from _grants(place, key, properties)
    yield from _trusted(place, key, properties)
    for name in _ROLES:
        for target in _referred(place, properties.get(name)):
            yield place.edge(key, target, EdgeKind.RUNS_AS, line=properties.line_of(name))
    if type_name == "access-key":
        for target in _referred(place, properties.get("UserName")):
            yield place.edge(key, target, EdgeKind.AUTHENTICATES_AS, line=properties.line_of("UserName"))
    for name in ("Roles", "Users", "Groups") if kind is NodeKind.POLICY else ():
        for item in properties.items_of(name):
            for source in _referred(place, item):
                yield place.edge(source, key, EdgeKind.HAS_GRANT, line=properties.line_of(name))


def _grants(place: Place, key: str, properties: Block) -> Iterator[Node | Edge]:
    for name in ("ManagedPolicyArns", "Policies"):
        for number, item in enumerate(properties.items_of(name)):
            if isinstance(item, Block) and "PolicyDocument" in item:
                title = item.text("PolicyName") or str(number)
                policy = f"{key}/{title}"
                yield place.node(
                    policy,
                    NodeKind.POLICY,
                    "aws",
                    title,
                    line=item.line,
                    type="inline-policy",
                    document=plain(item["PolicyDocument"]),
                )
                yield place.edge(key, policy, EdgeKind.HAS_GRANT, line=item.line)
                continue
            for target in _referred(place, item):
                yield place.edge(key, target, EdgeKind.HAS_GRANT, line=properties.line_of(name))
    for target in _referred(place, properties.get("PermissionsBoundary")):
        yield place.edge(key, target, EdgeKind.BOUNDED_BY, line=properties.line_of("PermissionsBoundary"))


def _trusted(place: Place, key: str, properties: Block) -> Iterator[Edge]:
    document = properties.block("AssumeRolePolicyDocument")
    for statement in document.items_of("Statement"):
        if not isinstance(statement, Block) or statement.text("Effect") == "Deny":
            continue
        principal = statement.block("Principal")
        for kind in principal:
            for value in principal.items_of(kind):
                for target in principal_keys(kind, value):
                    yield place.edge(key, target, EdgeKind.TRUSTS, line=principal.line_of(kind))


def principal_keys(kind: str, value: Any) -> list[str]:
    """Key of whom a trust policy names, as the importers of AWS key it; none where it is not known here."""
    if not isinstance(value, str) or not is_known(value):
        return []
    if value == "*":
        return ["aws:any:principal"]
    if kind == "Service":
        return [f"aws:service:{value}"]
    if value.isdigit():
        return [f"aws:account:{value}"]
    if value.endswith(":root") and value.count(":") >= 5:
        return [f"aws:account:{value.split(':')[4]}"]
    return [f"aws:{value}"] if value.startswith("arn:") else []


def _referred(place: Place, value: Any) -> list[str]:
    """Key of what *value* refers to: a resource of the template, or an ARN."""
    if isinstance(value, str):
        return [f"aws:{value}"] if value.startswith("arn:") and is_known(value) else []
    if not isinstance(value, Block):
        return []
    if logical := value.text("Ref"):
        return [_key(place, logical)] if not logical.startswith("AWS::") else []
    got = value.get("Fn::GetAtt")
    got = got.split(".", 1) if isinstance(got, str) else got
    if isinstance(got, list) and got and isinstance(got[0], str):
        return [_key(place, got[0])]
    return _referred(place, value.get("Fn::Sub"))


def _tags(value: Any) -> dict[str, str]:
    if isinstance(value, Block):
        return {name: item for name, item in value.items() if isinstance(item, str)}
    items = value if isinstance(value, list) else []
    return {item.text("Key"): item.text("Value") for item in items if isinstance(item, Block) and item.text("Key")}


def plain(value: Any, depth: int = 0) -> Any:
    """*value* as JSON, cut where it nests too deep."""
    if depth > 20:
        return None
    if isinstance(value, Block):
        return {name: plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value[:1000]]
    return value
