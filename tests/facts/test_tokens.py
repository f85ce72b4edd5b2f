# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from secrethunt.facts import read_facts, with_expiry


def b64(data: object) -> bytes:
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def jwt(claims: dict[str, object], **header: object) -> bytes:
    return b".".join([b64({"alg": "RS256", **header}), b64(claims), b"signature"])


def facts(value: bytes, rule: str = "acme.token") -> dict[str, str]:
    return dict(read_facts(rule, value, value))


def test_claims_of_a_token_are_its_facts() -> None:
    said = facts(
        jwt(
            {"iss": "https://id.acme", "sub": "42", "aud": ["a", "b"], "iat": 1600000000, "exp": 1700000000, "x": "y"},
            kid="k1",
        )
    )
    assert {
        "algorithm": "RS256",
        "key_id": "k1",
        "issuer": "https://id.acme",
        "subject": "42",
        "audience": "a b",
        "issued": "2020-09-13T12:26:40Z",
        "expires": "2023-11-14T22:13:20Z",
    } == said


def test_token_behind_a_prefix_and_one_encoded_again_are_read_too() -> None:
    token = jwt({"sub": "42"})
    assert facts(token) == facts(base64.b64encode(token))
    assert "42" == facts(b"ghs_" + token)["subject"]


@pytest.mark.parametrize(
    "claims",
    [
        {"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "ci"}}},
        {"kubernetes.io/serviceaccount/namespace": "shop", "kubernetes.io/serviceaccount/service-account.name": "ci"},
    ],
)
def test_kubernetes_token_names_its_account(claims: dict[str, object]) -> None:
    said = facts(jwt(claims))
    assert ("shop", "ci") == (said["namespace"], said["account"])


@pytest.mark.parametrize("claims", [{"exp": "soon"}, {"exp": True}, {"exp": 1e30}, {"exp": -1}, {"sub": {"a": 1}}])
def test_claim_of_the_wrong_kind_is_left_out(claims: dict[str, object]) -> None:
    assert {"algorithm": "RS256"} == facts(jwt(claims))


def test_claim_without_end_is_cut() -> None:
    assert 200 == len(facts(jwt({"sub": "x" * 9000}))["subject"])


def macaroon(*caveats: object, location: bytes = b"pypi.org") -> bytes:
    """A version-2 macaroon (libmacaroons, doc/format.txt) as PyPI makes them."""

    def field(kind: int, data: bytes) -> bytes:
        size, length = len(data), b""
        while size > 127:
            size, length = size >> 7, length + bytes([size & 127 | 128])
        return bytes([kind]) + length + bytes([size]) + data

    raw = b"\x02" + field(1, location) + field(2, b"0b7b2b36-5f5c-4b2d-9d5e") + b"\0"
    for caveat in caveats:
        raw += field(2, json.dumps(caveat).encode()) + b"\0"
    return b"pypi-" + b64(raw + b"\0" + field(6, b"k" * 32))


@pytest.mark.parametrize(
    ("caveats", "expected"),
    [
        ([{"version": 1, "permissions": "user"}], {"scopes": "all projects of the user"}),
        ([{"version": 1, "permissions": {"projects": ["acme", "bolt"]}}], {"project": "acme bolt"}),
        ([[1, ["acme"]], [0, 1700000000, 1600000000]], {"project": "acme", "expires": "2023-11-14T22:13:20Z"}),
        ([[3, "c0ffee"]], {"user": "c0ffee"}),
        ([], {}),
        ([["strange"], [99, 1], "text", None], {}),
    ],
)
def test_macaroon_says_what_it_is_restricted_to(caveats: list[object], expected: dict[str, str]) -> None:
    assert {"host": "pypi.org", "kind": "API token"} | expected == facts(macaroon(*caveats))


def test_routable_token_says_its_ids() -> None:
    payload = b64(b"c:1\no:2s\nu:1zg1z3\n" + b"\xff" * 16 + b"\x10")
    assert ("1", "100", str(int("1zg1z3", 36))) == tuple(
        facts(b"glpat-" + payload + b".01.120abcdef0")[name] for name in ("cell", "organization", "user")
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            b"glc_" + b64({"o": "1", "n": "ci", "k": "hidden", "m": {"r": "eu"}}),
            {"organization": "1", "name": "ci", "region": "eu"},
        ),
        (b64({"k": "hidden", "n": "ci", "id": 7}), {"name": "ci", "organization": "7"}),
        (
            b"sntrys_"
            + b64({"iat": 1700000000.5, "url": "https://sentry.io", "region_url": "", "org": "acme"})
            + b"_k",
            {"organization": "acme", "host": "https://sentry.io", "issued": "2023-11-14T22:13:20Z"},
        ),
        (
            b"ops_" + b64({"signInAddress": "acme.1password.com", "email": "a@b", "secretKey": "hidden"}),
            {"email": "a@b"},
        ),
        (b"sk." + b64({"u": "ann", "a": "c1"}) + b".sig", {"user": "ann", "key_id": "c1"}),
    ],
)
def test_token_that_is_an_object_says_all_but_its_secret(value: bytes, expected: dict[str, str]) -> None:
    said = facts(value)
    assert expected.items() <= said.items()
    assert "hidden" not in said.values()


NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends", "expired"),
    [
        ("2023-12-31T23:59:59Z", "yes"),
        ("2024-01-01T00:00:00Z", "yes"),
        ("2030-01-01", "no"),
        ("2030-01-01T00:00Z", "no"),
    ],
)
def test_what_has_an_end_is_past_it_or_not(ends: str, expired: str) -> None:
    assert (("expires", ends), ("expired", expired)) == with_expiry((("expires", ends),), NOW)


@pytest.mark.parametrize("said", [(), (("user", "ann"),), (("expires", "never"),)])
def test_what_has_no_end_says_nothing_of_it(said: tuple[tuple[str, str], ...]) -> None:
    assert said == with_expiry(said, NOW)
