# SPDX-License-Identifier: Apache-2.0
"""
Azure Storage: account keys (Shared Key) and shared access signatures.

An account key lists containers. A signature is tried with what it says it is for; where Azure lets it not do that, the
same request goes out with another signature, and only if that one is no signature to Azure was the first one's right.
References: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key,
https://learn.microsoft.com/rest/api/storageservices/create-service-sas,
https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Evidence, Outcome, State
from secrethunt.validate.flows import azure_cosmos
from secrethunt.validate.flows.exchange import Exchange, Place, ask, needed, optional, place_of

_VERSION = "2021-08-06"
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_SUFFIXES = ("core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net")
_ADDRESS = re.compile(
    r"https://(?P<account>[a-z0-9]{3,24})\.(?P<service>blob|dfs|queue|table|file)\."
    r"(?P<suffix>core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net))(?P<path>/[^?#\s]{0,1024})?"
)
_NO_MAC = re.compile(r"(?i)the mac signature found in the http request|signature did not match")
_UNAUTHENTICATED = "Server failed to authenticate the request"
_OVER = re.compile(r"(?i)signature not valid in the specified time frame")


def account_key(credential: Credential, session: Session) -> Outcome:
    """List one container's name with the key; where Cosmos DB's endpoint stands beside it, ask that."""
    if "documents.azure" in optional(credential, "endpoint"):
        return azure_cosmos.account(credential, session)
    account = needed(credential, "account")
    key = key_bytes(credential)
    if not _ACCOUNT.fullmatch(account):
        raise NoAnswer("the part account is no account's name")
    suffix = next((each for each in _SUFFIXES if each in optional(credential, "endpoint")), _SUFFIXES[0])
    place = place_of(
        session, "azure-storage", f"https://{account}.blob.{suffix}", label="https://{{account}}.blob." + suffix
    )
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION, "Accept": "application/xml"}
    resource = f"/{account}{urlsplit(place.url).path}/\ncomp:list\nmaxresults:1"
    named = "".join(f"{name}:{headers[name]}\n" for name in ("x-ms-date", "x-ms-version"))
    signature = _mac(key, "GET" + "\n" * 12 + named + resource)
    headers["Authorization"] = f"SharedKey {account}:{signature}"
    return _judge_key(ask(session, place, "/?comp=list&maxresults=1", headers=headers), account)


def key_bytes(credential: Credential) -> bytes:
    """
    A key that is base64.

    Raises:
        NoAnswer: It is not.
    """
    try:
        return base64.b64decode(credential.secret.reveal(), validate=True)
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the key is no base64") from err


def _mac(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


def _judge_key(exchange: Exchange, account: str) -> Outcome:
    body = exchange.xml()
    if exchange.status == 200 and body.get("") == "EnumerationResults" and "Containers" in body:
        return exchange.active("xml EnumerationResults", (("account", account),))
    code, detail = _error(exchange)
    if exchange.status == 403 and _is_no_signature(code, detail):
        return exchange.inactive(f"error {code}", "Azure knows the account, but this is none of its keys")
    if exchange.status == 403 and code == "KeyBasedAuthenticationNotPermitted":
        return exchange.unclear("the account takes no keys at present", f"error {code}")
    return exchange.unclear("", f"error {code}" if code else "")


def _is_no_signature(code: str, detail: str) -> bool:
    """
    Whether Azure says that the signature is wrong. `AuthenticationFailed` alone may mean a clock that is wrong. The
    emulator has another code for it, that of the account's firewall, with the words of authentication.
    """
    if code == "AuthorizationFailure":
        return detail.startswith(_UNAUTHENTICATED)
    return code == "AuthenticationFailed" and _NO_MAC.search(detail) is not None


def _error(exchange: Exchange) -> tuple[str, str]:
    """Error code and what is said about it."""
    body = exchange.xml()
    code = exchange.answer.headers.get("x-ms-error-code", "")
    if body.get("") == "Error":
        code = body.get("Code", "") or code
        return (
            code if code.isalnum() else "",
            f"{body.get('Message', '')} {body.get('AuthenticationErrorDetail', '')}",
        )
    return (code if code.isalnum() else "", "")


@dataclass(frozen=True, slots=True)
class _Signature:
    """A shared access signature and what it opens."""

    query: str
    """All of it, as it stands in a URL, except the signature."""
    signature: str
    fields: dict[str, str]
    place: Place
    path: str
    service: str


def shared_access(credential: Credential, session: Session) -> Outcome:
    """Use a signature for the least that it allows."""
    sas = _read(credential, session)
    if _is_over(sas.fields.get("se", "")):
        return Outcome(State.INACTIVE, "the signature is over", (Evidence("offline", None, "field se"),))
    extra = _question(sas)
    method = "HEAD" if extra is None else "GET"
    exchange = _send(session, sas, extra, method, sas.signature)
    facts = tuple((name, sas.fields.get(key, "")) for name, key in (("expires", "se"), ("permissions", "sp")))
    body = exchange.xml()
    if exchange.status == 200 and body.get("") == "EnumerationResults":
        return exchange.active("xml EnumerationResults", facts)
    code, detail = _error(exchange)
    is_refusal = code == "AuthenticationFailed" or (code == "AuthorizationFailure" and extra is None)
    if exchange.status == 403 and (is_refusal or _is_no_signature(code, detail)):
        return _rejected(session, sas, extra, exchange)
    if exchange.status < 300 or code:
        return _unlike_another(session, sas, extra, exchange, code, facts)
    return exchange.unclear()


def _is_over(ends: str) -> bool:
    try:
        moment = datetime.fromisoformat(ends)
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < datetime.now(UTC)


def _read(credential: Credential, session: Session) -> _Signature:
    query = needed(credential, "query").replace("&amp;", "&").strip("?&")
    address = optional(credential, "address")
    match = _ADDRESS.fullmatch(address)
    if match is None and not session.endpoint("azure-storage"):
        raise NoAnswer("needs the part address, which was not found beside it")
    service, path = (match["service"], match["path"] or "") if match else ("blob", urlsplit(address).path)
    base = address[: len(address) - len(path)] if path else address
    label = "https://{{account}}." + f"{service}.{match['suffix']}" if match else ""
    place = place_of(session, "azure-storage", base.rstrip("/"), label=label)
    if match is None:
        path = path.removeprefix(urlsplit(place.url).path)
    fields = dict(parse_qsl(query, keep_blank_values=True))
    secret = credential.secret.reveal().decode("ascii", "replace")
    return _Signature(query, unquote(secret) if "%" in secret else secret, fields, place, path.rstrip("/"), service)


def _question(sas: _Signature) -> str | None:
    """What to add to the query so that the answer names something; None to ask for the head of one blob alone."""
    listing = {"blob": "comp=list", "dfs": "resource=account", "queue": "comp=list", "file": "comp=list", "table": ""}
    if "srt" in sas.fields:
        return listing[sas.service] + ("&maxresults=1" if sas.service != "table" else "")
    if sas.fields.get("sr") in ("c", "d") and sas.service == "blob":
        return "restype=container&comp=list&maxresults=1"
    if sas.service == "queue":
        return "comp=metadata"
    if sas.service == "table":
        return "$top=1"
    return "restype=share" if sas.fields.get("sr") == "s" else None


def _send(session: Session, sas: _Signature, extra: str | None, method: str, signature: str) -> Exchange:
    # An account's signature is for its whole service, wherever it was seen to be used.
    path = "/" if "srt" in sas.fields else sas.path
    if sas.service == "table" and "srt" in sas.fields:
        path = "/Tables"
    if extra and extra.startswith("restype=container"):
        path = "/" + path.strip("/").split("/")[0]
    query = "&".join(part for part in (extra, sas.query, "sig=" + quote(signature, safe="")) if part)
    label = ("/" if path == "/" else "/{{path}}") + "?" + (extra + "&" if extra else "") + "sig={{secret}}"
    headers = {"x-ms-version": _VERSION, "Accept": "application/xml"}
    return ask(session, sas.place, f"{path}?{query}", label=label, method=method, headers=headers)


def _rejected(session: Session, sas: _Signature, extra: str | None, exchange: Exchange) -> Outcome:
    if extra is None:
        # The answer to HEAD has no body to say why.
        exchange = _send(session, sas, "comp=metadata", "GET", sas.signature)
    code, detail = _error(exchange)
    if _OVER.search(detail):
        return exchange.inactive(f"error {code}", "the signature is over, or not valid yet")
    if _is_no_signature(code, detail):
        return exchange.inactive(f"error {code}", "no key of the account made this signature")
    return exchange.unclear("", f"error {code}" if code else "")


def _unlike_another(
    session: Session, sas: _Signature, extra: str | None, first: Exchange, code: str, facts: tuple[tuple[str, str], ...]
) -> Outcome:
    """Live if another signature is refused where this one was only told that it may not, or that there is nothing."""
    other = base64.b64encode(hashlib.sha256(sas.signature.encode()).digest()).decode()
    second = _send(session, sas, extra, "HEAD" if extra is None else "GET", other)
    marker, other_code = f"error {code}" if code else f"status {first.status}", _error(second)[0]
    is_refused = other_code in ("AuthenticationFailed", "AuthorizationFailure") and other_code != code
    if second.status == 403 and is_refused and first.status < 500:
        outcome = first.active(f"{marker}, where another signature gets {other_code}", facts)
        return Outcome(State.ACTIVE, "Azure takes the signature", outcome.evidence, outcome.facts)
    return first.unclear("", marker if code else "")
