# SPDX-License-Identifier: Apache-2.0
"""What tokens with an inner structure say: JSON Web Tokens, macaroons, and those that are base64 of an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.facts.issuers import issuer_facts
from secrethunt.facts.reading import Fact, base64_bytes, json_object, moment, picked, shown

_CLAIMS = (
    ("iss", "issuer"),
    ("sub", "subject"),
    ("aud", "audience"),
    ("email", "email"),
    ("preferred_username", "user"),
    ("client_id", "client_id"),
    ("azp", "client_id"),
    ("appid", "client_id"),
    ("tid", "tenant"),
    ("role", "role"),
    ("scope", "scopes"),
    ("scp", "scopes"),
)
"""RFC 7519 section 4.1, RFC 9068, OpenID Connect Core section 5.1, Microsoft's access token claims."""


def jwt(value: bytes, _text: bytes) -> Iterator[Fact]:
    """The registered claims of a JSON Web Token (RFC 7519), and what Kubernetes adds to them."""
    token = value[value.find(b"eyJ") :]
    header, _, rest = token.partition(b".")
    algorithm = json_object(base64_bytes(header))
    claims = json_object(base64_bytes(rest.partition(b".")[0]))
    if not algorithm or not claims:
        return
    yield from picked(algorithm, (("alg", "algorithm"), ("kid", "key_id")))
    seen = set()
    for name, text in (*picked(claims, _CLAIMS), *issuer_facts(claims)):
        if name not in seen:
            seen.add(name)
            yield name, text
    yield from _kubernetes(claims)
    for claim, name in (("iat", "issued"), ("exp", "expires")):
        if text := moment(claims.get(claim)):
            yield name, text


def _kubernetes(claims: Mapping[str, Any]) -> Iterator[Fact]:
    """Kubernetes, "Managing Service Accounts": the legacy claims and those of bound tokens."""
    bound = claims.get("kubernetes.io")
    if isinstance(bound, dict):
        yield from picked(bound, (("namespace", "namespace"),))
        account = bound.get("serviceaccount")
        if isinstance(account, dict):
            yield from picked(account, (("name", "account"), ("uid", "object_id")))
        pod = bound.get("pod")
        if isinstance(pod, dict):
            yield from picked(pod, (("name", "pod"),))
    prefix = "kubernetes.io/serviceaccount/"
    names = (
        ("namespace", "namespace"),
        ("service-account.name", "account"),
        ("service-account.uid", "object_id"),
        ("secret.name", "secret_name"),
    )
    yield from picked(claims, ((prefix + claim, name) for claim, name in names))


def jwt_in_base64(value: bytes, _text: bytes) -> Iterator[Fact]:
    """A JSON Web Token that was encoded once more."""
    yield from jwt(base64_bytes(value), b"")


def pypi_macaroon(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Index, and what the caveats restrict the token to: projects, user, time (github.com/pypi/warehouse,
    `warehouse/macaroons/caveats`; github.com/rescrv/libmacaroons, doc/format.txt for version 2)."""
    fields = list(_macaroon_fields(base64_bytes(value.partition(b"-")[2])))
    if not fields:
        return
    for number, (kind, data) in enumerate(fields):
        if kind == _LOCATION and number == 0:
            yield "host", shown(data)
        elif kind == _IDENTIFIER and data[:1] in (b"[", b"{"):
            yield from _caveat(data)
    yield "kind", "API token"


_LOCATION, _IDENTIFIER, _VERIFICATION, _SIGNATURE = 1, 2, 4, 6


def _macaroon_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    if data[:1] != b"\x02":
        return
    at = 1
    while at < len(data):
        kind = data[at]
        at += 1
        if kind == 0:
            continue
        if kind not in (_LOCATION, _IDENTIFIER, _VERIFICATION):
            return
        size, at = _varint(data, at)
        if size > len(data) - at:
            return
        yield kind, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return number, at


def _caveat(data: bytes) -> Iterator[Fact]:
    try:
        caveat = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(caveat, dict):
        yield from _old_caveat(caveat.get("permissions"))
    elif isinstance(caveat, list) and len(caveat) >= 2:
        yield from _new_caveat(caveat)


def _old_caveat(permissions: object) -> Iterator[Fact]:
    if permissions == "user":
        yield "scopes", "all projects of the user"
    elif isinstance(permissions, dict) and (projects := shown(permissions.get("projects"))):
        yield "project", projects


def _new_caveat(caveat: list[Any]) -> Iterator[Fact]:
    if caveat[0] == 0 and (ends := moment(caveat[1])):
        yield "expires", ends
    elif caveat[0] in (1, 2) and (projects := shown(caveat[1])):
        yield "project", projects
    elif caveat[0] == 3 and (user := shown(caveat[1])):
        yield "user", user


def grafana_cloud(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Access policy tokens: base64 of organisation, name and region (Grafana Cloud, "Access policies")."""
    token = json_object(base64_bytes(value.removeprefix(b"glc_")))
    yield from picked(token, (("o", "organization"), ("n", "name")))
    metadata = token.get("m")
    if isinstance(metadata, dict):
        yield from picked(metadata, (("r", "region"),))


def grafana_key(value: bytes, _text: bytes) -> Iterator[Fact]:
    """API keys of the old kind: base64 of key, name and organisation (github.com/grafana/grafana,
    `pkg/components/apikeygen`)."""
    yield from picked(json_object(base64_bytes(value)), (("n", "name"), ("id", "organization")))


def sentry_organization(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Organisation tokens: base64 of organisation, host and time (github.com/getsentry/rfcs, text/0091)."""
    token = json_object(base64_bytes(value.removeprefix(b"sntrys_").partition(b"_")[0]))
    yield from picked(token, (("org", "organization"), ("url", "host"), ("region_url", "region")))
    if issued := moment(token.get("iat")):
        yield "issued", issued


def onepassword_service_account(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Service account tokens: base64 of an object (1Password, "Service account security", "token")."""
    token = json_object(base64_bytes(value.removeprefix(b"ops_")))
    yield from picked(token, (("signInAddress", "host"), ("email", "email"), ("deviceUuid", "device")))


def mapbox(value: bytes, _text: bytes) -> Iterator[Fact]:
    """`pk.`, `sk.` or `tk.`, then base64 of user and token id (Mapbox, "Access tokens")."""
    yield from picked(json_object(base64_bytes(value.split(b".")[1])), (("u", "user"), ("a", "key_id")))


_ROUTE = re.compile(rb"([cgoptu]):([0-9a-z]{1,13})\n")
_ROUTES = {"c": "cell", "g": "group", "o": "organization", "p": "project", "t": "partition", "u": "user"}


def gitlab_routable(value: bytes, _text: bytes) -> Iterator[Fact]:
    """Ids that a routable token carries in base36 (GitLab handbook, "Cells: Routable Tokens")."""
    payload = value.partition(b".")[0]
    routing = base64_bytes(re.sub(rb"^gl[a-z]{1,8}-(?:t\d_)?", b"", payload))
    at = 0
    while match := _ROUTE.match(routing, at):
        yield _ROUTES[match.group(1).decode()], str(int(match.group(2), 36))
        at = match.end()
