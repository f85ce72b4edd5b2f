# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

import pytest

from secrethunt.errors import ExitCode, RuleError
from secrethunt.records import Confidence, NegativeExample, PartSpec, Severity
from secrethunt.rulefile import read_rule_file
from tests.rule_samples import ACME_YAML, digits, read_rules

PATTERN_LINE = 8


def changed(old: str, new: str) -> str:
    """The sound file with one change."""
    assert 1 == ACME_YAML.count(old)
    return ACME_YAML.replace(old, new)


def refusal(path: Path, text: str) -> RuleError:
    """The error that reading *text* ends in."""
    with pytest.raises(RuleError) as caught:
        read_rules(path, text)
    assert str(caught.value).startswith(f"{path}:{caught.value.line}: ")
    assert ExitCode.USAGE == caught.value.exit_code
    return caught.value


def read_ids(path: Path) -> list[str]:
    """Ids of the rules in the file as it is."""
    return [rule.id for rule, _ in read_rule_file(str(path))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acme.yaml"


def test_every_field_arrives(path: Path) -> None:
    [rule] = read_rules(
        path,
        changed(
            "    min_entropy: 2.5\n",
            "    min_entropy: 3\n    severity: critical\n    confidence: low\n    checksum: crc32-hex\n"
            "    charset: [digit, lower]\n    family: acme\n    generic: true\n    binary: true\n    paths: ['*.env']\n"
            "    ignore: ['(?i)^demo']\n",
        ),
    )
    assert ("acme.api-key", "Acme API key", "acme", "api-key") == (rule.id, rule.name, rule.provider, rule.nhi)
    assert (Severity.CRITICAL, Confidence.LOW) == (rule.severity, rule.confidence)
    assert ("crc32-hex", 3.0, ("digit", "lower")) == (rule.checksum, rule.min_entropy, rule.charset)
    assert ("acme", True, True) == (rule.family, rule.is_generic, rule.in_binary)
    assert (("*.env",), ("(?i)^demo",)) == (rule.paths, rule.ignore)
    assert ("ACME_KEY={{secret}}",) == rule.examples
    assert (NegativeExample("ACME_KEY=acme_live_" + "0" * 24, "placeholder"),) == rule.negative_examples
    assert ("Roll the key.", ("https://docs.acme.example/auth#keys",)) == (rule.rotate, rule.references)
    assert (str(path), 5) == (rule.file, rule.line)


def test_severity_and_confidence_are_high_unless_said(path: Path) -> None:
    [rule] = read_rules(path, ACME_YAML)
    assert (Severity.HIGH, Confidence.HIGH) == (rule.severity, rule.confidence)
    assert (False, False, "", ()) == (rule.is_generic, rule.in_binary, rule.family, rule.paths)


def test_rule_overrides_what_its_file_shares(path: Path) -> None:
    text = changed("    nhi: api-key\n", "    nhi: api-key\n    rotate: 'Delete it.'\n    provider: other\n")
    [rule] = read_rules(path, text)
    assert ("Delete it.", "other") == (rule.rotate, rule.provider)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("    min_entropy: 2.5", "    min_entropi: 2.5", 9, "unknown key 'min_entropi'"),
        ("rotate: 'Roll the key.'", "rotat: 'Roll the key.'", 2, "unknown key 'rotat'"),
        ("    min_entropy: 2.5", "    min_entropy: much", 9, "must be a number"),
        ("    min_entropy: 2.5", "    min_entropy: true", 9, "must be a number"),
        ("    min_entropy: 2.5", "    binary: 'true'", 9, "must be true or false"),
        ("    min_entropy: 2.5", "    binary: yes", 9, "must be true or false"),
        ("    min_entropy: 2.5", "    charset: digit", 9, "must be a list of texts"),
        ("    min_entropy: 2.5", "    charset: [digits]", 9, "charset knows"),
        ("    min_entropy: 2.5", "    paths: {a: b}", 9, "must be a list of texts"),
        ("    min_entropy: 2.5", "    paths: [1]", 9, "must be a list of texts"),
        ("    min_entropy: 2.5", "    severity: grave", 9, "must be one of info, low, medium, high, critical"),
        ("    min_entropy: 2.5", "    confidence: [high]", 9, "must be text"),
        ("    min_entropy: 2.5", "    checksum: md5", 9, "must be one of crc32-base62"),
        ("    min_entropy: 2.5", "    ignore: ['[a-']", 9, "does not compile"),
        ("    min_entropy: 2.5", "    ignore: ['a{99999999999999999999}']", 9, "does not compile"),
        ("    min_entropy: 2.5", "    name: Again", 9, "key 'name' stands twice"),
        ("    min_entropy: 2.5", "    ? [a, b]\n    : c", 9, "a key must be text"),
        ("    name: Acme API key", "    name: ''", 6, "'name' is missing"),
        ("    name: Acme API key", "    name: ~", 6, "'name' is missing"),
        ("    name: Acme API key", "    name: 2024", 6, "'name' must be text"),
        ("    nhi: api-key\n", "", 5, "'nhi' is missing"),
        ("provider: acme\n", "", 4, "'provider' is missing"),
        ("provider: acme", "provider: [acme]", 1, "'provider' must be text"),
        ("['https://docs.acme.example/auth#keys']", "https://docs.acme.example", 3, "'references' must be a list"),
        ("id: acme.api-key", "id: acme", 5, "must look like provider.kind"),
        ("id: acme.api-key", "id: Acme.Key", 5, "must look like provider.kind"),
        ("id: acme.api-key", "id: {a: b}", 5, "'id' must be text"),
        ("examples: ['ACME_KEY={{secret}}']", "examples: ACME_KEY", 10, "must be a list"),
        ("text: 'ACME_KEY=acme_live_000000000000000000000000', ", "", 12, "has `text` and `why`"),
        ("why: placeholder", "reason: placeholder", 12, "has `text` and `why`"),
        ("why: placeholder", "why: true", 12, "must be text"),
        ("rules:", "rulez:", 4, "unknown key 'rulez'"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_with_its_line(path: Path, old: str, new: str, line: int, what: str) -> None:
    error = refusal(path, changed(old, new))
    assert what in str(error)
    assert line == error.line


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("'acme_(?P<secret>[a-z'", "does not compile"),
        ("'acme_(?P<secret>[a-z]{99999999999999999999})'", "does not compile"),
        ("'acme_(?P<token>[a-z]{4})'", "needs one (?P<secret>"),
        ("'(?P<secret>(?:acme)?)'", "matches nothing at all"),
        ("'(?<=acme)(?P<secret>x*)'", "no anchor"),
        ("'(?P<anchor>[a-z]{65})(?P<secret>x)'", "no anchor: the marked anchor is wider than 64 bytes"),
        ("''", "'pattern' is missing"),
        ("[a]", "'pattern' must be text"),
        ("'acme_(?P<secret>[a-z]{4})'\n    value: x", "give one of"),
        ("'acme_(?P<secret>[a-z]{4})'\n    form: quoted", "give one of"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_said(path: Path, pattern: str, what: str) -> None:
    sound = ACME_YAML.splitlines()[PATTERN_LINE - 1]
    error = refusal(path, changed(sound, f"    pattern: {pattern}"))
    assert what in str(error)
    assert "rule acme.api-key" in str(error)
    assert error.line in (PATTERN_LINE, PATTERN_LINE + 1)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("value: '[0-9a-f]{32}'", "'keyword' is missing"),
        ("keyword: acme\n    form: shouted", "'form' must be one of quoted, setter"),
        ("keyword: 'acme('\n    value: '[0-9a-f]{32}'", "does not compile"),
        ("keyword: acme", "give one of"),
    ],
)
def test_what_is_wrong_with_a_keyed_rule_is_said(path: Path, entry: str, what: str) -> None:
    sound = ACME_YAML.splitlines()[PATTERN_LINE - 1]
    assert what in str(refusal(path, changed(sound, f"    {entry}")))


def test_parts_arrive_in_their_order_with_what_is_not_said_filled_in(path: Path) -> None:
    parts = (
        "    parts:\n      - {name: key_id, rules: [acme.id, acme.old-id], confirms: true}\n"
        "      - {name: host, pattern: '\\b[\\w-]{1,60}\\.acme\\.com', within: 40}\n"
        "      - {name: user, keyword: 'acme_user', value: '[a-z]{4,20}'}\n"
    )
    [rule] = read_rules(path, changed("    min_entropy: 2.5\n", parts))
    key_id, host, user = rule.parts
    assert PartSpec("key_id", rules=("acme.id", "acme.old-id"), confirms=True) == key_id
    assert PartSpec("host", pattern=r"\b[\w-]{1,60}\.acme\.com", within=40, hints=(".acme.com",)) == host
    found = re.compile(user.pattern.encode()).search(b"ACME_USER: 'annbob'")
    assert found is not None
    assert b"annbob" == found["value"]


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ("key_id", "`parts` must be a list of mappings"),
        ("[key_id]", "`parts` must be a list of mappings"),
        ("[{rules: [acme.id]}]", "'name' is missing"),
        ("[{name: Key-Id, rules: [acme.id]}]", "part 'Key-Id' must be named in lower case"),
        ("[{name: key_id}]", "part 'key_id': give `rules`, or a `pattern`, or a `keyword`"),
        ("[{name: key_id, rules: [acme.id], pattern: 'x'}]", "part 'key_id': give `rules`, or a `pattern`"),
        ("[{name: key_id, rules: acme.id}]", "'rules' must be a list of texts"),
        ("[{name: key_id, pattern: '[a'}]", "does not compile"),
        ("[{name: key_id, pattern: 'a*'}]", "matches nothing at all"),
        ("[{name: key_id, keyword: acme}]", "'value' is missing"),
        ("[{name: key_id, value: 'x'}]", "give `rules`, or a `pattern`"),
        ("[{name: key_id, pattern: 'x', within: 1.5}]", "'within' must be a number of lines up to 200"),
        ("[{name: key_id, pattern: 'x', within: 201}]", "'within' must be a number of lines up to 200"),
        ("[{name: key_id, pattern: 'x', confirms: maybe}]", "'confirms' must be true or false"),
        ("[{name: key_id, pattern: 'x', secret: true}]", "unknown key 'secret' of part 'key_id'"),
    ],
)
def test_what_is_wrong_with_a_part_is_said_with_its_line(path: Path, parts: str, what: str) -> None:
    error = refusal(path, changed("    min_entropy: 2.5\n", f"    parts: {parts}\n"))
    assert what in str(error)
    assert 9 == error.line


