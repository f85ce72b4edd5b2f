# SPDX-License-Identifier: Apache-2.0
"""The one accepted spelling of URLs and hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.errors import UsageError
from secrethunt.online.contract import HostOrigin, NoAnswer
from secrethunt.online.targets import Target, check_label, endpoint_target, parse_endpoint, parse_target

TRICKY = st.text(alphabet="ab.:/@#?\\%[]-_ \t\n\0" + "127x" + "\u3002\uff0f\u2100", max_size=20)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.acme.com", Target("https", "api.acme.com", 443, "/", "")),
        ("https://API.Acme.com/v1?a=1&b=%2F", Target("https", "api.acme.com", 443, "/v1", "?a=1&b=%2F")),
        ("https://api.acme.com:8443/", Target("https", "api.acme.com", 8443, "/", "")),
        ("https://api.acme.com?x=/../", Target("https", "api.acme.com", 443, "/", "?x=/../")),
        ("https://my_team.acme.com/a..b/.c", Target("https", "my_team.acme.com", 443, "/a..b/.c", "")),
    ],
)
def test_urls_are_taken_apart(url: str, expected: Target) -> None:
    assert expected == parse_target(url, HostOrigin.RULE)


@given(TRICKY)
def test_the_host_is_the_one_that_other_parsers_see(text: str) -> None:
    """Whatever is accepted is read alike by the standard library's parser: no way to mean two hosts at once."""
    url = f"https://{text}.acme.com/v1"
    try:
        target = parse_target(url, HostOrigin.FOUND)
    except NoAnswer:
        return
    parts = urlsplit(target.url)
    assert (target.host, target.port) == (parts.hostname, parts.port or 443)
    assert parts.username is None and "\\" not in target.url and target.url.isascii()


@given(TRICKY)
def test_a_value_never_leaves_the_rules_domain(text: str) -> None:
    label = "GET https://{{tenant}}.acme.com/v1/me"
    try:
        target = parse_target(f"https://{text}.acme.com/v1/me", HostOrigin.RULE)
        check_label(target, label, HostOrigin.RULE)
    except NoAnswer:
        return
    assert target.host.endswith(".acme.com") and (443, "/v1/me") == (target.port, target.path)


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("api.acme.com", "GET https://api.acme.com/v1"),
        ("api.acme.com", "GET https://api.acme.com (again)"),
        ("eu.acme.com", "GET https://{{region|lower}}.acme.com/v1"),
        ("a.b.acme.com", "GET https://{{tenant}}.{{region}}.acme.com/v1"),
        ("sts.eu-west-1.amazonaws.com", "POST https://sts.{{region}}.amazonaws.com/?Action=GetCallerIdentity"),
        ("acme-eu.api.acme.com", "GET https://acme-{{region}}.api.acme.com/{{account}}"),
        ("api.eu.acme.io", "GET https://api.{{site}}/v1"),
        ("s3.eu.acme.com", "HEAD https://{endpoint}.acme.com"),
        ("x.acme.com", "GET https://{{after:/|host}}.acme.com/v1?x={{a}}:{{b}}"),
    ],
)
def test_labels_of_rules_fit_their_urls(host: str, label: str) -> None:
    check_label(Target("https", host, 443), label, HostOrigin.RULE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("github=https://ghe.example/api/v3/", ("github", "https://ghe.example/api/v3")),
        (" gitlab = http://10.0.0.5:8080 ", ("gitlab", "http://10.0.0.5:8080")),
        ("jira=https://[fd00::5]:8443/jira", ("jira", "https://[fd00::5]:8443/jira")),
        ("jira=https://b\u00fccher.example", ("jira", "https://xn--bcher-kva.example")),
        ("jira=https://JIRA:443", ("jira", "https://jira")),
    ],
)
def test_endpoints_are_read(text: str, expected: tuple[str, str]) -> None:
    assert expected == parse_endpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "github",
        "=https://ghe.example",
        "github=ghe.example",
        "github=ftp://ghe.example",
        "github=https://",
        "github=https://ann:pass" + "word@ghe.example",
        "github=https://ghe.example/?x=1",
        "github=https://ghe.example/#x",
        "github=https://ghe.example/../x",
        "github=https://0x7f000001/",
        "github=https://ghe.example:99999",
        "github=https://\u2100.example",
    ],
)
def test_what_is_no_endpoint_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_endpoint(text)


def test_the_error_of_an_endpoint_does_not_repeat_its_password() -> None:
    with pytest.raises(UsageError, match="endpoint of 'github': the URL holds user information") as caught:
        endpoint_target("github", "https://ann:pl4nted@ghe.example")
    assert "pl4nted" not in str(caught.value)
