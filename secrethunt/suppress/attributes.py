# SPDX-License-Identifier: Apache-2.0
"""
The line in `.gitattributes` that lets two branches add entries side by side: git's `union` driver keeps the lines of
both (gitattributes(5), "Performing a three-way merge").
"""

from __future__ import annotations

import os
import stat

from secrethunt.suppress.ignorefile import IGNORE_FILE

ATTRIBUTES = ".gitattributes"
LINE = f"{IGNORE_FILE} merge=union"


def ensure_union(root: str) -> str | None:
    """
    Say in the work tree at *root* that ignore files merge by lines; the file that was changed, if it was.

    What cannot be written is left alone: without the line entries work just as well.
    """
    path = os.path.join(root, ATTRIBUTES)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags, 0o644)
        with open(descriptor, "r+b") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            text = file.read()
            if any(line.split()[:1] == [IGNORE_FILE.encode()] for line in text.splitlines()):
                return None
            file.write((b"" if not text or text.endswith(b"\n") else b"\n") + LINE.encode() + b"\n")
    except OSError:
        return None
    return path
