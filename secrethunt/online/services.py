# SPDX-License-Identifier: Apache-2.0
"""Owns the look-up of the servers that a domain names for a service (SRV records, RFC 2782)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from secrethunt.online.contract import NoAnswer

ServiceResolver = Callable[[str], Sequence[tuple[str, int]]]
"""Hosts and ports of a name such as `_mongodb._tcp.cluster0.acme.com`, best first. Raises `NoAnswer`."""

_LIFETIME_S = 5.0
_MOST = 16


def system_services(name: str) -> Sequence[tuple[str, int]]:
    """
    What the machine's name servers say; needs dnspython, as the system's own resolver knows addresses alone.

    Raises:
        NoAnswer: There are none, nobody answers, or dnspython is not installed.
    """
    try:
        import dns.exception
        import dns.resolver
    except ImportError as err:
        raise NoAnswer("not installed: pip install 'secrethunt[mongodb]'") from err
    try:
        answer = dns.resolver.resolve(name, "SRV", lifetime=_LIFETIME_S)
    except (dns.exception.DNSException, OSError) as err:
        raise NoAnswer("DNS names no server of this cluster") from err
    ordered = sorted(answer, key=lambda record: (record.priority, -record.weight))
    return [(record.target.to_text(omit_final_dot=True).lower(), int(record.port)) for record in ordered[:_MOST]]
