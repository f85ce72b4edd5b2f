# SPDX-License-Identifier: Apache-2.0
"""Which addresses may be asked."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.errors import UsageError
from secrethunt.online.addresses import embedded, parse_allowed, refusal

WHATEVER = parse_allowed(["0.0.0.0/0", "::/0"])


@pytest.mark.parametrize("text", ["8.8.8.8", "140.82.121.4", "2606:4700::6810:84e5", "2a00:1450:4001:82a::200e"])
def test_public_addresses_may_be_asked(text: str) -> None:
    assert refusal(ipaddress.ip_address(text), ()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("10.0.0.1", "a private address"),
        ("fd00::1", "a private address"),
        ("169.254.0.1", "a link-local address"),
        ("100.64.0.1", "a carrier's shared address"),
        ("224.0.0.1", "a multicast address"),
        ("0.0.0.0", "an unspecified address"),
        ("255.255.255.255", "a broadcast address"),
        ("240.0.0.1", "a reserved address"),
        ("4000::1", "a reserved address"),
        ("169.254.169.254", "a metadata service's address"),
        ("::ffff:10.0.0.1", "a private address inside an IPv6 address"),
        ("2002:0a00:0001::", "a private address inside an IPv6 address"),
        ("::ffff:8.8.8.8", "an IPv4 address inside an IPv6 address"),
    ],
)
def test_refusal_says_what_the_address_is(text: str, expected: str) -> None:
    assert expected == refusal(ipaddress.ip_address(text), ())


@given(st.ip_addresses())
def test_what_may_be_asked_is_public_by_the_standard_librarys_registry_too(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if refusal(ip, ()) is None:
        assert ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_private


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::"]))
def test_an_address_inside_another_is_found(inner: ipaddress.IPv4Address, prefix: str) -> None:
    outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(inner))
    if int(outer) > 1:
        assert inner == embedded(outer)
        assert refusal(outer, ()) is not None


@given(st.ip_addresses(v=4))
def test_an_allowed_shell_does_not_open_what_is_inside(inner: ipaddress.IPv4Address) -> None:
    outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(inner))
    within = refusal(inner, ())
    assert (within is None) == (refusal(outer, parse_allowed(["64:ff9b::/96"])) is None)


@pytest.mark.parametrize("text", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1"])
def test_some_are_opened_by_no_network(text: str) -> None:
    assert refusal(ipaddress.ip_address(text), WHATEVER) is not None
    assert refusal(ipaddress.ip_address(text), (), is_users_host=True) is not None


def test_a_metadata_service_is_opened_by_its_own_address() -> None:
    assert refusal(ipaddress.ip_address("169.254.169.254"), parse_allowed(["169.254.169.254"])) is None


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.1.2.3/8", " 10.1.2.3 "])
def test_allowed_networks_are_read(text: str) -> None:
    assert refusal(ipaddress.ip_address("10.1.2.3"), parse_allowed([text])) is None


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.0/33", "10.0.0", "0x0a000001", "*"])
def test_what_is_no_network_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="is no address or network"):
        parse_allowed([text])
