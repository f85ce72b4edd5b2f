# SPDX-License-Identifier: Apache-2.0
"""
Azure Cosmos DB account keys: read what the account is.

Reference: https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from email.utils import formatdate
from urllib.parse import quote

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import ask, needed, place_of, text_at

_ACCOUNT = re.compile(r"(?:https://)?(?P<account>[a-z0-9-]{3,50})\.documents\.azure\.(?P<top>com|cn|us)(?::443)?/?")


def account(credential: Credential, session: Session) -> Outcome:
    """The account's own description, which any of its keys may read."""
    match = _ACCOUNT.fullmatch(needed(credential, "endpoint"))
    if match is None:
        raise NoAnswer("the part endpoint is no account of Cosmos DB")
    try:
        key = base64.b64decode(credential.secret.reveal(), validate=True)
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the key is no base64") from err
    domain = f"documents.azure.{match['top']}"
    url = f"https://{match['account']}.{domain}"
    place = place_of(session, "azure-cosmos", url, label="https://{{account}}." + domain)
    date = formatdate(usegmt=True)
    # Verb, resource type and resource link; the account itself has neither of the last two.
    text = f"get\n\n\n{date.lower()}\n\n"
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "Accept": "application/json",
        "Authorization": quote(f"type=master&ver=1.0&sig={signature}", safe=""),
        "x-ms-date": date,
        "x-ms-version": "2018-12-31",
    }
    exchange = ask(session, place, "/", headers=headers)
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "id") and "writableLocations" in body:
        return exchange.active("json writableLocations", (("account", text_at(body, "id")),))
    message = text_at(body, "message")
    if exchange.status == 401 and text_at(body, "code") == "Unauthorized" and "wrong key is being used" in message:
        return exchange.inactive("json code Unauthorized", "Azure knows the account, but this is none of its keys")
    return exchange.unclear()
