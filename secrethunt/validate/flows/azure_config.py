# SPDX-License-Identifier: Apache-2.0
"""
Azure App Configuration: access keys, which sign with HMAC. Names of keys are listed, no value is read.

Reference: https://learn.microsoft.com/azure/azure-app-configuration/rest-api-authentication-hmac.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from email.utils import formatdate
from urllib.parse import urlsplit

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import ask, needed, place_of

_STORE = re.compile(r"[A-Za-z0-9-]{3,60}\.azconfig\.io")
_PATH = "/keys?api-version=1.0&name=secrethunt"


def access_key(credential: Credential, session: Session) -> Outcome:
    """Ask for a name that no key has."""
    host, key_id = needed(credential, "host"), needed(credential, "key_id")
    if not _STORE.fullmatch(host):
        raise NoAnswer("the part host is no configuration store")
    try:
        key = base64.b64decode(credential.secret.reveal(), validate=True)
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the key is no base64") from err
    place = place_of(session, "azure-config", f"https://{host}", label="https://{{store}}.azconfig.io")
    date, digest = formatdate(usegmt=True), base64.b64encode(hashlib.sha256(b"").digest()).decode()
    text = f"GET\n{_PATH}\n{date};{urlsplit(place.url).netloc};{digest}"
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    signed = "x-ms-date;host;x-ms-content-sha256"
    headers = {
        "x-ms-date": date,
        "x-ms-content-sha256": digest,
        "Authorization": f"HMAC-SHA256 Credential={key_id}&SignedHeaders={signed}&Signature={signature}",
    }
    exchange = ask(session, place, _PATH, headers=headers)
    kind = exchange.answer.headers.get("content-type", "")
    if exchange.status == 200 and "items" in exchange.json() and "microsoft.appconfig.keyset" in kind:
        return exchange.active("json items", (("account", host.partition(".")[0]),))
    challenge = exchange.answer.headers.get("www-authenticate", "")
    if exchange.status == 401 and challenge.startswith("HMAC-SHA256") and "invalid_token" in challenge:
        for why in ("Invalid Credential", "Invalid Signature"):
            if why.lower() in challenge.lower():
                return exchange.inactive(f"header www-authenticate {why}", "the store has no such key")
    return exchange.unclear()
