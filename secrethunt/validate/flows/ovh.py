# SPDX-License-Identifier: Apache-2.0
"""
OVHcloud: application key, application secret and consumer key sign together; the answer says what they may do.

Reference: https://github.com/ovh/python-ovh (`ovh.client`).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.flows.exchange import Exchange, ask, needed, optional, place_of, text_at

_HOSTS = {
    "ovh-eu": "https://eu.api.ovh.com",
    "ovh-ca": "https://ca.api.ovh.com",
    "ovh-us": "https://api.us.ovhcloud.com",
}
_PATH = "/1.0/auth/currentCredential"
_REJECTIONS = {
    "INVALID_KEY": "OVH knows no such application key",
    "INVALID_CREDENTIAL": "OVH knows no such consumer key",
    "INVALID_SIGNATURE": "OVH knows the keys, but this is not their secret",
}


@dataclass(frozen=True, slots=True)
class _Keys:
    application: str
    secret: str = field(repr=False)
    consumer: str = field(repr=False)


def application(credential: Credential, session: Session) -> Outcome:
    """What the keys are, asked where they were said to be from, else in each region."""
    own = credential.secret.reveal().decode("ascii", "replace")
    is_consumer = "consumer" in credential.rule.id
    keys = _Keys(
        needed(credential, "application_key"),
        needed(credential, "application_secret") if is_consumer else own,
        own if is_consumer else needed(credential, "consumer_key"),
    )
    region = optional(credential, "endpoint")
    hosts = [_HOSTS[region]] if region in _HOSTS else list(_HOSTS.values())
    rejections: list[Outcome] = []
    for host in hosts[:1] if session.endpoint("ovh") else hosts:
        outcome = _judge(_ask(session, host, keys), session, host, keys)
        if outcome.state != State.INACTIVE or "INVALID_SIGNATURE" in outcome.evidence[-1].marker:
            return outcome
        rejections.append(outcome)
    evidence = tuple(item for outcome in rejections for item in outcome.evidence)
    return Outcome(State.INACTIVE, rejections[-1].reason, evidence)


def _ask(session: Session, host: str, keys: _Keys) -> Exchange:
    place = place_of(session, "ovh", host)
    now = str(int(time.time()))
    headers = {
        "Accept": "application/json",
        "X-Ovh-Application": keys.application,
        "X-Ovh-Consumer": keys.consumer,
        "X-Ovh-Timestamp": now,
        "X-Ovh-Signature": signature(keys.secret, keys.consumer, place.url + _PATH, now),
    }
    return ask(session, place, _PATH, headers=headers)


def signature(secret: str, consumer: str, url: str, now: str) -> str:
    """What signs a GET for *url* at the time *now*."""
    return "$1$" + hashlib.sha1("+".join((secret, consumer, "GET", url, "", now)).encode()).hexdigest()


def _judge(exchange: Exchange, session: Session, host: str, keys: _Keys) -> Outcome:
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "credentialId") and text_at(body, "status"):
        if text_at(body, "status") == "expired":
            return exchange.inactive("json status expired", "the consumer key has expired")
        facts = (("key_id", text_at(body, "credentialId")), ("expires", text_at(body, "expiration")))
        return exchange.active("json credentialId", (*facts, ("scopes", _rules(body.get("rules")))))
    code = text_at(body, "errorCode")
    if exchange.status not in (400, 401, 403):
        return exchange.unclear()
    if code in _REJECTIONS:
        return exchange.inactive(f"json errorCode {code}", _REJECTIONS[code])
    if code == "NOT_GRANTED_CALL":
        other = _ask(session, host, replace(keys, secret=keys.secret[::-1] + "0"))
        if text_at(other.json(), "errorCode") == "INVALID_SIGNATURE":
            marker = "json errorCode NOT_GRANTED_CALL, where another secret gets INVALID_SIGNATURE"
            return exchange.active(marker, reason="OVH knows it; it may not ask who it is")
    return exchange.unclear()


def _rules(rules: object) -> str:
    listed = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return " ".join(f"{rule.get('method', '')}:{rule.get('path', '')}" for rule in listed)
