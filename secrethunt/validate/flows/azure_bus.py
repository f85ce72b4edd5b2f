# SPDX-License-Identifier: Apache-2.0
"""
Azure Service Bus, Event Hubs, Relay and IoT Hub: shared access keys and signatures made from them.

What they allow differs by policy. A key that may not read the namespace is told so, and another key is told that its
signature is wrong: that difference is the proof.
References: https://learn.microsoft.com/rest/api/eventhub/generate-sas-token,
https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas,
https://learn.microsoft.com/azure/iot-hub/authenticate-authorize-sas.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, Place, ask, needed, optional, place_of, text_at

_NAMESPACE = re.compile(r"(?P<name>[A-Za-z0-9-]{3,60})\.servicebus\.windows\.net")
_HUB = re.compile(r"(?P<name>[A-Za-z0-9-]{3,60})\.azure-devices\.net")
_ENTITY = re.compile(r"[A-Za-z0-9._/-]{1,260}")
_LIVES_S = 300
_ROOT = "RootManageSharedAccessKey"
_HUB_READERS = ("iothubowner", "service", "registryRead", "registryReadWrite")
_NO_SIGNATURE = re.compile(r"(?i)invalidsignature|invalid (?:authorization )?token signature|invalid signature")
_OVER = re.compile(r"(?i)expiredtoken|token (?:is|has) expired")


def shared_access_key(credential: Credential, session: Session) -> Outcome:
    """A key of a policy, beside the policy's name and the host."""
    host, policy = needed(credential, "host"), needed(credential, "policy")
    key = credential.secret.reveal()
    if _HUB.fullmatch(host):
        return _hub(host, policy, key, session)
    if not _NAMESPACE.fullmatch(host):
        raise NoAnswer("the part host is no namespace of Service Bus and no IoT hub")
    entity = optional(credential, "entity")
    entity = entity.strip("/") if _ENTITY.fullmatch(entity) else ""
    place = _place(session, host)
    first = _ask(session, place, entity, _token(host, policy, key, entity))
    body = first.xml()
    if first.status == 200 and body.get("") in ("entry", "feed"):
        return first.active(f"xml {body['']}", (("account", host.partition(".")[0]), ("role", policy)))
    detail = body.get("Detail", "")
    if first.status != 401 or not detail:
        return first.unclear()
    if _NO_SIGNATURE.search(detail):
        if entity or policy == _ROOT:
            return first.inactive("xml Detail InvalidSignature", "no policy of the namespace has this key")
        # A policy may belong to one queue alone, whose name was not found.
        return first.unclear("not a key of the namespace; of which queue or topic is not known", "xml Detail")
    return _unlike_another(session, place, entity, first, _token(host, policy, key + b"0", entity))


def shared_access_signature(credential: Credential, session: Session) -> Outcome:
    """A signature that was made from such a key, with what it was made for."""
    resource, ends = needed(credential, "resource"), needed(credential, "expiry")
    address = unquote(resource)
    match = re.fullmatch(
        r"(?:https?|sb|amqps?)?(?:://)?([\w.-]{4,100}\.servicebus\.windows\.net)(?:/([\w./-]*))?", address
    )
    if match is None or not ends.isdigit():
        raise NoAnswer("the signature is for no namespace of Service Bus")
    host, entity = match.group(1), (match.group(2) or "").strip("/")
    signature = quote(unquote(credential.secret.reveal().decode("ascii", "replace")), safe="")
    policy = quote(unquote(needed(credential, "policy")), safe="")
    place = _place(session, host)
    token = f"SharedAccessSignature sr={resource}&sig={{}}&se={ends}&skn={policy}"
    first = _ask(session, place, entity, token.format(signature))
    body = first.xml()
    detail = body.get("Detail", "")
    if first.status == 200 and body.get("") in ("entry", "feed"):
        return first.active(f"xml {body['']}", (("account", host.partition(".")[0]),))
    if first.status != 401 or not detail:
        return first.unclear()
    if _OVER.search(detail):
        return first.inactive("xml Detail ExpiredToken", "the signature is over")
    if _NO_SIGNATURE.search(detail):
        return first.inactive("xml Detail InvalidSignature", "no key of the policy made this signature")
    other = quote(base64.b64encode(hashlib.sha256(signature.encode()).digest()).decode(), safe="")
    return _unlike_another(session, place, entity, first, token.format(other))


def _place(session: Session, host: str) -> Place:
    return place_of(session, "azure-bus", f"https://{host}", label="https://{{namespace}}.servicebus.windows.net")


def _token(host: str, policy: str, key: bytes, entity: str = "") -> str:
    resource = quote(f"https://{host}/{entity}" if entity else f"https://{host}/", safe="")
    return _signed(resource, policy, key)


def _signed(resource: str, policy: str, key: bytes) -> str:
    ends = int(time.time()) + _LIVES_S
    signature = base64.b64encode(hmac.new(key, f"{resource}\n{ends}".encode(), hashlib.sha256).digest()).decode()
    return f"SharedAccessSignature sr={resource}&sig={quote(signature, safe='')}&se={ends}&skn={quote(policy, safe='')}"


def _ask(session: Session, place: Place, entity: str, token: str) -> Exchange:
    path = f"/{entity}?api-version=2017-04" if entity else "/$namespaceinfo?api-version=2017-04"
    label = "/{{entity}}" if entity else "/$namespaceinfo"
    return ask(session, place, path, label=label, headers={"Authorization": token, "Accept": "application/xml"})


def _unlike_another(session: Session, place: Place, entity: str, first: Exchange, token: str) -> Outcome:
    second = _ask(session, place, entity, token)
    if second.status == 401 and _NO_SIGNATURE.search(second.xml().get("Detail", "")):
        marker = "xml Detail, where another key gets InvalidSignature"
        return first.active(marker, reason="Azure takes the signature; it may not read the namespace")
    return first.unclear()


def _hub(host: str, policy: str, key: bytes, session: Session) -> Outcome:
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError as err:
        raise NoAnswer("the key is no base64") from err
    place = place_of(session, "azure-iot", f"https://{host}", label="https://{{hub}}.azure-devices.net")
    headers = {"Authorization": _signed(quote(host, safe=""), policy, raw), "Accept": "application/json"}
    exchange = ask(session, place, "/statistics/devices?api-version=2021-04-12", headers=headers)
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "totalDeviceCount"):
        return exchange.active("json totalDeviceCount", (("account", host.partition(".")[0]), ("role", policy)))
    message = text_at(body, "Message") or text_at(body, "message")
    if exchange.status == 401 and "IotHubUnauthorizedAccess" in message:
        if policy in _HUB_READERS:
            return exchange.inactive("json Message IotHubUnauthorizedAccess", "no policy of the hub has this key")
        return exchange.unclear("rejected; the policy may not read", "json Message IotHubUnauthorizedAccess")
    return exchange.unclear()
