# SPDX-License-Identifier: Apache-2.0
"""
Keys of storage that speaks Amazon's S3: `ListBuckets`, signed with Signature Version 4 by botocore.

A key that may not list gets `AccessDenied`, and so might a request that nobody looked at. Then the same request goes
out again with another secret: only if that one is refused for its signature was the first one's right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from secrethunt.online.contract import HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.aws import Keys, signed_headers
from secrethunt.validate.flows.exchange import Exchange, Place, ask, needed, optional, place_of

_NO_SUCH_KEY = ("InvalidAccessKeyId", "InvalidSecurity", "NoSuchKey.AccessKey")
_WRONG_SECRET = ("SignatureDoesNotMatch",)


@dataclass(frozen=True, slots=True)
class _Vendor:
    url: str
    """Where to ask when no endpoint stands beside the key; empty where one is needed."""
    region: str
    domain: str
    labels: int = 1
    """How many labels before the domain name the service; what stands before those is a bucket."""


_VENDORS = {
    "digitalocean": _Vendor("https://nyc3.digitaloceanspaces.com", "us-east-1", "digitaloceanspaces.com"),
    "cloudflare": _Vendor("", "auto", "r2.cloudflarestorage.com"),
    "ibm": _Vendor(
        "https://s3.us.cloud-object-storage.appdomain.cloud", "us-standard", "cloud-object-storage.appdomain.cloud", 2
    ),
    "yandex": _Vendor("https://storage.yandexcloud.net", "ru-central1", "storage.yandexcloud.net", 0),
    "google": _Vendor("https://storage.googleapis.com", "auto", "storage.googleapis.com", 0),
    "scaleway": _Vendor("https://s3.fr-par.scw.cloud", "fr-par", "scw.cloud", 2),
    "wasabi": _Vendor("https://s3.wasabisys.com", "us-east-1", "wasabisys.com", 2),
    "backblaze": _Vendor("", "us-west-004", "backblazeb2.com", 2),
    "linode": _Vendor("", "us-east-1", "linodeobjects.com"),
    "vultr": _Vendor("", "us-east-1", "vultrobjects.com"),
    "ovh": _Vendor("", "gra", "cloud.ovh.net", 3),
}
_REGION_IN_HOST = re.compile(r"^(?:s3[.-])?([a-z]{2,4}(?:-[a-z]{2,12}){0,2}-?\d{0,3})\.")
_REGION = re.compile(r"[a-z0-9-]{2,30}")
_ENDPOINT = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?P<port>:[1-9][0-9]{1,4})?/?"
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,24}")


def list_buckets(credential: Credential, session: Session) -> Outcome:
    """Whether the key may list what its owner stores, or is at least known."""
    keys = Keys(
        needed(credential, "access_key_id", "key_id", "access_key", "client_id"), credential.secret.reveal().decode()
    )
    place, region = _where(credential, session)
    exchange = _ask(session, place, region, keys)
    body = exchange.xml()
    if exchange.status == 200 and body.get("") == "ListAllMyBucketsResult" and ("Owner" in body or "Buckets" in body):
        facts = (("account", body.get("DisplayName", "")), ("account_id", body.get("ID", "")))
        return exchange.active("xml ListAllMyBucketsResult", facts)
    code = body.get("Code", "") if body.get("") == "Error" else ""
    if code == "AccessDenied" and exchange.status == 403:
        return _denied(session, place, region, keys, exchange)
    return _rejected(exchange, code) or exchange.unclear("", f"error {code}" if code.isalnum() else "")


def _ask(session: Session, place: Place, region: str, keys: Keys) -> Exchange:
    headers = {"Accept": "application/xml"}
    signed = signed_headers("GET", place.url + "/", headers, b"", scope=("s3", region), keys=keys)
    return ask(session, place, "/", headers=signed)


def _rejected(exchange: Exchange, code: str) -> Outcome | None:
    if exchange.status not in (400, 401, 403):
        return None
    if code in _NO_SUCH_KEY:
        return exchange.inactive(f"error {code}", "the provider knows no such key")
    if code in _WRONG_SECRET:
        return exchange.inactive(f"error {code}", "the provider knows the key id, but this is not its secret")
    return None


def _denied(session: Session, place: Place, region: str, keys: Keys, first: Exchange) -> Outcome:
    other = Keys(keys.key_id, keys.secret[::-1] + "0")
    second = _ask(session, place, region, other)
    body = second.xml()
    if second.status == 403 and body.get("") == "Error" and body.get("Code") in _WRONG_SECRET:
        return first.active("error AccessDenied, where another secret gets SignatureDoesNotMatch", reason=_MAY_NOT_LIST)
    return first.unclear("AccessDenied, with another secret too", "error AccessDenied")


_MAY_NOT_LIST = "the provider knows it; it may not list buckets"


def _where(credential: Credential, session: Session) -> tuple[Place, str]:
    """Base URL and region. A host from the scanned text is the rule's own only below a vendor's domain."""
    provider = credential.rule.provider
    vendor = _VENDORS.get(provider)
    host = _host(optional(credential, "endpoint"))
    named = next((each for each in _VENDORS.values() if _is_below(host, each.domain)), None)
    given = optional(credential, "region")
    region = given if _REGION.fullmatch(given) else ""
    if named:
        base = _without_bucket(host, named)
        label = f"https://{base}" if base == named.domain else "https://{{endpoint}}." + named.domain
        return place_of(session, provider, f"https://{base}", label=label), region or _region(base, named)
    if vendor and vendor.url:
        return place_of(session, provider, vendor.url), region or vendor.region
    if given_url := session.endpoint(provider):
        return place_of(session, provider, given_url), region or (vendor.region if vendor else "us-east-1")
    return _found(optional(credential, "endpoint"), provider), region or "us-east-1"


def _found(endpoint: str, provider: str) -> Place:
    """A host of somebody's own, as the scanned text has it."""
    match = _ENDPOINT.fullmatch(endpoint.lower())
    if match is None:
        raise NoAnswer("needs the part endpoint, which was not found beside it")
    scheme, port = match["scheme"] or "https", match["port"] or ""
    label = f"{scheme}://{{{{endpoint}}}}" + (":{{port}}" if port else "")
    return Place(f"{scheme}://{match['host']}{port}", label, HostOrigin.FOUND, provider)


def _host(text: str) -> str:
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    return host if _HOST.fullmatch(host) else ""


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _without_bucket(host: str, vendor: _Vendor) -> str:
    """A bucket's own host answers for that bucket only."""
    labels = [label for label in host.removesuffix(vendor.domain).split(".") if label]
    keep = 2 if labels and labels[-1] in ("eu", "fedramp") and vendor.region == "auto" else vendor.labels
    return ".".join([*labels[len(labels) - min(keep, len(labels)) :], vendor.domain])


def _region(host: str, vendor: _Vendor) -> str:
    if vendor.region == "auto":
        return "auto"
    match = _REGION_IN_HOST.match(host)
    return match.group(1) if match and match.group(1) not in ("s3", "storage", "gateway") else vendor.region
