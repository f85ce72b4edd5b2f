# SPDX-License-Identifier: Apache-2.0
"""Which files hold translations, and which of their values are words."""

from __future__ import annotations

import pytest

from secrethunt.candidates.translations import is_translation, is_wording


@pytest.mark.parametrize(
    "path",
    [
        b"frontend/src/assets/i18n/fi_FI.json",
        b"config/locales/devise.de.yml",
        b"locale/de/LC_MESSAGES/django.po",
        b"src/main/resources/messages_nl.properties",
        b"src/main/resources/messages.properties",
        b"lessons/WebGoatLabels_de.properties",
        b"resources/lang/pt_BR/auth.php",
        b"app/src/main/res/values-de/strings.xml",
        b"app/src/main/res/values/strings.xml",
        b"App/de.lproj/Localizable.strings",
        b"Texts.de.resx",
        b"extension/_locales/en/messages.json",
        b"web/pt-BR.json",
        b"web/zh_Hans.yaml",
        b"lib/l10n/app_en.arb",
    ],
)
def test_files_of_translations_are_known_by_their_place(path: bytes) -> None:
    assert is_translation(path)


@pytest.mark.parametrize(
    "path",
    [
        b"config/application.properties",
        b"config/application_it.properties",
        b"src/lang/lexer.go",
        b"config/database.yml",
        b"values/production.yaml",
        b"charts/app/values.yaml",
        b"src/de.py",
        b"localhost/settings.json",
        b"app/strings.py",
        b".env",
    ],
)
def test_other_files_are_not(path: bytes) -> None:
    assert not is_translation(path)


@pytest.mark.parametrize("text", ["Salasana", "Lösenord", "mu'wIj", "Please enter it!", "2FAトークン", "Confirmar"])
def test_words_of_any_script_are_wording(text: str) -> None:
    assert is_wording(text.encode())


@pytest.mark.parametrize("value", [b"hunter22", b"aB$kdQz", b"K9x", b"\xff\xfe", b"a/b+c"])
def test_digits_signs_and_broken_text_are_not(value: bytes) -> None:
    assert not is_wording(value)
