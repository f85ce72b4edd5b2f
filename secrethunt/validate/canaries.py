# SPDX-License-Identifier: Apache-2.0
"""
Owns what is publicly known of bait and of printed samples: accounts and hosts of canary services, values that manuals
print. No value stands here, only its digest: the repository holds no credential, not even a famous one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from secrethunt.candidates.canonical import canonical_value
from secrethunt.facts import read_facts

_THINKST = "canarytokens.org (Thinkst)"
_IMITATION = "a service like canarytokens.org"
_AWS_ACCOUNTS: dict[str, str] = {
    "052310077262": _THINKST,
    "171436882533": _THINKST,
    "266735846894": _THINKST,
    "534261010715": _THINKST,
    "595918472158": _THINKST,
    "717712589309": _THINKST,
    "730335385048": _THINKST,
    "819147034852": _THINKST,
    "893192397702": _THINKST,
    "992382622183": _THINKST,
    "044858866125": _IMITATION,
    "251535659677": _IMITATION,
    "344043088457": _IMITATION,
    "351906852752": _IMITATION,
    "390477818340": _IMITATION,
    "426127672474": _IMITATION,
    "427150556519": _IMITATION,
    "439872796651": _IMITATION,
    "445142720921": _IMITATION,
    "465867158099": _IMITATION,
    "637958123769": _IMITATION,
    "693412236332": _IMITATION,
    "732624840810": _IMITATION,
    "735421457923": _IMITATION,
    "959235150393": _IMITATION,
    "982842642351": _IMITATION,
}
"""Truffle Security, "Detecting AWS canaries without setting them off" (trufflesecurity.com/blog/canaries, 2023), and
the account numbers that TruffleHog keeps up to date since (github.com/trufflesecurity/trufflehog,
pkg/detectors/aws/access_keys/canary.go)."""

_HOSTS = {
    "canarytokens.com": _THINKST,
    "canarytokens.org": _THINKST,
    "canarytokens.net": _THINKST,
    "canary.tools": "Thinkst Canary",
    "interact.sh": "interactsh",
    "oast.pro": "interactsh",
    "oast.live": "interactsh",
    "oast.site": "interactsh",
    "oast.online": "interactsh",
    "oast.fun": "interactsh",
    "oast.me": "interactsh",
    "burpcollaborator.net": "Burp Collaborator",
    "oastify.com": "Burp Collaborator",
    "dnslog.cn": "dnslog",
    "requestbin.net": "RequestBin",
}
"""Domains that tell somebody of each request and each look-up: docs.canarytokens.org, "-server" in
github.com/projectdiscovery/interactsh, "Burp Collaborator server" in PortSwigger's documentation."""

_AWS_KEY_ID = re.compile(rb"(?<![0-9A-Z])A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![0-9A-Z])")
_HOST = re.compile(rb"(?<![\w.-])(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w.-])")
_LONGEST = 1 << 16

_PUBLISHED = {
    "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059": "the key of Azure's storage emulator",
    "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615": "the key of the Cosmos DB emulator",
    "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326": "a sample of Stripe's API reference",
    "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397": "a sample of Stripe's API reference",
    "78314b11be2e581549ac1c4f616563fad3fdf0c3b71678f6e2299182080e0598": "a sample of AWS's documentation",
    "1a5d44a2dca19669d72edf4c4f1c27c4c1ca4b4408fbb17f6ce4ad452d78ddb3": "a sample of AWS's documentation",
    "c6ea27c534f993d31f0aef882e3d200e7b87470c379ae79c8f9b19d3bd363dc9": "a sample of AWS's documentation",
    "cb20d34a7adda2f5d2043836051e242fd4c2b233e02c80c91fe9d5af9b100574": "a sample of AWS's documentation",
    "3543c50b0cb9cea8e55eb1f529b79f043cb250d485fde7b66cabbb5183add7da": "a sample of GitHub's documentation",
    "bc3ae723f57c6b9e3fd80b699fcc420f6074b0b1718039669d22631d508ac0a7": "a sample of GitHub's documentation",
    "82e74299544e00738f9c0acb69b1eb348b3e20ffcfabcb34779bd37590fead6c": "a sample of GitHub's documentation",
    "7f75367e7881255134e1375e723d1dea8ad5f6a4fdb79d938df1f1754a830606": "the sample token of jwt.io",
    "8d4ef6536dc8895f256c1e0d95dcd19763036732d64a095e44a90ed444267ad3": "the example of RFC 7519",
}
"""SHA-256 of the value. Azure, "Use the Azurite emulator"; "Develop locally using the Azure Cosmos DB emulator";
stripe.com/docs/api; AWS, "Manage access keys for IAM users"; GitHub, "Authorizing OAuth apps"; jwt.io; RFC 7519."""

_PUBLISHED_KEYS = {
    "SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA": "Vagrant's insecure key",
    "SHA256:Z+q4XhSwWY7q0BIDVPR1v/S306FjGBsid7tLq/8kIxM": "the key in Ceragon FibeAir (CVE-2015-0936)",
    "SHA256:uy5wXyEgbRCGsk23+J6f85om7G55Cu3UIPwC7oMZhNQ": "the key in ExaGrid appliances (CVE-2016-1561)",
    "SHA256:9prMbqhS4QteoFQ1ZRJDqSBLWoHXPyKB0iWR05Ghro4": "the key in F5 BIG-IP (CVE-2012-1493)",
}
"""Fingerprints of public halves whose private ones come with a product (github.com/rapid7/ssh-badkeys, `authorized`;
github.com/hashicorp/vagrant, `keys`)."""


def canary_service(values: Iterable[bytes], hosts: Iterable[str] = (), aws_account: str = "") -> str:
    """The canary service that one of *values* or *hosts*, or *aws_account*, belongs to; empty where none is known."""
    if aws_account in _AWS_ACCOUNTS:
        return _AWS_ACCOUNTS[aws_account]
    for value in values:
        text = value[:_LONGEST]
        for match in _AWS_KEY_ID.finditer(text):
            account = dict(read_facts("", match.group(), match.group())).get("account", "")
            if account in _AWS_ACCOUNTS:
                return _AWS_ACCOUNTS[account]
        for match in _HOST.finditer(text):
            if service := _service_of(match.group().decode("ascii", "replace")):
                return service
    return next((service for host in hosts if (service := _service_of(host))), "")


def _service_of(host: str) -> str:
    labels = host.lower().rstrip(".").split(".")
    for start in range(len(labels) - 1):
        if service := _HOSTS.get(".".join(labels[start:])):
            return service
    return ""


def published_as(value: bytes, fingerprint: str = "") -> str:
    """What printed *value*, or the key with this *fingerprint*, for all to read; empty where nothing known did."""
    digest = hashlib.sha256(canonical_value(value)).hexdigest()
    return _PUBLISHED.get(digest, "") or _PUBLISHED_KEYS.get(fingerprint, "")
