# SPDX-License-Identifier: Apache-2.0
"""Worked examples of policy evaluation; sources stand with the tests."""

from __future__ import annotations

from typing import Any

import pytest

from secrethunt.identity.aws.conditions import Truth, judge
from secrethunt.identity.aws.decide import Decision, Principal, Target, decide, trusts, trusts_directly, trusts_service
from secrethunt.identity.aws.documents import Condition, DocumentError, Policy, parse_policy
from secrethunt.identity.aws.patterns import covers, filled, overlaps

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ci"
YES, MAYBE, NO = Truth.YES, Truth.MAYBE, Truth.NO


def policy(*statements: dict[str, Any], name: str = "p") -> Policy:
    return parse_policy(name, {"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def user(*statements: dict[str, Any], **fields: Any) -> Principal:
    return Principal(USER, ACCOUNT, (policy(*statements),), **fields)


BUCKET = "arn:aws:s3:::reports"
OBJECT = BUCKET + "/2026/may.csv"


@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        ([], "s3:GetObject", OBJECT, NO),
        ([allow("s3:GetObject")], "s3:getobject", OBJECT, YES),
        ([allow("s3:Get*", BUCKET + "/*")], "s3:GetObject", OBJECT, YES),
        ([allow("s3:Get*", BUCKET + "/2025/*")], "s3:GetObject", OBJECT, NO),
        ([allow("s3:Get*", BUCKET)], "s3:GetObject", OBJECT, NO),
        ([allow("s3:GetObject?cl")], "s3:GetObjectAcl", OBJECT, YES),
        # "Explicit deny": it overrides any allow.
        ([allow("*"), deny("iam:*")], "iam:CreateUser", "*", NO),
        ([allow("*"), deny("iam:*")], "s3:GetObject", OBJECT, YES),
        # NotAction with Allow and with Deny, from "IAM JSON policy elements: NotAction".
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:GetUser", "*", NO),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "ec2:RunInstances", "*", YES),
        ([allow("*"), {"Effect": "Deny", "NotAction": "iam:Get*", "Resource": "*"}], "s3:GetObject", OBJECT, NO),
        ([allow("*"), {"Effect": "Deny", "NotAction": "iam:Get*", "Resource": "*"}], "iam:GetUser", "*", YES),
        # NotResource, from "IAM JSON policy elements: NotResource".
        ([allow("s3:*"), {"Effect": "Deny", "Action": "s3:*", "NotResource": [BUCKET, BUCKET + "/*"]}],
         "s3:GetObject", OBJECT, YES),
        ([allow("s3:*"), {"Effect": "Deny", "Action": "s3:*", "NotResource": [BUCKET, BUCKET + "/*"]}],
         "s3:GetObject", "arn:aws:s3:::hr/x", NO),
        # A pattern of resources: what is denied in part leaves the rest; what is allowed in part is open.
        ([allow("s3:GetObject"), deny("s3:GetObject", "arn:aws:s3:::hr/*")], "s3:GetObject", "arn:aws:s3:::*", YES),
        ([allow("s3:GetObject", BUCKET + "/*")], "s3:GetObject", "arn:aws:s3:::*", MAYBE),
    ],
)  # fmt: skip
def test_statements(statements: list[dict[str, Any]], action: str, resource: str, expected: Truth) -> None:
    assert decide(user(*statements), action, resource).truth is expected


def test_evidence_names_the_statement() -> None:
    assert decide(user(allow("s3:*", Sid="Reports")), "s3:GetObject", OBJECT) == Decision(YES, ("p#Reports",))
    blocked = decide(user(allow("*"), deny("iam:*", Sid="NoIam")), "iam:CreateUser", "*")
    assert blocked.blocked_by == "explicit deny in p#NoIam"


def test_a_boundary_limits_what_the_identity_may() -> None:
    # "Permissions boundaries for IAM entities": the intersection of both counts.
    inside = user(allow("*"), boundary=policy(allow("s3:*"), name="boundary"))
    assert decide(inside, "s3:GetObject", OBJECT).truth is YES
    assert decide(inside, "iam:CreateUser", "*").truth is NO


def test_every_level_of_control_policies_must_allow() -> None:
    full, limited = policy(allow("*"), name="FullAWSAccess"), policy(allow("s3:*"), name="OnlyS3")
    assert decide(user(allow("*"), control=((full,), (full,))), "iam:CreateUser", "*").truth is YES
    assert decide(user(allow("*"), control=((full,), (limited,))), "iam:CreateUser", "*").truth is NO
    assert decide(user(allow("*"), control=((full, policy(deny("s3:*"))),)), "s3:GetObject", OBJECT).truth is NO


