# SPDX-License-Identifier: Apache-2.0
"""
Signatures with fixed keys, times and nonces. What is expected was made by the providers' own libraries with the same:
alibabacloud-tea-openapi 0.4.6, tencentcloud-sdk-python-common, huaweicloudsdkcore 3.1.219, ovh, python-kraken-sdk,
oauthlib 4.0.1, requests (Digest).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import unquote

from secrethunt.validate.flows.clouds import alibaba_headers, huawei_headers, tencent_headers
from secrethunt.validate.flows.digest import authorization as digest_header
from secrethunt.validate.flows.exchanges import kraken_signature
from secrethunt.validate.flows.oauth1 import authorization as oauth1_header
from secrethunt.validate.flows.ovh import signature as ovh_signature
from tests.services.credentials import made

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = made(32)
KEY = made(20, seed=2)


def _alibaba() -> str:
    headers = alibaba_headers("sts.aliyuncs.com", KEY, SECRET, token="", moment=MOMENT, nonce="0" * 32)
    return headers["Authorization"].rpartition("Signature=")[2]


def _tencent() -> str:
    headers = tencent_headers("sts.tencentcloudapi.com", KEY, SECRET, now=int(MOMENT.timestamp()))
    return headers["Authorization"].rpartition("Signature=")[2]


def _huawei() -> str:
    headers = huawei_headers("iam.myhuaweicloud.com", "/v3/auth/domains", KEY, SECRET, moment=MOMENT)
    return headers["Authorization"].rpartition("Signature=")[2]


def _ovh() -> str:
    return ovh_signature(SECRET, KEY, "https://eu.api.ovh.com/1.0/auth/currentCredential", "1767323045")


def _kraken() -> str:
    secret = base64.b64encode(made(64).encode()).decode()
    return kraken_signature(secret, "/0/private/Balance", "1767323045000", b"nonce=1767323045000")


def _oauth1() -> str:
    values = {"access_token": KEY, "access_secret": SECRET, "api_key": made(25), "api_secret": made(50)}
    url = "https://api.twitter.com/1.1/account/verify_credentials.json"
    header = oauth1_header(url, values, nonce="0" * 32, now=1767323045)
    return unquote(header.partition('oauth_signature="')[2].partition('"')[0])


def _digest() -> str:
    fields = {"realm": "MMS Public API", "nonce": "abc", "algorithm": "MD5", "qop": "auth"}
    header = digest_header(fields, "/api/atlas/v2/orgs?itemsPerPage=1", KEY, SECRET, client="0" * 16)
    return header.partition('response="')[2].partition('"')[0]


def test_alibaba_signs_as_its_own_library_does() -> None:
    assert "c021d6168831642d45c5f5b2c01db5e99bac5c6ec3b90446b41b6789cffe53de" == _alibaba()


def test_tencent_signs_as_its_own_library_does() -> None:
    assert "ca9cdbbec64672e59a1872ca12b9ee9ce11ea1eeef2f6ebe9e58728c61ca4e79" == _tencent()


def test_huawei_signs_as_its_own_library_does() -> None:
    assert "df40f1a7b7714b19d98c6c329d8291bff980f61f9180aed98bb7f73e1ca9a7ee" == _huawei()


def test_ovh_signs_as_its_own_library_does() -> None:
    assert "$1$94166f66baa1bf488b690ecbeb3f72ea6b68c11f" == _ovh()


def test_kraken_signs_as_its_own_library_does() -> None:
    assert (
        "db91d146b73cfe2725ac366c4bd9095633a63ffc60eec2c5ab69b474094f38f4"
        == hashlib.sha256(_kraken().encode()).hexdigest()
    )


def test_oauth1_signs_as_oauthlib_does() -> None:
    assert "IEWb4AwJS9jVaTnMQqfEidyoqiw=" == _oauth1()


def test_digest_answers_as_requests_does() -> None:
    assert "dfd6f5579a387637e2c36f8cece26b79" == _digest()
