# SPDX-License-Identifier: Apache-2.0
"""Rules of other scanners, written here in their formats, find what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from secrethunt.errors import RuleError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.rules_import import convert_rules, is_foreign
from secrethunt.ruleset import RuleSelection
from tests.rule_samples import digits, read_rules

GITLEAKS = r"""
title = "made up"
[[allowlists]]
paths = ['''(^|/)vendor/''']
[[rules]]
id = "acme-token"
description = "Acme token"
regex = '''(?i)acme[_-]?(?:key|tok)\s*=\s*["']([a-z0-9]{16,24})(?:["'\n]|$)'''
entropy = 3.0
keywords = ["ACME", "other"]
[[rules.allowlists]]
stopwords = ["sample"]
regexTarget = "line"
regexes = ['''# public''']
[[rules]]
id = "acme-env"
regex = '''env_[0-9a-f]{16}'''
path = '''\.env$'''
keywords = ["unrelated"]
[[rules]]
id = "path-only"
path = '''\.p12$'''
[[rules]]
id = "greek"
regex = '''\p{Greek}{8}'''
"""
YAML = r"""
rules:
  - name: Acme token
    id: np.acme.1
    pattern: |
      (?x)(?i)
      acme_tok \s* = \s*
      ([a-z0-9]{20})   # the token (itself)
      \b
    examples: []
    min_entropy: 2
    confidence: high
    pattern_requirements: {min_digits: 2, ignore_if_contains: [dummy], checksum: {a: b}}
    validation: {type: Http}
  - {name: hidden, id: np.acme.2, pattern: 'abcdef[0-9]{9}', visible: false, examples: []}
"""
TOKEN = digits("gl", 20)


def found(tmp_path: Path, rules: str, name: str, files: dict[str, str]) -> list[tuple[bytes, bytes]]:
    (tmp_path / name).write_text(rules)
    tree = tmp_path / "tree"
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    selection = RuleSelection(files=(str(tmp_path / name),), builtin=False)
    result = Scanner(ScannerOptions(selection)).scan([str(tree)])
    prefix = str(tree).encode() + b"/"
    return sorted((item.path.removeprefix(prefix), item.secret.reveal()) for item in result.findings)


def test_gitleaks_rules_find_and_leave_alone_what_they_say(tmp_path: Path) -> None:
    line = f'acme_key = "{TOKEN}"'
    files = {
        "a.py": line,
        "b.py": f"{line} # public",
        "c.py": line.replace(TOKEN, f"sample{TOKEN[6:]}"),
        "d.py": line.replace(TOKEN, "aaaabbbbaaaabbbb"),
        "vendor/e.py": line,
        "f.env": f"unrelated env_{TOKEN[:16]}",
        "g.env": f"env_{TOKEN[:16]}",
        "h.py": f"UNRELATED env_{TOKEN[:16]}",
    }
    expected = [(b"a.py", TOKEN.encode()), (b"f.env", f"env_{TOKEN[:16]}".encode())]
    assert expected == found(tmp_path, GITLEAKS, "gitleaks.toml", files)


def test_rules_of_the_nosey_parker_family_find_what_they_say(tmp_path: Path) -> None:
    files = {
        "a": f"ACME_TOK = {TOKEN}",
        "b": f"acme_tok = dummy{TOKEN[5:]}",
        "c": "acme_tok = abcdefghijklmnopqrs1",
        "d": "abcdef123456789",
    }
    assert [(b"a", TOKEN.encode())] == found(tmp_path, YAML, "acme.yml", files)


BETTERLEAKS = r"""
title = "betterleaks config"
prefilter = '''matchesAny(get(attributes, "path", ""), [`(^|/)vendor/`])'''
filter = '''(matchesAny(finding["secret"], [`^a{4}`, `^b{4}`])
 || containsAny(finding["secret"], ["dummy || x", "sample"]))'''
[[rules]]
id = "acme-token"
regex = '''acme_[a-z0-9]{20}'''
keywords = ["acme_"]
filter = '''entropy(finding["secret"]) <= 2.0 || !filter.matchesAny(finding["secret"], [`[0-9]`, `never`])'''
[[rules]]
id = "part"
regex = '''part_[0-9]{9}'''
skipReport = true
[[rules]]
id = "strange"
regex = '''strange_[0-9]{9}'''
filter = '''failsTokenEfficiency(finding["secret"])'''
"""


def test_filters_of_betterleaks_leave_alone_what_they_say(tmp_path: Path) -> None:
    files = {
        "a": f"acme_{TOKEN}",
        "b": f"acme_sample{TOKEN[6:]}",
        "c": "acme_abcdefghijklmnopqrst",
        "vendor/d": f"acme_{TOKEN}",
        "e": "part_123456789",
        "f": "acme_" + "1" * 20,
    }
    assert [(b"a", f"acme_{TOKEN}".encode())] == found(tmp_path, BETTERLEAKS, "b.toml", files)
    lost = {(item.id, item.is_whole) for item in convert_rules(str(tmp_path / "b.toml")).lost}
    assert {("part", True), ("strange", False)} == lost


def test_what_is_lost_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gitleaks.toml"
    path.write_text(GITLEAKS)
    assert {"path-only", "greek"} == {lost.id for lost in convert_rules(str(path)).lost if lost.is_whole}
    path = tmp_path / "np.yml"
    path.write_text(YAML)
    lost = {(item.id, item.what, item.is_whole) for item in convert_rules(str(path)).lost}
    assert ("np.acme.1", "`validation`", False) in lost
    assert ("np.acme.1", "`pattern_requirements.checksum`", False) in lost
    assert {"np.acme.2"} == {id for id, _, is_whole in lost if is_whole}


def test_scan_names_rules_that_it_could_not_use(tmp_path: Path) -> None:
    (tmp_path / "gitleaks.toml").write_text(GITLEAKS)
    (tmp_path / "empty").mkdir()
    selection = RuleSelection(files=(str(tmp_path / "gitleaks.toml"),), builtin=False)
    notes = Scanner(ScannerOptions(selection)).scan([str(tmp_path / "empty")]).notes
    assert "2 of its rules are not used (greek, path-only)" in notes[0]


def test_converted_file_is_read_as_ours(tmp_path: Path) -> None:
    (tmp_path / "gitleaks.toml").write_text(GITLEAKS)
    converted = convert_rules(str(tmp_path / "gitleaks.toml"))
    rules = read_rules(tmp_path / "ours.yaml", converted.as_yaml())
    assert ["gitleaks.acme-token", "gitleaks.acme-env"] == [rule.id for rule in rules]
    assert not is_foreign(str(tmp_path / "ours.yaml"))
    assert [rule.pattern for rule, _ in converted.rules] == [rule.pattern for rule in rules]


@pytest.mark.parametrize("text", ["[[rules", "title = 1", "rules = 3"])
def test_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(RuleError):
        convert_rules(str(tmp_path / "x.toml"))
