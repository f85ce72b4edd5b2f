# SPDX-License-Identifier: Apache-2.0
"""
HTTP Digest (RFC 7616): MongoDB Atlas, whose API keys are a public and a private part.

Reference: https://www.mongodb.com/docs/atlas/configure-api-access/.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from urllib.parse import urlsplit

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import ask, needed, place_of, text_at

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def atlas(credential: Credential, session: Session) -> Outcome:
    """The organisations that the key sees."""
    user, password = needed(credential, "public_key"), credential.secret.reveal().decode("utf-8", "replace")
    place, path = place_of(session, "mongodb", "https://cloud.mongodb.com"), "/api/atlas/v2/orgs?itemsPerPage=1"
    accept = {"Accept": "application/vnd.atlas.2023-01-01+json"}
    first = ask(session, place, path, headers=accept)
    challenge = first.answer.headers.get("www-authenticate", "")
    fields = _fields(challenge)
    if first.status != 401 or not challenge.lower().startswith("digest ") or "nonce" not in fields:
        return first.unclear()
    target = urlsplit(place.url + path)
    header = authorization(fields, f"{target.path}?{target.query}", user, password, client=secrets.token_hex(8))
    exchange = ask(session, place, path, headers={**accept, "Authorization": header})
    body = exchange.json()
    if exchange.status == 200 and isinstance(body.get("results"), list) and "totalCount" in body:
        facts = (("organization", text_at(body, "results.0.name")), ("account_id", text_at(body, "results.0.id")))
        return exchange.active("json results", facts)
    code = text_at(body, "errorCode")
    if exchange.status == 403 and code in ("IP_ADDRESS_NOT_ON_ACCESS_LIST", "ORG_REQUIRES_ACCESS_LIST"):
        reason = "Atlas knows it; this address is not on its access list"
        return exchange.active(f"json errorCode {code}", reason=reason)
    if exchange.status == 401 and text_at(body, "error") == "401" and text_at(body, "reason") == "Unauthorized":
        return exchange.inactive("json reason Unauthorized")
    return exchange.unclear()


def _fields(challenge: str) -> dict[str, str]:
    return {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(challenge)}


def authorization(fields: dict[str, str], uri: str, user: str, password: str, *, client: str) -> str:
    """What answers the challenge that *fields* are, for a GET of *uri* (RFC 7616, section 3.4)."""
    name = fields.get("algorithm", "MD5").upper()
    algorithm = _HASHES.get(name, hashlib.md5)

    def digest(*parts: str) -> str:
        return algorithm(":".join(parts).encode()).hexdigest()

    count, nonce, realm = "00000001", fields["nonce"], fields.get("realm", "")
    who, what = digest(user, realm, password), digest("GET", uri)
    answer = digest(who, nonce, count, client, "auth", what) if "qop" in fields else digest(who, nonce, what)
    said = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{answer}", algorithm={name}'
    if "qop" in fields:
        said += f', qop=auth, nc={count}, cnonce="{client}"'
    return "Digest " + said + (f', opaque="{fields["opaque"]}"' if "opaque" in fields else "")