def test_keyword_may_stand_at_the_top_for_all_rules(path: Path) -> None:
    sound = ACME_YAML.splitlines()[PATTERN_LINE - 1]
    text = "keyword: acme\n" + changed(sound, "    value: '[0-9a-f]{32}'")
    [rule] = read_rules(path, text)
    assert "acme" in rule.pattern
    assert re.search(rule.pattern.encode(), b'ACME_KEY = "' + digits("value", 32).encode() + b'"')


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "the file is empty"),
        ("# nothing but a comment\n", 1, "the file is empty"),
        ("- a\n- b\n", 1, "a rule file is a mapping"),
        ("provider: acme\nrules: {a: b}\n", 2, "`rules` must be a list"),
        ("provider: acme\nrules: []\n", 2, "`rules` must be a list"),
        ("provider: acme\n", 1, "`rules` must be a list"),
        ("provider: acme\nrules:\n  - just text\n", 3, "a rule is a mapping"),
        ("provider: acme\nrules: [\n", 3, "not YAML"),
        ("provider: acme\n---\nprovider: other\n", 2, "not YAML"),
        ("provider: \x01\n", 1, "not YAML"),
        ("provider: {{acme}}\n", 1, "a key must be text"),
        ("provider: &loop [*loop]\nrules: []\n", 1, "aliases"),
        ("provider: &name acme\nrules:\n  - *name\n", 1, "aliases"),
    ],
)
def test_file_that_is_no_rule_file_is_refused_with_its_line(path: Path, text: str, line: int, what: str) -> None:
    error = refusal(path, text)
    assert what in str(error)
    assert line == error.line


def test_file_that_is_not_utf8_cannot_be_read(path: Path) -> None:
    path.write_bytes(ACME_YAML.encode().replace(b"Acme API", b"Acm\xe9 API"))
    with pytest.raises(RuleError, match="cannot be read") as caught:
        read_ids(path)
    assert (str(path), 1) == (caught.value.file, caught.value.line)


def test_missing_file_and_directory_cannot_be_read(tmp_path: Path) -> None:
    for name in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RuleError, match="cannot be read"):
            read_ids(name)


def test_byte_order_mark_and_crlf_are_read_through(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + ACME_YAML.replace("\n", "\r\n").encode())
    assert ["acme.api-key"] == read_ids(path)
