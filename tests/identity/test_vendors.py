# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.memory import MemoryGraph
from secrethunt.identity.vendors import (
    Vendor,
    attribute,
    vendor_of_account,
    vendor_of_app,
    vendor_of_host,
    vendor_of_publisher,
    vendors_of,
)


def name(vendor: Vendor | None) -> str:
    return vendor.name if vendor else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://acme.webhook.office.com/webhookb2/x", "Microsoft"),
        ("robot@acme.iam.gserviceaccount.com", "Google"),
        ("c0.abcde.mongodb.net:27017", "MongoDB"),
        ("shop.rds.amazonaws.com", "Amazon Web Services"),
        ("https://hooks.slack.com/services", "Slack"),
        ("notslack.com", ""),
        ("slack.com.evil.example", ""),
        ("", ""),
    ],
)
def test_host_belongs_to_the_vendor_of_its_longest_known_ending(text: str, expected: str) -> None:
    assert expected == name(vendor_of_host(text))


def test_accounts_apps_and_publishers_name_their_vendor_with_a_citation() -> None:
    datadog = vendor_of_account("464622532012")
    assert datadog is not None
    assert ("Datadog", True) == (datadog.name, datadog.citation.startswith("https://docs.datadoghq.com/"))
    assert "" == name(vendor_of_account("000000000000"))
    assert "GitHub" == name(vendor_of_app("dependabot[bot]"))
    assert "Microsoft" == name(vendor_of_publisher("F8CDEF31-a31e-4b4a-93e4-5f571e91255a"))


def test_role_that_trusts_a_vendors_account_leads_to_the_vendor() -> None:
    found = list(
        attribute([Edge("aws:arn:aws:iam::123456789012:role/dd", "aws:account:464622532012", EdgeKind.TRUSTS)])
    )
    assert [("aws:account:464622532012", EdgeKind.OWNED_BY, "vendor:datadog")] == [
        (item.source, item.kind, item.target) for item in found if isinstance(item, Edge)
    ]
    assert ["published at https://docs.datadoghq.com"] == [
        item.evidence.partition("; ")[2][:39] for item in found if isinstance(item, Edge)
    ]


def test_nodes_lead_to_the_vendor_once() -> None:
    app = Node("github:app:renovate", NodeKind.IDENTITY, "github", "renovate")
    server = Node("postgresql:x.neon.tech:5432:server", NodeKind.ACCOUNT, "postgresql", "x.neon.tech:5432")
    own = Node("aws:account:123456789012", NodeKind.ACCOUNT, "aws", "123456789012")
    found = list(attribute([app, server, own, app]))
    assert ["vendor:mend", "vendor:neon"] == [item.key for item in found if isinstance(item, Node)]


def test_who_runs_the_platform_of_an_identity_is_no_vendor_of_it() -> None:
    email = "robot@acme.iam.gserviceaccount.com"
    own = Node(f"gcp:service-account:{email}", NodeKind.IDENTITY, "gcp", email, "", {"email": email})
    assert [] == list(attribute([own]))
    logs = Edge("aws:arn:aws:iam::123456789012:role/r", "aws:account:408097707231", EdgeKind.TRUSTS)
    role = Node(logs.source, NodeKind.ROLE, "aws", "r")
    items = [role, logs, *attribute([logs])]
    assert "vendor:amazon-web-services" in {item.key for item in items if isinstance(item, Node)}
    assert [] == vendors_of(role.key, MemoryGraph(items))


def test_vendors_are_found_behind_accounts_that_are_trusted() -> None:
    trust = Edge("aws:arn:aws:iam::123456789012:role/r", "aws:account:198361731867", EdgeKind.TRUSTS)
    items = [Node(trust.source, NodeKind.ROLE, "aws", "r"), trust, *attribute([trust])]
    assert ["Snyk"] == [vendor.name for vendor in vendors_of(trust.source, MemoryGraph(items))]
