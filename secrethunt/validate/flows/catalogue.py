# SPDX-License-Identifier: Apache-2.0
"""Which flows there are: name, code, extra, and all that each may ask. Plain data, so that listing imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow."""

    target: str
    """Module and function: `package.module:function`."""
    endpoints: tuple[str, ...]
    """All it may ask: method and URL, what comes from the credential in braces; `SSH host:port` for that protocol."""
    extra: str = ""
    """Extra of this package that it needs, or empty."""
    control: bool = True
    """Whether a random credential of the same shape may be tried: False where that locks an account or costs."""


_HERE = "secrethunt.validate.flows."

FLOWS: dict[str, Entry] = {
    "aws": Entry(
        _HERE + "aws:caller_identity",
        (
            "POST https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity",
            "POST https://sts.us-gov-west-1.amazonaws.com/?Action=GetCallerIdentity",
            "POST https://sts.cn-north-1.amazonaws.com.cn/?Action=GetCallerIdentity",
        ),
        "aws",
    ),
}
