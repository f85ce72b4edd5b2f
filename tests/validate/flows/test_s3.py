# SPDX-License-Identifier: Apache-2.0
"""Which host an S3 key is tried at: a vendor's own, never a bucket's, and one that the text names only on request."""

from __future__ import annotations

import pytest

from secrethunt.online.contract import HostOrigin, NoAnswer
from secrethunt.online.targets import check_label, parse_target
from secrethunt.validate.flows.registry import load_flow
from tests.services.credentials import credential, made
from tests.services.session import PlainSession

pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")


def _asked(rule: str, endpoint: str) -> tuple[str, str, HostOrigin]:
    """URL, region of the signature and origin of the one request that goes out."""
    parts = {"access_key_id": made(20), **({"endpoint": endpoint} if endpoint else {})}
    session = PlainSession()
    flow = "aws-or-s3" if rule.startswith("aws.") else "s3"
    with pytest.raises(NoAnswer):
        load_flow(flow)(credential(rule, made(40), parts), session)
    (request,) = session.sent
    check_label(parse_target(request.url, request.origin), request.label, request.origin)
    scope = request.headers["Authorization"].partition("Credential=")[2].split("/")
    return request.url, scope[2], request.origin


@pytest.mark.parametrize(
    ("rule", "endpoint", "expected"),
    [
        ("digitalocean.spaces-secret-key", "", ("https://nyc3.digitaloceanspaces.com/", "us-east-1")),
        (
            "digitalocean.spaces-secret-key",
            "assets.fra1.digitaloceanspaces.com",
            ("https://fra1.digitaloceanspaces.com/", "fra1"),
        ),
        (
            "cloudflare.r2-secret-key",
            "0123456789abcdef.eu.r2.cloudflarestorage.com",
            ("https://0123456789abcdef.eu.r2.cloudflarestorage.com/", "auto"),
        ),
        ("google.hmac-key-secret", "", ("https://storage.googleapis.com/", "auto")),
        ("google.hmac-key-secret", "bucket.storage.googleapis.com", ("https://storage.googleapis.com/", "auto")),
        (
            "aws.secret-access-key-any-vendor",
            "https://media.s3.eu-central-1.wasabisys.com",
            ("https://s3.eu-central-1.wasabisys.com/", "eu-central-1"),
        ),
        (
            "aws.secret-access-key-any-vendor",
            "s3.us-west-004.backblazeb2.com",
            ("https://s3.us-west-004.backblazeb2.com/", "us-west-004"),
        ),
        (
            "aws.secret-access-key-any-vendor",
            "https://s3.gra.io.cloud.ovh.net",
            ("https://s3.gra.io.cloud.ovh.net/", "gra"),
        ),
    ],
)
def test_a_vendors_host_is_asked_for_the_service(rule: str, endpoint: str, expected: tuple[str, str]) -> None:
    assert (*expected, HostOrigin.RULE) == _asked(rule, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://minio.acme.example:9000", "https://minio.acme.example:9000/"),
        ("http://minio:9000", "http://minio:9000/"),
        ("wasabisys.com.evil.example", "https://wasabisys.com.evil.example/"),
        ("evilwasabisys.com", "https://evilwasabisys.com/"),
    ],
)
def test_any_other_host_is_one_that_was_found(endpoint: str, url: str) -> None:
    asked, _, origin = _asked("aws.secret-access-key-any-vendor", endpoint)
    assert (url, HostOrigin.FOUND) == (asked, origin)


@pytest.mark.parametrize(
    "endpoint", ["https://user@minio.example", "https://minio.example/?x", "ftp://minio.example", "a b"]
)
def test_what_is_no_host_is_not_asked(endpoint: str) -> None:
    parts = {"access_key_id": made(20), "endpoint": endpoint}
    session = PlainSession(allow_found=True)
    with pytest.raises(NoAnswer):
        load_flow("aws-or-s3")(credential("aws.secret-access-key-any-vendor", made(40), parts), session)
    assert [] == session.sent
