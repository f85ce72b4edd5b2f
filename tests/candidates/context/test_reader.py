# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.candidates.context import ContextReader
from secrethunt.candidates.context.reader import MAX_VALUES, MAX_WHOLE
from secrethunt.records import SyntaxContext

VALUE = b"quokka"
"""What stands for a value in these texts."""


def read(path: str, text: str) -> SyntaxContext | None:
    """The context of the one value in *text*."""
    data = text.encode()
    start = data.index(VALUE)
    [context] = ContextReader().read(data, path.encode(), [(start, start + len(VALUE))])
    return context


ASSIGNED = [
    ("a.py", 'password = "quokka"', "string", "password"),
    ("a.js", "const password = 'quokka';", "string", "password"),
    ("a.ts", "class A { password = 'quokka'; }", "string", "password"),
    ("a.tsx", "const password = 'quokka'; const x = <b>y</b>;", "string", "password"),
    ("A.java", 'class A { static final String PASSWORD = "quokka"; }', "string", "PASSWORD"),
    ("a.kt", 'val password = "quokka"\n', "string", "password"),
    ("a.go", 'package a\nconst password = "quokka"\n', "string", "password"),
    ("a.rb", "password = 'quokka'\n", "string", "password"),
    ("a.php", "<?php $password = 'quokka';", "string", "$password"),
    ("a.cs", 'class A { void F() { c.Password = "quokka"; } }', "string", "Password"),
    ("a.c", 'static const char *password = "quokka";', "string", "password"),
    ("a.cpp", 'std::string password = "quokka";', "string", "password"),
    ("a.rs", 'fn f() { let password = "quokka"; }', "string", "password"),
    ("a.scala", 'object A { val password = "quokka" }', "string", "password"),
    ("a.swift", 'let password = "quokka"\n', "string", "password"),
    ("a.sh", "export PASSWORD=quokka\n", "plain text", "PASSWORD"),
    ("a.ps1", '$password = "quokka"\n', "string", "$password"),
    ("a.sql", "UPDATE t SET password = 'quokka' WHERE id = 1;", "string", "password"),
    ("a.tf", 'resource "a" "b" { password = "quokka" }', "string", "password"),
    ("a.xml", '<a><b password="quokka"/></a>', "string", "password"),
    ("a.properties", "db.password=quokka\n", "plain text", "db.password"),
    ("a.ini", "[a]\npassword = quokka\n", "plain text", "password"),
    (".env", 'export DB_PASSWORD="quokka"\n', "plain text", "DB_PASSWORD"),
    ("Dockerfile", "FROM a\nENV DB_PASSWORD=quokka\n", "plain text", "DB_PASSWORD"),
]


@pytest.mark.parametrize(("path", "text", "literal", "name"), ASSIGNED)
def test_assigned_literal_is_known_with_its_name(path: str, text: str, literal: str, name: str) -> None:
    context = read(path, text)
    assert context is not None
    assert (literal, "assigned", name, False) == (context.literal, context.use, context.name, context.is_part)


USES = [
    ("a.py", 'def f(x, password="quokka"):\n    pass\n', "default argument"),
    ("a.py", 'if password == "quokka":\n    pass\n', "comparison"),
    ("a.py", 'connect(user, password="quokka")\n', "named argument"),
    ("a.py", 'x = {"password": "quokka"}\n', "dictionary value"),
    ("a.py", 'def f():\n    return "quokka"\n', "returned"),
    ("a.js", "if (password === 'quokka') {}", "comparison"),
    ("a.js", "const a = {password: 'quokka'};", "dictionary value"),
    ("a.go", 'package a\nvar x = C{Password: "quokka"}\n', "dictionary value"),
    ("a.go", 'package a\nfunc f() { if p == "quokka" {} }\n', "comparison"),
    ("a.rb", "def f(password = 'quokka')\nend\n", "default argument"),
    ("a.php", "<?php function f($password = 'quokka') {}", "default argument"),
    ("a.cs", 'class A { [InlineData("quokka")] void F() {} }', "annotation"),
    ("A.java", 'class A { @Value("quokka") String x; }', "annotation"),
    ("a.kt", 'val m = mapOf("password" to "quokka")\n', "dictionary value"),
    ("a.rs", 'fn f() { let c = C { password: "quokka" }; }', "dictionary value"),
    ("a.scala", 'object A { val m = Map("password" -> "quokka") }', "dictionary value"),
    ("a.swift", 'let d = ["password": "quokka"]\n', "dictionary value"),
    ("a.sh", 'if [ "$P" == "quokka" ]; then :; fi\n', "comparison"),
    ("a.sh", "mysql -u root --password=quokka\n", "argument of a command"),
    ("a.sh", "P=${P:-quokka}\n", "default argument"),
    ("a.ps1", 'Connect-It -Password "quokka"\n', "argument of a command"),
    ("a.yml", "a:\n  password: quokka\n", "dictionary value"),
    ("a.json", '{"a": {"password": "quokka"}}', "dictionary value"),
    ("a.toml", '[a]\npassword = "quokka"\n', "dictionary value"),
    ("a.xml", "<a><password>quokka</password></a>", "element of markup"),
    ("a.html", "<p>quokka</p>", "element of markup"),
    ("Dockerfile", "FROM a\nRUN mysql -pquokka\n", "argument of a command"),
]


