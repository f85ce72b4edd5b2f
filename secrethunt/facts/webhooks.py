# SPDX-License-Identifier: Apache-2.0
"""What addresses that are themselves a credential say: whose webhook, in which region, for which tenant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.facts.reading import Fact, shown

_ZAPIER = re.compile(rb"hooks/(?:catch|standard)/(?P<account>\d{3,12})/")
_LOGIC_APP = re.compile(
    rb"(?:prod-\d{1,3}\.(?P<region>[a-z0-9]{3,30})\.)?logic\.azure\.[a-z]{2,3}(?::\d+)?/workflows/(?P<workflow>[0-9a-f]{32})"
)
_POWER_PLATFORM = re.compile(
    rb"(?P<environment>[0-9a-f.]{30,40})\.environment\.api\.powerplatform\.com(?::\d+)?/"
    rb"[\w/.%-]{0,80}?workflows/(?P<workflow>[0-9a-f]{32})"
)


def zapier_webhook(value: bytes, text: bytes) -> Iterator[Fact]:
    """The account is the first number of a catch hook's address (Zapier, "Trigger Zaps from webhooks")."""
    match = _ZAPIER.search(text) or re.match(rb"(?P<account>\d{3,12})/[0-9A-Za-z]", value)
    if match:
        yield "account", shown(match["account"])


def logic_app(_value: bytes, text: bytes) -> Iterator[Fact]:
    """Region and workflow of a trigger's address (Microsoft, "Receive and respond to inbound HTTPS calls"); flows of
    Power Automate name their environment instead."""
    match = _LOGIC_APP.search(text) or _POWER_PLATFORM.search(text)
    if match:
        for name, found in match.groupdict().items():
            if found:
                yield name, shown(found.replace(b".", b""))
