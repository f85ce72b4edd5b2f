# SPDX-License-Identifier: Apache-2.0
"""
Identifies AWS keys: the caller, then what the key may read of IAM, in the shape of the exported authorization details.

Where the whole account may be read that is all; else the caller's own policies, each by itself. What was denied is said
by name. Only where policies stay unread some calls that list are tried: each is named, none changes anything.
References: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secrethunt.identity.aws.authorization_details import _entry as entry
from secrethunt.identity.aws.expander import AwsExpander
from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.live.aws_api import Api, Denied, Probe
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import State
from secrethunt.validate.flows.aws import caller_identity, keys_of
from secrethunt.validate.flows.exchange import optional

_PREFIX = "aws:"
_LISTS = ("Policies", "GroupDetailList", "UserDetailList", "RoleDetailList")
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ADMINISTRATOR = ":iam::aws:policy/AdministratorAccess"
"""Published: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html."""

_ONE = '{"MaxResults": 1}'
PROBES = (
    Probe("s3:ListAllMyBuckets", "s3"),
    Probe("secretsmanager:ListSecrets", "secretsmanager", target="secretsmanager.ListSecrets", body=_ONE),
    Probe("ssm:DescribeParameters", "ssm", target="AmazonSSM.DescribeParameters", body=_ONE),
    Probe("dynamodb:ListTables", "dynamodb", target="DynamoDB_20120810.ListTables", body='{"Limit": 1}'),
    Probe("kms:ListKeys", "kms", target="TrentService.ListKeys", body='{"Limit": 1}'),
    Probe("lambda:ListFunctions", "lambda", path="/2015-03-31/functions/?MaxItems=1"),
    Probe(
        "ec2:DescribeInstances",
        "ec2",
        form=(("Action", "DescribeInstances"), ("Version", "2016-11-15"), ("MaxResults", "5")),
    ),
    Probe("sqs:ListQueues", "sqs", form=(("Action", "ListQueues"), ("Version", "2012-11-05"), ("MaxResults", "1"))),
    Probe("sns:ListTopics", "sns", form=(("Action", "ListTopics"), ("Version", "2010-03-31"))),
)
"""What is tried where policies cannot be read: names only, nothing of what the things hold."""


def identify(asked: Asked, session: Session) -> Identification:
    """
    Who the key is, and its policies as far as it may read them.

    Raises:
        NoAnswer: AWS does not say who it is, or a part of the key is missing.
    """
    drawing = Drawing(asked, "aws")
    outcome = caller_identity(asked.credential, session)
    drawing.requests.extend(outcome.evidence)
    facts = dict(outcome.facts)
    arn = facts.get("account", "")
    if outcome.state is not State.ACTIVE or not arn:
        return drawing.finished(outcome.reason)
    keys = keys_of(asked.credential)
    region = optional(asked.credential, "region")
    api = Api(keys, session, arn.split(":")[1], drawing.requests, region=region)
    account = drawing.account(f"{_PREFIX}account:{arn.split(':')[4]}", arn.split(":")[4], "aws-account")
    holder = principal_arn(arn)
    _Reading(api, drawing, holder, account).read(is_root=arn.endswith(":root"))
    key = _PREFIX + holder
    evidence = f"sts:GetCallerIdentity: {arn}"
    name = facts.get("user") or facts.get("role") or arn
    drawing.identity(key, name.rpartition("/")[2], _kind(holder), evidence=evidence)
    _describe_key(drawing, key, keys.key_id)
    return drawing.finished()


def principal_arn(arn: str) -> str:
    """The role of an assumed role's session; any other caller is its own. A role's path is not in its sessions' ARN."""
    head, _, tail = arn.rpartition(":")
    if not tail.startswith("assumed-role/"):
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{tail.split('/')[1]}"


def _kind(arn: str) -> str:
    tail = arn.rpartition(":")[2]
    return "aws-root" if tail == "root" else f"iam-{tail.partition('/')[0]}"


def _describe_key(drawing: Drawing, identity: str, key_id: str) -> None:
    """The key's own node, which exported lists of keys have too."""
    key = f"{_PREFIX}access-key:{key_id}"
    drawing.node(Node(key, NodeKind.CREDENTIAL, "aws", key_id, drawing.account_key, {"type": "access-key"}))
    drawing.edge(Edge(key, identity, EdgeKind.AUTHENTICATES_AS, evidence="sts:GetCallerIdentity"))
    drawing.edge(Edge(drawing.asked.key, key, EdgeKind.DUPLICATE_OF, evidence="same key id"))


