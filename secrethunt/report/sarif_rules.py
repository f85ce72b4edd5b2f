# SPDX-License-Identifier: Apache-2.0
"""Owns SARIF's description of rules: level, help and the properties that code scanning services read."""

from __future__ import annotations

from secrethunt.records import Rule, Severity
from secrethunt.report.advice import advice
from secrethunt.report.sarif_values import Discretion, message

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

_TAGS = ("security", "secret", "external/cwe/cwe-798")

_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""CVSS-like scores in the middle of the bands that GitHub reads: 9.0, 7.0, 4.0, 0.1."""


def rule_entry(rule: Rule, discretion: Discretion) -> dict[str, object]:
    """The `reportingDescriptor` of *rule*."""
    name = discretion.text(rule.name)
    described = f"{name}: a credential of {rule.provider} that unlocks a non-human identity ({rule.nhi})."
    entry: dict[str, object] = {
        "id": rule.id,
        "shortDescription": message(name),
        "fullDescription": message(described),
        "help": _help(rule, discretion),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": list(dict.fromkeys([*_TAGS, rule.provider, rule.nhi])),
            "precision": rule.confidence.label,
            "security-severity": _SECURITY_SEVERITY[rule.severity],
        },
    }
    links = _links(rule)
    if links:
        entry["helpUri"] = links[0]
    return entry


def _help(rule: Rule, discretion: Discretion) -> dict[str, object]:
    """What to do first, with the references; as Markdown they are links."""
    first = discretion.text(advice(rule))
    links = _links(rule)
    return {
        "text": "\n".join([f"Do first: {first}", *(f"See {link}" for link in links)]),
        "markdown": "\n".join([f"**Do first:** {first}", "", *(f"- <{link}>" for link in links)]),
    }


def _links(rule: Rule) -> list[str]:
    return [link for link in rule.references if link.startswith(("https://", "http://"))]
