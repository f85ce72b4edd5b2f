# SPDX-License-Identifier: Apache-2.0
"""
Owns which addresses may be asked: public unicast, and what the user allowed beyond. Resolves and connects to nothing.

Registries: IANA special-purpose address registries (RFC 6890 and its updates). Forms of IPv6 that carry an IPv4
address (mapped, compatible, translated, 6to4, Teredo, ISATAP) lead there somewhere on the way, so both must be allowed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from secrethunt.errors import UsageError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle and others
        "169.254.170.2",  # AWS ECS task roles
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's platform channel, in public space
        "192.0.0.192",  # Oracle, classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # Google
    )
)
"""Addresses that hand credentials to whoever asks from inside: allowed only when named one by one."""

_NEVER: Final = (
    ("an unspecified address", _networks("0.0.0.0/8", "::/128")),
    ("a multicast address", _networks("224.0.0.0/4", "ff00::/8")),
    ("a broadcast address", _networks("255.255.255.255/32")),
)
_NOT_PUBLIC: Final = (
    ("a loopback address", _networks("127.0.0.0/8", "::1/128")),
    ("a link-local address", _networks("169.254.0.0/16", "fe80::/10")),
    ("a private address", _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("a carrier's shared address", _networks("100.64.0.0/10")),
    (
        "a reserved address",
        _networks(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    ),
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_LAST_32_BITS: Final = _networks("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
"""Mapped, compatible, translated (RFC 2765), and both NAT64 prefixes (RFC 6052, RFC 8215; /96 of the latter)."""


def parse_allowed(texts: Iterable[str]) -> tuple[Network, ...]:
    """
    Addresses and networks that the user allows although they are not public.

    Raises:
        UsageError: One of them is neither.
    """
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError:
            raise UsageError(
                f"{text!r} is no address or network", hint="Write 10.1.2.3, 10.0.0.0/8 or fd00::/8"
            ) from None
    return tuple(found)


def refusal(ip: IP, allowed: tuple[Network, ...], *, is_users_host: bool = False) -> str | None:
    """
    Why *ip* may not be asked, as a noun ("a loopback address"), or None when it may.

    Args:
        ip: Without a zone.
        allowed: What the user allowed, from `parse_allowed`.
        is_users_host: The user named the host of this address, so it may be private; metadata and embedded forms not.
    """
    inner = embedded(ip)
    if inner is not None:
        within = refusal(inner, allowed)
        if within is not None:
            return f"{within} inside an IPv6 address"
        return None if _is_within(ip, allowed) else "an IPv4 address inside an IPv6 address"
    if ip in _METADATA:
        return None if any(net.num_addresses == 1 and ip in net for net in allowed) else "a metadata service's address"
    for name, networks in _NEVER:
        if _is_within(ip, networks):
            return name
    if is_users_host or _is_within(ip, allowed):
        return None
    return _special(ip)


def embedded(ip: IP) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address carries, or None; `::` and `::1` carry none."""
    if isinstance(ip, ipaddress.IPv4Address) or int(ip) <= 1:
        return None
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    is_isatap = int(ip) >> 32 & 0xFDFF_FFFF == 0x0000_5EFE
    if is_isatap or _is_within(ip, _LAST_32_BITS):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None


def _special(ip: IP) -> str | None:
    for name, networks in _NOT_PUBLIC:
        if _is_within(ip, networks):
            return name
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_V6:
        return "a reserved address"
    return None


def _is_within(ip: IP, networks: tuple[Network, ...]) -> bool:
    return any(ip in network for network in networks)
