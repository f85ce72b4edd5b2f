# SPDX-License-Identifier: Apache-2.0
"""
Importer of what runs as a role: functions, instances, tasks, build projects, and the instance profiles between.

Formats: API references of ListFunctions (Lambda), DescribeInstances (EC2), ListInstanceProfiles (IAM),
DescribeTaskDefinition (ECS), BatchGetProjects (CodeBuild). Of environment variables only the names are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secrethunt.identity.aws.listing import Answer, Item, Listing, account_key, is_arn, tags_of, text_of
from secrethunt.identity.aws.principals import PREFIX, account_of
from secrethunt.identity.aws.sensitivity import sensitivity_of
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread


def _workload(arn: str, service: str, name: str, **properties: Any) -> Node:
    about = {"type": f"aws-{service}", "service": service, "sensitivity": sensitivity_of(service)}
    return Node(PREFIX + arn, NodeKind.WORKLOAD, "aws", name, account_key(account_of(arn)), about | properties)


def _runs_as(arn: str, role: Any, evidence: str) -> Iterator[Item]:
    if not role:
        return
    # CodeBuild takes a role by name too.
    target = role if is_arn(role) else f"arn:aws:iam::{account_of(arn)}:role/{role}"
    yield Edge(PREFIX + arn, PREFIX + target, EdgeKind.RUNS_AS, evidence=evidence)


def _function(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    arn = str(item["FunctionArn"])
    variables = ((item.get("Environment") or {}).get("Variables") or {}).keys()
    properties = {
        "created": text_of(item, "LastModified"),
        "variables": sorted(str(name) for name in variables),
        "runtime": text_of(item, "Runtime"),
    }
    yield _workload(arn, "lambda", text_of(item, "FunctionName") or arn, **properties)
    yield from _runs_as(arn, item.get("Role"), "lambda list-functions")


def _reservation(item: Mapping[str, Any], name: str) -> Iterator[Item]:
    owner = str(item["OwnerId"])
    for instance in item.get("Instances") or []:
        zone = text_of(instance.get("Placement") or {}, "AvailabilityZone")
        region = zone.rstrip("abcdefghijklmnopqrstuvwxyz")
        identifier = str(instance["InstanceId"])
        if not region:
            yield Unread(f"instance {identifier}", "it has no availability zone")
            continue
        arn = f"arn:aws:ec2:{region}:{owner}:instance/{identifier}"
        tags = tags_of(instance)
        properties = {
            "created": text_of(instance, "LaunchTime"),
            "state": text_of(instance.get("State") or {}, "Name"),
            "address": text_of(instance, "PublicIpAddress"),
            "tags": tags,
        }
        yield _workload(arn, "ec2", tags.get("Name") or identifier, **properties)
        profile = (instance.get("IamInstanceProfile") or {}).get("Arn")
        if profile:
            yield Edge(PREFIX + arn, PREFIX + str(profile), EdgeKind.RUNS_AS, evidence="ec2 describe-instances")


def instance_profile(item: Mapping[str, Any], _: str = "") -> Iterator[Item]:
    """A profile and the roles that its instances run as."""
    arn = str(item["Arn"])
    yield Node(
        PREFIX + arn,
        NodeKind.WORKLOAD,
        "aws",
        text_of(item, "InstanceProfileName") or arn,
        account_key(account_of(arn)),
        {"type": "iam-instance-profile", "service": "iam", "created": text_of(item, "CreateDate")},
    )
    for role in item.get("Roles") or []:
        yield from _runs_as(arn, role.get("Arn"), f"instance profile {arn.rpartition('/')[2]}")


def _task(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    task = item["taskDefinition"]
    arn = str(task["taskDefinitionArn"])
    containers: Sequence[Mapping[str, Any]] = task.get("containerDefinitions") or []
    variables = {str(entry.get("name")) for item in containers for entry in item.get("environment") or []}
    yield _workload(
        arn, "ecs", arn.rpartition("/")[2], variables=sorted(variables), created=text_of(task, "registeredAt")
    )
    yield from _runs_as(arn, task.get("taskRoleArn"), "ecs describe-task-definition, taskRoleArn")
    for container in containers:
        for entry in container.get("secrets") or []:
            source = text_of(entry, "valueFrom")
            if is_arn(source):
                # The agent fetches it with the execution role and hands it to the container.
                yield Edge(
                    PREFIX + arn, PREFIX + _whole(source), EdgeKind.CAN_ACCESS, evidence="secrets of a container"
                )


def _whole(arn: str) -> str:
    """A secret's ARN without the JSON key and version behind it."""
    parts = arn.split(":")
    return ":".join(parts[:7]) if ":secretsmanager:" in arn else arn


def _project(item: Mapping[str, Any], _: str) -> Iterator[Item]:
    arn = str(item["arn"])
    variables = ((item.get("environment") or {}).get("environmentVariables")) or []
    properties = {
        "created": text_of(item, "created"),
        "variables": sorted(str(entry.get("name")) for entry in variables),
        "source": text_of(item.get("source") or {}, "location"),
        "tags": tags_of(item),
    }
    yield _workload(arn, "codebuild", text_of(item, "name") or arn, **properties)
    yield from _runs_as(arn, item.get("serviceRole"), "codebuild batch-get-projects")


class Workloads(Listing):
    """Implements `Importer`."""

    name = "aws workloads"
    answers = (
        Answer("Functions", "Functions.item", ("FunctionArn",), _function),
        Answer("Reservations", "Reservations.item", ("Instances",), _reservation),
        Answer("InstanceProfiles", "InstanceProfiles.item", ("InstanceProfileId",), instance_profile),
        Answer("taskDefinition", "", ("taskDefinitionArn",), _task),
        Answer("projects", "projects.item", ("serviceRole", "arn:aws"), _project),
    )
