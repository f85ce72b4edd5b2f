# SPDX-License-Identifier: Apache-2.0
"""
Owns the name a repository goes by in reports and ids: where its remote lives, never who may read it.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(rb"(?:https?|ssh|git|git\+ssh|ssh\+git)://", re.IGNORECASE)
_SCP = re.compile(rb"(?:[^/@]*@)?(\[[^\]/]+\]|[^/:@\[\]]{2,}):(?!//|:)(.+)", re.DOTALL)
_PORT = re.compile(rb":\d*$")


def repository_name(remote: bytes | None, folder: bytes) -> str:
    """Host and path of *remote*, without scheme, user, port, query and `.git`; else the *folder*'s name."""
    name = (remote and _remote_name(remote)) or folder
    return name.decode(errors="backslashreplace")


def _remote_name(url: bytes) -> bytes | None:
    """None for a local path or a form in which a password could not be told from the rest."""
    scheme = _SCHEME.match(url)
    if scheme is not None:
        authority, _, path = url[scheme.end() :].partition(b"/")
        host = _PORT.sub(b"", authority.rpartition(b"@")[2])
    elif (scp := _SCP.fullmatch(url)) is not None:
        host, path = scp.groups()
    else:
        return None
    if b"@" in path:
        return None
    path = re.split(rb"[?#]", path)[0].strip(b"/").removesuffix(b".git")
    if not host or not path or (b":" in host and not host.startswith(b"[")):
        return None
    return host.lower() + b"/" + path
