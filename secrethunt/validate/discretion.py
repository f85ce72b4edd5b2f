# SPDX-License-Identifier: Apache-2.0
"""Takes secrets out of what a check says: a provider that echoes the key must not put it into a report or a cache."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote, quote_plus

from secrethunt.validate.contract import Credential, Evidence, Outcome
from secrethunt.validate.credentials import secret_parts

MASK = "********"
_LEAST = 4
"""Shorter values would be found everywhere."""


def without_secrets(outcome: Outcome, credential: Credential) -> Outcome:
    """*outcome* with each secret of *credential* replaced, in clear, percent-encoded or in base64."""
    secrets = [credential.secret]
    secrets += [part for name, part in credential.parts.items() if name in secret_parts(credential.rule)]
    forms = sorted({form for secret in secrets for form in _forms(secret.reveal())}, key=len, reverse=True)

    def clean(text: str) -> str:
        for form in forms:
            text = text.replace(form, MASK)
        return text

    return replace(
        outcome,
        reason=clean(outcome.reason),
        evidence=tuple(Evidence(clean(item.endpoint), item.status, clean(item.marker)) for item in outcome.evidence),
        facts=tuple((clean(name), clean(value)) for name, value in outcome.facts),
    )


def _forms(value: bytes) -> set[str]:
    if len(value) < _LEAST:
        return set()
    text = value.decode("utf-8", "backslashreplace")
    encoded = base64.b64encode(value).rstrip(b"=").decode()
    return {text, quote(value, safe=""), quote_plus(value), encoded}
