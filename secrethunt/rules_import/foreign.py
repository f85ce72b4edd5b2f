# SPDX-License-Identifier: Apache-2.0
"""
One rule of another scanner as an entry of ours, with what of it could not be carried over.

Formats: gitleaks and Betterleaks configurations (https://github.com/gitleaks/gitleaks, "Configuration"); rules of
Kingfisher (docs/RULES.md of https://github.com/mongodb/kingfisher), of Nosey Parker and Titus, whose shape it shares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secrethunt.rules_import.dialect import DialectError, translate
from secrethunt.rules_import.filters import Term, read_filter

Entry = dict[str, Any]
_BARELY = 1e-9
"""Other scanners want more entropy than their bound, we want no less."""
_SPECIAL = r"""[!-/:-@\[-`{-~]"""
_LEVELS = ("low", "medium", "high")


@dataclass(slots=True)
class Draft:
    """An entry in the making."""

    id: str
    entry: Entry | None = None
    lost: list[str] = field(default_factory=list)
    """What could not be carried over; all of it where there is no entry."""


def gitleaks_drafts(document: Mapping[str, Any], tool: str) -> Iterator[Draft]:
    """The rules of a gitleaks or Betterleaks configuration."""
    shared = _allowlists(document)
    filters = [str(document[key]) for key in ("prefilter", "filter") if document.get(key)]
    for rule in document.get("rules", ()):
        draft = Draft(str(rule.get("id", "?")))
        try:
            _gitleaks_rule(rule, shared, draft, tool)
            for text in (*filters, str(rule.get("filter") or "")):
                _add_filter(draft, text)
        except (DialectError, KeyError, TypeError, ValueError) as err:
            draft.lost.append(f"not read: {err}")
        yield draft


def _gitleaks_rule(rule: Mapping[str, Any], shared: Sequence[Mapping[str, Any]], draft: Draft, tool: str) -> None:
    if not rule.get("regex"):
        draft.lost.append("a rule on paths alone has no secret to find")
        return
    if rule.get("skipReport"):
        draft.lost.append("reported by no tool by itself: it is a part of others")
        return
    entry = _entry(draft.id, str(rule.get("description") or draft.id), tool)
    entry["pattern"] = _with_secret(str(rule["regex"]), int(rule.get("secretGroup", 0)), draft)
    if rule.get("entropy"):
        entry["min_entropy"] = float(rule["entropy"]) + _BARELY
    if rule.get("keywords"):
        entry["needs"] = [str(word).lower() for word in rule["keywords"]]
    if rule.get("path"):
        entry["paths"] = [f"re:{translate(str(rule['path'])).text}"]
    for allowlist in (*shared, *_allowlists(rule)):
        targets = allowlist.get("targetRules")
        if not targets or draft.id in targets:
            _add_allowlist(entry, allowlist, draft)
    for key in sorted(set(rule) - _GITLEAKS_KEYS):
        draft.lost.append(f"`{key}`")
    draft.entry = entry


_GITLEAKS_KEYS = {
    *("id", "description", "regex", "secretGroup", "entropy", "keywords", "path", "tags"),
    *("allowlist", "allowlists", "filter"),
}


def _allowlists(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All allowlists of a rule or a configuration, in the old spelling and the new."""
    single = holder.get("allowlist")
    return [*([single] if isinstance(single, Mapping) else single or ()), *holder.get("allowlists", ())]


def _add_allowlist(entry: Entry, allowlist: Mapping[str, Any], draft: Draft) -> None:
    parts = [key for key in ("commits", "paths", "regexes", "stopwords") if allowlist.get(key)]
    if str(allowlist.get("condition", "OR")).upper() in ("AND", "&&") and len(parts) > 1:
        draft.lost.append(f"an allowlist that wants {' and '.join(parts)} together")
        return
    if "commits" in parts:
        draft.lost.append("an allowlist of commits")
    target = {"match": "ignore_match", "line": "ignore_line"}.get(str(allowlist.get("regexTarget", "")), "ignore")
    for pattern in allowlist.get("regexes", ()):
        _append(entry, target, translate(str(pattern)).text)
    for pattern in allowlist.get("paths", ()):
        _append(entry, "paths", f"!re:{translate(str(pattern)).text}")
    words = [re.escape(str(word)) for word in allowlist.get("stopwords", ())]
    if words:
        _append(entry, "ignore", f"(?i)(?:{'|'.join(words)})")


def _add_filter(draft: Draft, text: str) -> None:
    """Add what a filter of Betterleaks leaves alone."""
    entry = draft.entry
    for term in read_filter(text) if text and entry is not None else ():
        assert entry is not None
        if term.subject == "entropy":
            entry["min_entropy"] = term.bound + (_BARELY if term.is_inclusive else 0)
        elif not term.subject or (term.is_negated and term.subject == "path"):
            draft.lost.append("a part of its filter")
        else:
            _add_term(entry, term)


def _add_term(entry: Entry, term: Term) -> None:
    patterns = [re.escape(text) if term.is_words else translate(text).text for text in term.texts]
    joined = ("(?i)" if term.is_words else "") + f"(?:{'|'.join(patterns)})"
    if term.subject == "path":
        _append(entry, "paths", f"!re:{joined}")
        return
    key = {"match": "ignore_match", "line": "ignore_line"}.get(term.subject, "ignore")
    _append(entry, key, rf"\A(?![\s\S]*?{joined})" if term.is_negated else joined)


def yaml_drafts(document: Mapping[str, Any], tool: str) -> Iterator[Draft]:
    """The rules of a file of Kingfisher, Nosey Parker or Titus."""
    for rule in document["rules"]:
        draft = Draft(str(rule.get("id", "?")))
        try:
            _yaml_rule(rule, draft, tool)
        except (DialectError, KeyError, TypeError, ValueError) as err:
            draft.lost.append(f"not read: {err}")
        yield draft


def _yaml_rule(rule: Mapping[str, Any], draft: Draft, tool: str) -> None:
    if rule.get("visible") is False:
        draft.lost.append("reported by no tool by itself: it is a part of others")
        return
    entry = _entry(draft.id, str(rule["name"]), tool)
    entry["pattern"] = _with_secret(str(rule["pattern"]), 0, draft)
    if rule.get("min_entropy"):
        entry["min_entropy"] = float(rule["min_entropy"]) + _BARELY
    if rule.get("confidence") in _LEVELS:
        entry["confidence"] = rule["confidence"]
    _add_requirements(entry, rule.get("pattern_requirements") or {}, draft)
    references = [str(url) for url in rule.get("references") or ()]
    if references:
        entry["references"] = references
    for key in ("validation", "validator", "depends_on_rule", "revocation", "path"):
        if rule.get(key):
            draft.lost.append(f"`{key}`")
    draft.entry = entry


def _add_requirements(entry: Entry, wanted: Mapping[str, Any], draft: Draft) -> None:
    special = wanted.get("special_chars")
    classes = {
        "min_digits": "[0-9]",
        "min_uppercase": "[A-Z]",
        "min_lowercase": "[a-z]",
        "min_special_chars": f"[{re.escape(str(special))}]" if special else _SPECIAL,
    }
    for key, value in wanted.items():
        if key in classes:
            _append(entry, "ignore", rf"\A(?!(?:[\s\S]*?{classes[key]}){{{int(value)}}})")
        elif key == "ignore_if_contains":
            _append(entry, "ignore", f"(?i)(?:{'|'.join(re.escape(str(word)) for word in value)})")
        elif key != "special_chars":
            draft.lost.append(f"`pattern_requirements.{key}`")


def _entry(id: str, name: str, tool: str) -> Entry:
    own = re.sub(r"[^a-z0-9.]+", "-", id.lower()).strip("-.")
    own = ".".join(part.strip("-") for part in own.split(".") if part.strip("-"))
    return {
        "id": own if own.startswith(f"{tool}.") else f"{tool}.{own}",
        "name": " ".join(name.split()),
        "provider": tool,
        "nhi": "api-key",
        "confidence": "medium",
        "verbatim": True,
    }


def _append(entry: Entry, key: str, value: str) -> None:
    entry.setdefault(key, []).append(value)


def _with_secret(pattern: str, group: int, draft: Draft) -> str:
    """*pattern* with the name `secret` on the group that other scanners take: the named one, the first, or all."""
    translated = translate(pattern)
    number = group or next((translated.names[name] for name in ("TOKEN", "secret") if name in translated.names), 0)
    if not number and not translated.groups:
        return f"(?P<secret>{translated.text})"
    if not number and translated.groups > 1:
        draft.lost.append("of several groups the first is taken, also where only another matched")
    return _named(translated.text, number or 1)


def _named(text: str, number: int) -> str:
    """*text* with its *number*-th capturing group named, all others unnamed and not capturing."""
    out: list[str] = []
    seen = at = 0
    is_class = False
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            out.append(text[at : at + 2])
            at += 2
            continue
        is_class = sign == "[" or (is_class and sign != "]")
        if sign == "(" and not is_class and not text.startswith("(?", at):
            seen += 1
            out.append("(?P<secret>" if seen == number else "(?:")
        else:
            out.append(sign)
        at += 1
    if seen < number:
        raise DialectError(f"there is no group {number}")
    return "".join(out)
