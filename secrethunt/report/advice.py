# SPDX-License-Identifier: Apache-2.0
"""Owns the first thing to do about a secret when its rule does not say: one sentence for each kind of identity."""

from __future__ import annotations

from secrethunt.records import Rule

_BY_NHI = {
    "api-key": "Create a new key at the provider, switch over, then revoke this one; look for strange calls.",
    "app": "Rotate the app's token in its settings at the provider, then update every installation that uses it.",
    "bot": "Regenerate the bot's token and update where the bot runs; look at what was read and posted in its name.",
    "ci-token": "Reset the token in the CI settings, update what uses it, and look for strange runs.",
    "database-user": "Change this account's password in the database, then update what connects with it.",
    "deploy-key": "Withdraw it wherever it grants access (for a key pair, its public half), then make a new one.",
    "iam-user": "Create a second key, switch over, then delete this one; look for its use in the audit log.",
    "login": "Change the password, end the account's open sessions, and change it wherever else it is used.",
    "machine-token": "Issue a new token to the machine or service that uses it, switch over, then revoke this one.",
    "oauth-app": "Reset the application's secret at the provider and revoke the tokens that were issued with it.",
    "registry-token": "Revoke the token at the registry, make a narrower one, look for strange releases.",
    "service-account": "Create a new key, switch over, then delete this one; look for its use in the audit log.",
    "session": "End the session or revoke the token now; if it is short-lived, find out what wrote it here.",
    "signing-key": "Make a new key and stop trusting this one wherever its public half or its certificate is accepted.",
    "user-token": "Revoke the token in its owner's account and make a narrower one; look for strange use.",
    "webhook": "Delete the webhook and create a new one: whoever has its address or secret can post to it.",
}
_GENERAL = "Revoke it where it was issued, make a new one and update what uses it; deleting the line is not enough."


def advice(rule: Rule) -> str:
    """What to do first: the rule's own words, or those for its kind of identity."""
    return rule.rotate or _BY_NHI.get(rule.nhi, _GENERAL)