class _Reading:
    """Reads of IAM what the key may, and keeps what it may not."""

    def __init__(self, api: Api, drawing: Drawing, arn: str, account: str) -> None:
        self._api = api
        self._drawing = drawing
        self._arn = arn
        self._account = account
        self._denied: list[str] = []

    def read(self, *, is_root: bool) -> None:
        """The account, or the caller alone; then probes, where anything stayed unread."""
        if is_root:
            self._root()
            return
        if self._whole_account():
            self._drawing.fact("permissions", "all policies of the account were read")
            return
        kind, _, path = self._arn.rpartition(":")[2].partition("/")
        name = path.rpartition("/")[2]
        if kind == "user":
            self._user(name)
        elif kind == "role":
            self._role(name)
        else:
            self._denied.append(f"policies of a {kind} are not readable")
        if not self._denied:
            self._drawing.fact("permissions", "all policies of the identity were read")
            return
        self._drawing.fact("permissions", f"not all policies could be read; denied: {', '.join(self._denied)}")
        self._drawing.fact("probed", ", ".join(self._probe()))

    def _root(self) -> None:
        """The account's owner: no policy of the account limits it."""
        key = _PREFIX + self._arn
        target = f"{_PREFIX}any:*@{self._account.rpartition(':')[2]}"
        self._drawing.node(Node(target, NodeKind.RESOURCE, "aws", "everything in the account", self._account, _TIER0))
        self._drawing.edge(
            Edge(
                key,
                target,
                EdgeKind.CAN_ACCESS,
                access=Access.ADMIN,
                actions=("*",),
                evidence="the root user",
            )
        )
        self._drawing.fact("permissions", "the root user may do everything")

    def _whole_account(self) -> bool:
        try:
            pages = list(self._api.iam_pages("GetAccountAuthorizationDetails", MaxItems="300"))
        except (Denied, NoAnswer):
            return False
        for key in _LISTS:
            for page in pages:
                listed = page.get(key)
                for item in listed if isinstance(listed, list) else []:
                    self._keep(entry(key, _exported(item)))
        self._denied.clear()
        return True

    def _user(self, name: str) -> None:
        said = self._call("GetUser", UserName=name).get("User")
        user = dict(said) if isinstance(said, Mapping) else {"Arn": self._arn, "UserName": name}
        user["AttachedManagedPolicies"] = self._attached("ListAttachedUserPolicies", UserName=name)
        user["UserPolicyList"] = self._inline("ListUserPolicies", "GetUserPolicy", UserName=name)
        groups = self._list("ListGroupsForUser", "Groups", UserName=name)
        user["GroupList"] = [group["GroupName"] for group in groups]
        for group in groups:
            self._group(group)
        self._keep_holder("UserDetailList", user)

    def _group(self, group: Mapping[str, Any]) -> None:
        name = str(group["GroupName"])
        before = len(self._denied)
        full = {
            **group,
            "AttachedManagedPolicies": self._attached("ListAttachedGroupPolicies", GroupName=name),
            "GroupPolicyList": self._inline("ListGroupPolicies", "GetGroupPolicy", GroupName=name),
        }
        self._keep(_with_knowledge(entry("GroupDetailList", full), is_known=len(self._denied) == before))

    def _role(self, name: str) -> None:
        said = self._call("GetRole", RoleName=name).get("Role")
        role = dict(said) if isinstance(said, Mapping) else {"Arn": self._arn, "RoleName": name}
        if isinstance(said, Mapping):
            self._arn = str(role.get("Arn", self._arn))
        role["AttachedManagedPolicies"] = self._attached("ListAttachedRolePolicies", RoleName=name)
        role["RolePolicyList"] = self._inline("ListRolePolicies", "GetRolePolicy", RoleName=name)
        self._keep_holder("RoleDetailList", role)

    def _keep_holder(self, key: str, item: Mapping[str, Any]) -> None:
        boundary = item.get("PermissionsBoundary")
        if isinstance(boundary, Mapping) and boundary.get("PermissionsBoundaryArn"):
            self._policy({"PolicyArn": boundary["PermissionsBoundaryArn"]})
        # Without the user itself nobody knows whether a boundary limits it.
        self._keep(_with_knowledge(entry(key, _exported(item)), is_known=not self._denied, denied=self._denied))

    def _attached(self, action: str, **holder: str) -> list[Mapping[str, Any]]:
        attached = self._list(action, "AttachedPolicies", **holder)
        for item in attached:
            self._policy(item)
        return attached

    def _policy(self, item: Mapping[str, Any]) -> None:
        arn = str(item.get("PolicyArn", ""))
        if arn.endswith(_ADMINISTRATOR):
            versions = [{"IsDefaultVersion": True, "Document": _EVERYTHING}]
            policy = {"Arn": arn, "PolicyName": "AdministratorAccess", "PolicyVersionList": versions}
            self._keep(entry("Policies", policy))
            return
        said = self._call("GetPolicy", PolicyArn=arn).get("Policy")
        if not isinstance(said, Mapping):
            return
        version = str(said.get("DefaultVersionId", ""))
        read = self._call("GetPolicyVersion", PolicyArn=arn, VersionId=version).get("PolicyVersion")
        if isinstance(read, Mapping):
            self._keep(entry("Policies", {**said, "PolicyVersionList": [{**read, "IsDefaultVersion": True}]}))

    def _inline(self, list_action: str, get_action: str, **holder: str) -> list[Mapping[str, Any]]:
        names = self._list(list_action, "PolicyNames", **holder)
        return [said for name in names if (said := self._call(get_action, PolicyName=str(name), **holder))]

    def _list(self, action: str, key: str, **parameters: str) -> list[Any]:
        try:
            pages = list(self._api.iam_pages(action, **parameters))
        except (Denied, NoAnswer) as err:
            self._denied_again(err)
            return []
        lists = [page.get(key) for page in pages]
        return [item for listed in lists if isinstance(listed, list) for item in listed]

    def _call(self, action: str, **parameters: str) -> Mapping[str, Any]:
        try:
            said = self._api.iam(action, **parameters)
        except (Denied, NoAnswer) as err:
            self._denied_again(err)
            return {}
        return said if isinstance(said, Mapping) else {}

    def _denied_again(self, err: Denied | NoAnswer) -> None:
        name = err.action if isinstance(err, Denied) else err.reason
        if name not in self._denied:
            self._denied.append(name)

    def _keep(self, items: Iterable[Node | Edge | Unread]) -> None:
        for item in items:
            if isinstance(item, Node):
                self._drawing.node(item)
            elif isinstance(item, Edge):
                self._drawing.edge(item)
            else:
                self._drawing.fact("unread", f"{item.what}: {item.why}")

    def _probe(self) -> Iterable[str]:
        """What each of the probes came to, in words; what is allowed becomes an edge."""
        account = self._account.rpartition(":")[2]
        for probe in PROBES:
            try:
                self._api.probe(probe)
            except Denied:
                yield f"{probe.action} denied"
                continue
            except NoAnswer as err:
                yield f"{probe.action} not known ({err.reason})"
                continue
            yield f"{probe.action} allowed"
            key = f"{_PREFIX}any:{probe.service}@{account}"
            for node in AwsExpander().target_nodes([key]):
                self._drawing.node(node)
            self._drawing.edge(
                Edge(
                    _PREFIX + self._arn,
                    key,
                    EdgeKind.CAN_ACCESS,
                    access=Access.LIST,
                    actions=(probe.action,),
                    evidence=f"{probe.action} was tried and allowed",
                )
            )


_TIER0 = {"type": "aws-account", "sensitivity": 1.0, "tier0": True}


def _with_knowledge(
    items: Iterable[Node | Edge | Unread], *, is_known: bool, denied: Iterable[str] = ()
) -> Iterable[Node | Edge | Unread]:
    """*items* whose holder says whether all of its policies were read."""
    for item in items:
        if isinstance(item, Node) and "permissions_known" in item.properties and not is_known:
            properties = {**item.properties, "permissions_known": False, "denied": list(denied)}
            yield Node(item.key, item.kind, item.provider, item.name, item.account, properties)
        else:
            yield item


def _exported(item: Any) -> Any:
    """*item* without the empty texts that stand for empty lists in XML."""
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if value != ""}
