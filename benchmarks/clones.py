# SPDX-License-Identifier: Apache-2.0
"""
The repositories that are measured, through git: whether they are complete, how large, and earlier states of them.

Peers stop early, or read less, where objects are absent, so only complete clones are compared. Nothing is fetched from
anywhere but the repository itself.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

_ENVIRONMENT = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file"}


class GitFailure(Exception):
    """git could not do what it was asked; the message is what it said."""


def git(directory: str | Path, *arguments: str) -> str:
    """What git prints, stripped."""
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], env=_ENVIRONMENT, capture_output=True, check=False, text=True
    )
    if done.returncode:
        raise GitFailure(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def iter_missing(repository: str | Path) -> Iterator[str]:
    """Ids of objects that refs reach and the repository lacks."""
    command = ["git", "-C", str(repository), "rev-list", "--objects", "--all", "--missing=print"]
    with subprocess.Popen(command, env=_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if line.startswith(b"?"):
                yield line[1:].strip().decode()
        said = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise GitFailure(f"git rev-list: {said}")


def why_incomplete(repository: str | Path) -> str:
    """What keeps this repository from being measured; empty when it is complete."""
    try:
        if git(repository, "rev-parse", "--is-bare-repository") != "true":
            return "not a bare repository"
        if git(repository, "rev-parse", "--is-shallow-repository") == "true":
            return "a shallow clone"
        missing = sum(1 for _ in iter_missing(repository))
    except GitFailure as err:
        return str(err)
    return f"{missing:,} objects are absent" if missing else ""


def hash_size(repository: str | Path) -> int:
    """Bytes of an object id."""
    return {"sha1": 20, "sha256": 32}[git(repository, "rev-parse", "--show-object-format")]


def object_directory(repository: str | Path) -> Path:
    """Where the objects are."""
    return Path(git(repository, "rev-parse", "--path-format=absolute", "--git-path", "objects"))


def pack_bytes(repository: str | Path) -> int:
    """Bytes of all packs, without their indexes."""
    return sum(path.stat().st_size for path in object_directory(repository).glob("pack/*.pack"))


def cut_history(repository: str, fractions: Sequence[float], into: str) -> list[Path]:
    """
    Bare clones of what HEAD's first-parent history held after each of *fractions* of its commits, each repacked alike.

    What was merged by then is in them, and nothing else: no tag, no other branch.
    """
    line = git(repository, "rev-list", "--first-parent", "--reverse", "HEAD").split()
    clones = []
    for fraction in fractions:
        tip = line[max(round(len(line) * fraction), 1) - 1]
        clone = Path(into) / f"{fraction:.2f}.git"
        clone.mkdir()
        # Any commit can be asked for by its id in version 2 of the protocol.
        git(
            clone,
            "init",
            "--quiet",
            "--bare",
            f"--object-format={git(repository, 'rev-parse', '--show-object-format')}",
        )
        git(
            clone,
            "-c",
            "protocol.version=2",
            "fetch",
            "--quiet",
            Path(repository).absolute().as_uri(),
            f"{tip}:refs/heads/main",
        )
        git(clone, "symbolic-ref", "HEAD", "refs/heads/main")
        git(clone, "repack", "-a", "-d", "--quiet", "--window=10", "--depth=50")
        clones.append(clone)
    return clones
