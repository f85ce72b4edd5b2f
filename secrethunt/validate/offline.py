# SPDX-License-Identifier: Apache-2.0
"""
What can be said of a credential without asking anybody: it is bait, it is printed in a manual, it needs a passphrase,
it is over. Comes before every check, so that bait is not touched and nobody is bothered with what has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from secrethunt.facts import read_facts
from secrethunt.validate.canaries import canary_service, published_as
from secrethunt.validate.certificates import ends_at
from secrethunt.validate.contract import Credential, Evidence, Outcome, State

OFFLINE = "offline"
"""Stands where evidence names an endpoint."""
_LEEWAY = timedelta(minutes=5)
"""Clocks differ, and so do providers in how much of that they forgive (RFC 7519, section 4.1.4)."""
_PASSPHRASES = ("passphrase", "password", "key_passphrase")
_HOSTS = ("host", "server", "endpoint", "domain", "url", "site", "base_url")
"""Facts and companions that name where a credential is used."""


def offline_outcome(credential: Credential, *, touches_canaries: bool, now: datetime | None = None) -> Outcome | None:
    """
    The outcome that needs no network, or None where somebody has to be asked.

    Args:
        touches_canaries: Say nothing of bait and printed samples, so that they are asked about like any other.
        now: Aware; the clock's unless given.
    """
    facts = _facts(credential)
    outcome = None if touches_canaries else _bait(credential, facts) or _printed(credential, facts)
    return outcome or _over(credential, facts, now or datetime.now(UTC)) or _locked(credential, facts)


def _facts(credential: Credential) -> dict[str, str]:
    value = credential.secret.reveal()
    said = dict(read_facts(credential.rule.id, value, value, is_generic=credential.rule.is_generic))
    return {**said, **credential.facts}


def _bait(credential: Credential, facts: dict[str, str]) -> Outcome | None:
    parts = credential.parts
    hosts = [facts[name] for name in _HOSTS if name in facts]
    values = [credential.secret.reveal(), *(part.reveal() for part in parts.values())]
    values += [facts[name].encode() for name in ("key_id",) if name in facts]
    account = facts.get("account", "") if credential.rule.provider == "aws" else ""
    service = canary_service(values, hosts, account)
    if not service:
        return None
    reason = f"a canary of {service}: asking would set it off"
    return Outcome(State.UNKNOWN, reason, (Evidence(OFFLINE, marker="canary service"),), (("canary", service),))


def _printed(credential: Credential, facts: dict[str, str]) -> Outcome | None:
    source = published_as(credential.secret.reveal(), facts.get("fingerprint", ""))
    if not source:
        return None
    evidence = Evidence(OFFLINE, marker="published example")
    return Outcome(State.UNKNOWN, f"a published example: {source}", (evidence,), (("published", source),))


def _over(credential: Credential, facts: dict[str, str], now: datetime) -> Outcome | None:
    for what, ends in _ends(credential, facts):
        if ends + _LEEWAY < now:
            text = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
            evidence = Evidence(OFFLINE, marker=what)
            return Outcome(State.INACTIVE, f"over since {text}", (evidence,), (("expires", text),))
    return None


def _ends(credential: Credential, facts: dict[str, str]) -> Iterator[tuple[str, datetime]]:
    """When the credential ends by its own account, with what says so."""
    try:
        ends = datetime.fromisoformat(facts.get("expires", ""))
    except ValueError:
        pass
    else:
        yield "its own expiry", ends.astimezone(UTC) if ends.tzinfo else ends.replace(tzinfo=UTC)
    passwords = [credential.parts[name].reveal() for name in _PASSPHRASES if name in credential.parts]
    for name, value in (("", credential.secret), *credential.parts.items()):
        if name not in _PASSPHRASES and (until := ends_at(value.reveal(), passwords)):
            yield "notAfter of its certificate", until


def _locked(credential: Credential, facts: dict[str, str]) -> Outcome | None:
    if facts.get("encrypted") != "yes" or any(name in credential.parts for name in _PASSPHRASES):
        return None
    evidence = Evidence(OFFLINE, marker="encrypted private key")
    return Outcome(State.UNKNOWN, "the private key is encrypted and its passphrase is not known", (evidence,))
