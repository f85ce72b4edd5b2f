# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from secrethunt.records import RuleId
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.offline import offline_outcome
from tests.report.samples import make_rule, make_value
from tests.validate.credentials import credential_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def outcome_of(credential: Credential, *, touches_canaries: bool = False) -> Outcome | None:
    return offline_outcome(credential, touches_canaries=touches_canaries, now=NOW)


def state_of(credential: Credential) -> State | None:
    outcome = outcome_of(credential)
    return None if outcome is None else outcome.state


def jwt(ends: datetime) -> bytes:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "4711", "exp": int(ends.timestamp())})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b"c2lnbmF0dXJl"])


def aws_key_id(account: int) -> bytes:
    """An access key id that holds *account*: the inverse of `facts.cloud.aws_key_id`."""
    number = (1 << 47) | (account << 7)
    return b"AKIA" + base64.b32encode(number.to_bytes(6, "big") + bytes(4))[:16]


def make_certificate(ends: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acme")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(4711).not_valid_before(ends - timedelta(days=90)).not_valid_after(ends)
    return key, builder.sign(key, hashes.SHA256())


PAST, FUTURE = NOW - timedelta(days=3), NOW + timedelta(days=3)
ENDS = [(PAST, State.INACTIVE), (FUTURE, None)]


@pytest.mark.parametrize(("ends", "expected"), ENDS)
def test_tokens_that_say_when_they_end(ends: datetime, expected: State | None) -> None:
    assert expected is state_of(credential_of(jwt(ends)))


def test_clocks_may_differ() -> None:
    assert state_of(credential_of(jwt(NOW - timedelta(minutes=2)))) is None


@pytest.mark.parametrize("ends", ["2026-05-01T00:00:00Z", "2026-05-01", "2026-05-01T02:00:00+02:00"])
def test_what_the_scan_says_of_the_end_counts(ends: str) -> None:
    outcome = outcome_of(credential_of(make_value("sas"), facts={"expires": ends}))
    assert outcome is not None
    assert (State.INACTIVE, "over since 2026-05-01T00:00:00Z") == (outcome.state, outcome.reason)


@pytest.mark.parametrize("ends", ["", "soon", "2027-01-01"])
def test_an_end_that_is_far_or_unreadable_settles_nothing(ends: str) -> None:
    assert state_of(credential_of(make_value("sas"), facts={"expires": ends})) is None


@pytest.mark.parametrize(("ends", "expected"), ENDS)
def test_certificates_beside_a_key(ends: datetime, expected: State | None) -> None:
    key, certificate = make_certificate(ends)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert expected is state_of(credential_of(pem, certificate=certificate.public_bytes(Encoding.PEM)))
    assert expected is state_of(credential_of(pem + certificate.public_bytes(Encoding.PEM)))
    assert expected is state_of(credential_of(base64.b64encode(certificate.public_bytes(Encoding.DER))))


@pytest.mark.parametrize("ends", [datetime(2049, 12, 31, tzinfo=UTC), datetime(2051, 1, 1, tzinfo=UTC)])
def test_certificates_of_either_form_of_time_count(ends: datetime) -> None:
    _, certificate = make_certificate(ends)
    credential = credential_of(certificate.public_bytes(Encoding.PEM))
    later = offline_outcome(credential, touches_canaries=False, now=ends + timedelta(days=1))
    assert later is not None and later.reason == f"over since {ends:%Y-%m-%dT%H:%M:%SZ}"
    assert offline_outcome(credential, touches_canaries=False, now=ends - timedelta(days=1)) is None


@pytest.mark.parametrize(("ends", "expected"), ENDS)
@pytest.mark.parametrize("password", [b"", b"open sesame"])
def test_stores_of_keys(ends: datetime, expected: State | None, password: bytes) -> None:
    key, certificate = make_certificate(ends)
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    store = base64.b64encode(pkcs12.serialize_key_and_certificates(b"acme", key, certificate, None, encryption))
    assert expected is state_of(credential_of(store, password=password) if password else credential_of(store))


def test_a_store_that_does_not_open_settles_nothing() -> None:
    key, certificate = make_certificate(PAST)
    encryption = BestAvailableEncryption(b"open sesame")
    store = base64.b64encode(pkcs12.serialize_key_and_certificates(b"acme", key, certificate, None, encryption))
    assert state_of(credential_of(store, password=b"wrong")) is None


@pytest.mark.parametrize("cut", [1, 10, 100, 200])
def test_damaged_certificates_settle_nothing(cut: int) -> None:
    _, certificate = make_certificate(PAST)
    der = certificate.public_bytes(Encoding.DER)
    assert state_of(credential_of(base64.b64encode(der[:cut] + der[cut + 1 :])[:300])) is None


def test_an_encrypted_key_needs_its_passphrase() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    outcome = outcome_of(credential_of(pem))
    assert outcome is not None and State.UNKNOWN is outcome.state and "passphrase" in outcome.reason
    assert outcome_of(credential_of(pem, passphrase=b"open sesame")) is None


@pytest.mark.parametrize("account", [52310077262, 171436882533, 982842642351])
def test_accounts_of_canary_services_are_known_by_the_key_id(account: int) -> None:
    key_id = aws_key_id(account)
    for credential in (credential_of(key_id), credential_of(make_value("secret"), access_key_id=key_id)):
        outcome = outcome_of(credential)
        assert outcome is not None and State.UNKNOWN is outcome.state and "canary" in dict(outcome.facts)
        assert outcome_of(credential, touches_canaries=True) is None


@pytest.mark.parametrize(("provider", "expected"), [("aws", State.UNKNOWN), ("acme", None)])
def test_accounts_that_the_scan_names_count_at_their_provider(provider: str, expected: State | None) -> None:
    rule = make_rule(provider=provider)
    assert expected is state_of(credential_of(make_value("one"), rule=rule, facts={"account": "052310077262"}))


def test_other_accounts_are_no_canaries() -> None:
    assert outcome_of(credential_of(aws_key_id(123456789012))) is None


@pytest.mark.parametrize("host", ["abc.canarytokens.com", "x1.OAST.fun.", "canarytokens.org"])
def test_hosts_of_canary_services_are_known(host: str) -> None:
    assert State.UNKNOWN is state_of(credential_of(make_value("one"), facts={"host": host}))
    assert State.UNKNOWN is state_of(credential_of(f"https://{host.rstrip('.')}/hook/one".encode()))
    assert State.UNKNOWN is state_of(credential_of(make_value("one"), server=host.rstrip(".").encode()))


@pytest.mark.parametrize("host", ["notcanarytokens.com", "canarytokens.com.acme.example", "db.acme.example"])
def test_hosts_that_only_look_like_it_are_not(host: str) -> None:
    assert state_of(credential_of(make_value("one"), facts={"host": host})) is None


def test_values_that_manuals_print_are_recognised() -> None:
    printed = b"wJalrXUtnFEMI/K7MDENG/" + b"bPxRfiCY" + b"EXAMPLEKEY"
    outcome = outcome_of(credential_of(printed))
    assert outcome is not None and (State.UNKNOWN, True) == (outcome.state, "AWS" in outcome.reason)
    assert outcome_of(credential_of(printed), touches_canaries=True) is None


def test_keys_that_come_with_products_are_known_by_their_fingerprint() -> None:
    facts = {"fingerprint": "SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA"}
    outcome = outcome_of(credential_of(make_value("pem"), facts=facts))
    assert outcome is not None and "Vagrant" in outcome.reason


def test_rules_read_what_only_they_know() -> None:
    rule = make_rule(id=RuleId("aws.presigned-url"), pattern="(?P<secret>.+)")
    past = b"X-Amz-Date=20260101T000000Z&X-Amz-Expires=604800"
    assert State.INACTIVE is state_of(credential_of(past, rule=rule))
