# SPDX-License-Identifier: Apache-2.0
"""
Owns what is a text for people to read: words in a file of translations, where `password` names a label.

Files are known by the places that frameworks give them: gettext (`locale/de/LC_MESSAGES/app.po`), Java's ResourceBundle
(`messages_de.properties`), Rails (`config/locales/de.yml`), Laravel (`lang/de/auth.php`), Android
(`res/values-de/strings.xml`), Apple (`de.lproj/Localizable.strings`), .NET (`Texts.de.resx`), WebExtensions
(`_locales/de/messages.json`), XLIFF, ARB, Fluent; and files named by a language with a region (BCP 47): `pt-BR.json`,
`zh_Hans.yaml`.
"""

from __future__ import annotations

import re

_DATA = rb"(?:json5?|ya?ml|php|properties|xml|toml|ini|js|mjs|ts|rb|py|txt|csv|html?|adoc|md)"
_PLACES = re.compile(
    rb"(?:^|/)(?:i18n|l10n|locales?|_locales|translations?|LC_MESSAGES|nls|[\w-]+\.lproj)/"
    rb"|(?:^|/)(?:langs?|languages?)/(?:[^/]+/){0,3}[^/]+\." + _DATA + rb"$"
    rb"|(?:^|/)(?:messages?|[\w-]*[Ll]abels?|strings|translations?|texts?|i18n|locales?|[\w-]*(?:Messages|Bundle|Strings))"
    rb"(?:_[a-z]{2,3}(?:_[A-Z]{2})?)?\.properties$"
    rb"|(?:^|[/._-])[a-z]{2,3}[-_](?:[A-Z]{2}|Han[st]|Latn|Cyrl|419)\." + _DATA + rb"$"
    rb"|/values(?:-[A-Za-z0-9+-]+)?/strings[\w-]*\.xml$"
    rb"|\.(?:po|pot|resx|xlf|xliff|arb|ftl|strings|stringsdict)$"
)
_WORDS = re.compile(r"[^\W\d_](?:[^\W\d]|[\s'\u2019.,:;!?()\u2026\-])*")


def is_translation(path: bytes) -> bool:
    """Whether the file at *path* holds texts in one of several languages."""
    return _PLACES.search(path) is not None


def is_wording(value: bytes) -> bool:
    """Whether *value* is words without a digit or a sign that prose has no use for, or is in a script beyond ASCII."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _WORDS.fullmatch(text) is not None or any(char.isalpha() and not char.isascii() for char in text)