def test_a_session_policy_limits_too() -> None:
    assert decide(user(allow("*"), session=(policy(allow("s3:*")),)), "iam:CreateUser", "*").truth is NO


def bucket_policy(principal: Any, **more: Any) -> Policy:
    return policy(
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": BUCKET + "/*", **more}
    )


def test_a_resource_policy_that_names_the_user_is_enough_within_the_account() -> None:
    # "Identity-based policies and resource-based policies": the union of both within one account.
    assert decide(user(), "s3:GetObject", OBJECT, target=Target(bucket_policy({"AWS": USER}))).truth is YES
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert decide(user(), "s3:GetObject", OBJECT, target=Target(bucket_policy(root))).truth is NO


def test_across_accounts_both_sides_must_allow() -> None:
    theirs = bucket_policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    both = decide(user(allow("s3:*")), "s3:GetObject", OBJECT, target=Target(theirs, "210987654321"))
    assert both.truth is YES
    assert decide(user(), "s3:GetObject", OBJECT, target=Target(theirs, "210987654321")).truth is NO
    alone = decide(user(allow("s3:*")), "s3:GetObject", OBJECT, target=Target(owner="210987654321"))
    assert (alone.truth, alone.blocked_by) == (NO, "the resource's own account does not allow it")


def test_a_key_of_kms_needs_its_own_policy() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    closed = policy({"Effect": "Allow", "Principal": {"AWS": USER + "2"}, "Action": "kms:*", "Resource": "*"})
    opened = policy(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    )
    assert decide(user(allow("kms:Decrypt")), "kms:Decrypt", key, target=Target(closed)).truth is NO
    assert decide(user(allow("kms:Decrypt")), "kms:Decrypt", key, target=Target(opened)).truth is YES


@pytest.mark.parametrize(
    ("operator", "key", "values", "context", "expected"),
    [
        ("Bool", "aws:MultiFactorAuthPresent", "true", {"aws:multifactorauthpresent": ["true"]}, YES),
        ("Bool", "aws:MultiFactorAuthPresent", "true", {}, MAYBE),
        # The documentation's own warning: with an access key the key is absent, so Bool is false and BoolIfExists true.
        ("Bool", "aws:MultiFactorAuthPresent", "false", {"aws:multifactorauthpresent": []}, NO),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "false", {"aws:multifactorauthpresent": []}, YES),
        ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"], {"aws:sourceip": ["203.0.113.9"]}, YES),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", {"aws:sourceip": ["203.0.113.9"]}, NO),
        ("StringEquals", "aws:PrincipalTag/team", ["a", "b"], {"aws:principaltag/team": ["b"]}, YES),
        ("StringNotEquals", "aws:PrincipalTag/team", ["a", "b"], {"aws:principaltag/team": ["b"]}, NO),
        ("StringNotEquals", "aws:PrincipalTag/team", "a", {"aws:principaltag/team": []}, YES),
        ("StringLike", "s3:prefix", ["home/${aws:username}/*"],
         {"s3:prefix": ["home/ann/x"], "aws:username": ["ann"]}, YES),
        ("StringLike", "s3:prefix", ["home/${aws:username}/*"], {"s3:prefix": ["home/ann/x"]}, MAYBE),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], {"aws:tagkeys": ["a", "c"]}, NO),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"], {"aws:tagkeys": ["a", "c"]}, YES),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], {"aws:tagkeys": []}, YES),
        ("Null", "aws:TokenIssueTime", "true", {"aws:tokenissuetime": []}, YES),
        ("Null", "aws:TokenIssueTime", "false", {"aws:tokenissuetime": []}, NO),
        ("DateLessThan", "aws:CurrentTime", "2020-04-01T00:00:00Z", {"aws:currenttime": ["2026-01-01T00:00:00Z"]}, NO),
        ("NumericLessThanEquals", "s3:max-keys", "10", {"s3:max-keys": ["10"]}, YES),
        ("NumericLessThanEquals", "s3:max-keys", "ten", {"s3:max-keys": ["10"]}, NO),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*", {"aws:sourcearn": [BUCKET]}, YES),
        ("SomethingNew", "aws:SourceArn", "x", {"aws:sourcearn": [BUCKET]}, MAYBE),
    ],
)  # fmt: skip
def test_conditions(operator: str, key: str, values: Any, context: dict[str, Any], expected: Truth) -> None:
    statement = policy(allow("s3:*", Condition={operator: {key: values}})).statements[0]
    assert judge(statement.conditions[0], context) is expected


def test_an_open_condition_makes_the_decision_open_and_is_named() -> None:
    asked = user(allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    assert decide(asked, "s3:GetObject", OBJECT) == Decision(
        MAYBE, ("p#1",), ("aws:sourceip ipaddress 203.0.113.0/24",)
    )


def test_a_deny_under_an_open_condition_leaves_the_decision_open() -> None:
    asked = user(allow("*"), deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))
    assert decide(asked, "s3:GetObject", OBJECT).truth is MAYBE
    assert decide(asked, "s3:GetObject", OBJECT).conditions == ("not (aws:multifactorauthpresent bool false)",)


def trust(principal: Any, **more: Any) -> Policy:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}, name="trust")


def test_trust_policies() -> None:
    assert trusts(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), user()).truth is YES
    assert trusts(trust({"AWS": ACCOUNT}), user()).truth is YES
    assert trusts(trust({"AWS": "arn:aws:iam::210987654321:root"}), user()).truth is NO
    assert trusts(trust({"Service": "lambda.amazonaws.com"}), user()).truth is NO
    external = trust({"AWS": USER}, Condition={"StringEquals": {"sts:ExternalId": "17"}})
    assert trusts(external, user()).conditions == ("sts:externalid stringequals 17",)
    assert trusts_directly(trust({"AWS": USER}), user())
    assert not trusts_directly(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), user())
    assert trusts_service(trust({"Service": ["lambda.amazonaws.com"]}), "lambda.amazonaws.com") is YES
    assert trusts_service(trust({"Service": "ec2.amazonaws.com"}), "lambda.amazonaws.com") is NO


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [("*", "a*b", True), ("a*", "ab*", True), ("ab*", "a*", False), ("a??", "a*", False), ("a?", "a?", True),
     ("a*c", "abc", True), ("*b*", "a*b*c", True), ("a?", "a\0", False)],
)  # fmt: skip
def test_covering(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a*", "*b", True), ("a*c", "ab*", True), ("a?", "b?", False), ("abc", "abc", True), ("a*", "b*", False),
     ("*a", "b", False), ("*", "", True)],
)  # fmt: skip
def test_overlapping(one: str, other: str, expected: bool) -> None:
    assert overlaps(one, other) is expected
    assert overlaps(other, one) is expected


def test_policy_variables() -> None:
    assert filled("home/${aws:username}/*", {"aws:username": "ann"}) == "home/ann/*"
    assert filled("home/${aws:username}/*", {}) is None
    assert filled("${aws:PrincipalTag/team, 'none'}/x", {}) == "none/x"


def test_documents_that_break_the_grammar() -> None:
    odd = parse_policy("p", {"Statement": [{"Effect": "Permit"}, allow("s3:*"), {"Effect": "Allow", "Resource": "*"}]})
    assert len(odd.statements) == 1
    assert [text.partition(":")[0] for text in odd.unread] == ["p#1", "p#3"]
    with pytest.raises(DocumentError):
        parse_policy("p", "[]x")
    encoded = parse_policy("p", "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22a%3Ab%22%7D%7D")
    assert encoded.statements[0].actions == ("a:b",)


def test_conditions_are_read_with_prefix_and_suffix() -> None:
    statement = policy(allow("s3:*", Condition={"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a"]}})).statements[
        0
    ]
    assert statement.conditions == (Condition("stringlike", "aws:tagkeys", ("a",), "foranyvalue", True),)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"


def role(*statements: dict[str, Any], **fields: Any) -> Principal:
    return Principal(ROLE, ACCOUNT, (policy(*statements),), **fields)


def test_a_boundary_takes_from_what_is_given_to_a_roles_arn_but_not_to_a_users() -> None:
    # IAM User Guide, "Permissions boundaries for IAM entities", resource-based policies.
    closed = policy(allow("sqs:*"), name="boundary")
    for principal, named, expected in (
        (user(boundary=closed), USER, YES),
        (role(boundary=closed), ROLE, NO),
        (role(boundary=closed), f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session", YES),
        (role(boundary=closed), "*", YES),
    ):
        given = Target(bucket_policy({"AWS": named}))
        assert decide(principal, "s3:GetObject", OBJECT, target=given).truth is expected


def test_everybody_but_bob_is_denied() -> None:
    # IAM User Guide, "AWS JSON policy elements: NotPrincipal": Bob's ARN and his account's are both excepted.
    def denied(*excepted: str) -> Truth:
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": list(excepted)}, "Action": "s3:*", "Resource": "*"}
        return decide(user(allow("s3:*")), "s3:GetObject", OBJECT, target=Target(policy(statement))).truth

    root = f"arn:aws:iam::{ACCOUNT}:root"
    assert (YES, MAYBE, NO) == (denied(USER, root), denied(USER), denied("arn:aws:iam::210987654321:user/ann"))


def test_a_key_policy_that_names_the_user_needs_nothing_else() -> None:
    # KMS Developer Guide, "Key policies in AWS KMS": a key policy alone may allow a principal of its account.
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    named = policy({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:Decrypt", "Resource": "*"})
    assert decide(user(), "kms:Decrypt", key, target=Target(named)).truth is YES


def test_resource_control_policies_deny_where_they_apply() -> None:
    # Organizations User Guide, "Resource control policies": they limit resources of the account, in some services.
    control = policy({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}, name="rcp")
    held = user(allow("*"), resource_control=(control,))
    assert decide(held, "s3:GetObject", OBJECT).truth is NO
    assert decide(held, "ec2:RunInstances", "*").truth is YES
    foreign = Target(bucket_policy({"AWS": USER}), "210987654321", (control,))
    assert decide(user(allow("*")), "s3:GetObject", OBJECT, target=foreign).truth is NO


WEEK = {"DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "context", "expected"),
    [
        # "AWS: Allows access within specific dates" (IAM User Guide, example policies).
        ([allow("s3:*", Condition={**WEEK, "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"}})],
         "s3:GetObject", OBJECT, {"aws:currenttime": ["2020-05-01T00:00:00Z"]}, YES),
        ([allow("s3:*", Condition={**WEEK, "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"}})],
         "s3:GetObject", OBJECT, {"aws:currenttime": ["2020-07-01T00:00:00Z"]}, NO),
        # "AWS: Denies access to AWS based on the source IP".
        ([allow("*"), deny("*", Condition={"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                                           "Bool": {"aws:ViaAWSService": "false"}})],
         "ec2:RunInstances", "*", {"aws:sourceip": ["198.51.100.7"], "aws:viaawsservice": ["false"]}, NO),
        ([allow("*"), deny("*", Condition={"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                                           "Bool": {"aws:ViaAWSService": "false"}})],
         "ec2:RunInstances", "*", {"aws:sourceip": ["192.0.2.7"], "aws:viaawsservice": ["false"]}, YES),
        # "AWS: Denies access to AWS based on the requested Region", with the services that have none excepted.
        ([allow("*"), {"Effect": "Deny", "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
                       "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}],
         "ec2:RunInstances", "*", {"aws:requestedregion": ["us-east-1"]}, NO),
        ([allow("*"), {"Effect": "Deny", "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
                       "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}],
         "iam:CreateUser", "*", {"aws:requestedregion": ["us-east-1"]}, YES),
        # "Amazon S3: Allows IAM users access to their S3 home directory, programmatically and in the console".
        ([allow("s3:*", ["arn:aws:s3:::b/home/${aws:username}/*"])],
         "s3:GetObject", "arn:aws:s3:::b/home/ann/x", {"aws:username": ["ann"]}, YES),
        ([allow("s3:*", ["arn:aws:s3:::b/home/${aws:username}/*"])],
         "s3:GetObject", "arn:aws:s3:::b/home/bob/x", {"aws:username": ["ann"]}, NO),
        # "AWS: Allows MFA-authenticated IAM users to manage their own credentials": what the key alone cannot.
        ([allow("*"), {"Effect": "Deny", "NotAction": ["iam:ListUsers", "sts:GetSessionToken"], "Resource": "*",
                       "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}],
         "s3:GetObject", OBJECT, {"aws:multifactorauthpresent": []}, NO),
        # "EC2: Allows starting or stopping instances a user has tagged".
        ([allow("ec2:StopInstances", "arn:aws:ec2:*:*:instance/*",
                Condition={"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}})],
         "ec2:StopInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1",
         {"aws:username": ["ann"], "aws:resourcetag/owner": ["ann"]}, YES),
    ],
)  # fmt: skip
def test_examples_of_the_iam_user_guide(
    statements: list[dict[str, Any]], action: str, resource: str, context: dict[str, list[str]], expected: Truth
) -> None:
    assert decide(user(*statements, context=context), action, resource).truth is expected