@pytest.mark.parametrize(("path", "text", "use"), USES)
def test_what_is_done_with_a_value_is_told(path: str, text: str, use: str) -> None:
    context = read(path, text)
    assert context is not None
    assert use == context.use


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "# password = quokka\n"),
        ("a.js", "// password: quokka\n"),
        ("A.java", "/** password quokka */ class A {}"),
        ("a.c", "/* quokka */ int a;"),
        ("a.sql", "-- quokka\nSELECT 1;"),
        ("a.yml", "a: b\n# password: quokka\n"),
        ("a.toml", "# quokka\na = 1\n"),
        ("a.ini", "; password = quokka\n"),
        ("a.xml", "<a><!-- quokka --></a>"),
        ("Dockerfile", "FROM a\n# quokka\n"),
    ],
)
def test_comment_is_told_from_a_literal(path: str, text: str) -> None:
    context = read(path, text)
    assert context is not None
    assert "comment" == context.literal


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "password = settings.quokka\n"),
        ("a.py", "password = quokka()\n"),
        ("a.py", 'password = f"a{quokka}"\n'),
        ("a.js", "const password = config.quokka;"),
        ("a.go", "package a\nvar password = quokka\n"),
        ("a.tf", "a { password = var.quokka }\n"),
    ],
)
def test_expression_is_no_literal(path: str, text: str) -> None:
    context = read(path, text)
    assert context is not None
    assert "code" == context.literal


@pytest.mark.parametrize(
    ("path", "text", "callee"),
    [
        ("a.py", 'logging.info("quokka")', "info"),
        ("a.js", "client.post('/a', {password: 'quokka'})", "post"),
        ("A.java", 'class A { void f() { c.setPassword("quokka"); } }', "setPassword"),
        ("a.go", 'package a\nfunc f() { nats.Token("quokka") }\n', "Token"),
        ("a.rb", "User.create(password: 'quokka')\n", "create"),
        ("a.rs", 'fn f() { println!("{}", "quokka"); }', "println"),
        ("a.sh", "/usr/bin/mysql -p quokka\n", "mysql"),
    ],
)
def test_receiver_of_a_value_is_named(path: str, text: str, callee: str) -> None:
    context = read(path, text)
    assert context is not None
    assert callee == context.callee


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", 'class LoginTests(TestCase):\n    def f(self):\n        p = "quokka"\n'),
        ("a.py", 'def test_login():\n    p = "quokka"\n'),
        ("a.js", 'it("logs in", () => { const p = "quokka"; });'),
        ("a.go", 'package a\nfunc TestLogin(t *testing.T) { p := "quokka" }\n'),
        ("A.java", 'class A { @Test void f() { String p = "quokka"; } }'),
    ],
)
def test_block_that_is_called_a_test_is_told(path: str, text: str) -> None:
    context = read(path, text)
    assert context is not None
    assert context.in_test


def test_latest_contest_is_no_test() -> None:
    context = read("a.py", 'def latest_contest():\n    p = "quokka"\n')
    assert context is not None
    assert not context.in_test


def test_value_inside_a_longer_string_is_a_part_of_it() -> None:
    context = read("a.py", 'url = "amqp://svc:quokka@queue/"\n')
    assert context is not None
    assert ("string", True) == (context.literal, context.is_part)


def test_code_block_of_markdown_is_read_in_its_language() -> None:
    context = read("a.md", 'Text.\n\n```python\npassword = "quokka"\n```\n')
    assert context is not None
    assert ("python", "string", "assigned") == (context.language, context.literal, context.use)


@pytest.mark.parametrize("text", ["Use quokka.\n", "```python\nx = 1\n```\nUse quokka.\n", "```nothing\nquokka\n```\n"])
def test_markdown_outside_of_known_code_is_text(text: str) -> None:
    assert SyntaxContext("markdown", literal="text") == read("a.md", text)


def test_file_of_no_known_language_has_no_context() -> None:
    assert read("a.bin", "password = quokka") is None


def test_value_in_a_large_file_is_read_in_its_surroundings() -> None:
    filler = "x = 1\n" * (MAX_WHOLE // 3)
    context = read("a.py", f'{filler}password = "quokka"\n{filler}')
    assert context is not None
    assert ("string", "assigned", "password") == (context.literal, context.use, context.name)


def test_value_in_one_line_of_fifty_megabytes_is_read_quickly() -> None:
    filler = "a = 1; " * (25 << 20 >> 3)
    context = read("a.js", f"{filler}password = 'quokka'; {filler}")
    assert context is not None
    assert ("string", "assigned") == (context.literal, context.use)


def test_file_with_thousands_of_values_is_read_up_to_a_limit() -> None:
    data = b'a = "quokka"\n' * (MAX_VALUES + 50)
    spans = [(13 * line + 5, 13 * line + 11) for line in range(MAX_VALUES + 50)]
    contexts = ContextReader().read(data, b"a.py", spans)
    assert MAX_VALUES == sum(context is not None for context in contexts)
    assert contexts[MAX_VALUES:] == [None] * 50


def test_same_bytes_have_the_same_context_whatever_was_read_before() -> None:
    reader = ContextReader()
    data = b'password = "quokka"\n'
    first = reader.read(data, b"a.py", [(12, 18)])
    reader.read(b"- " * 200, b"a.yml", [(0, 1)])
    reader.read(b'{"a": "quokka"', b"a.json", [(7, 13)])
    assert first == reader.read(data, b"a.py", [(12, 18)])
