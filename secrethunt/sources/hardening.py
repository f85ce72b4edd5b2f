# SPDX-License-Identifier: Apache-2.0
"""
Owns how a git child process is made harmless: switches and environment.

A scanned repository is hostile: its configuration names programs (hooks, fsmonitor, filters, diff drivers, ssh).
"""

from __future__ import annotations

import os

_SWITCHED_OFF = (
    "core.alternateRefsCommand=false",
    "core.askPass=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.untrackedCache=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "safe.directory=*",
)
HARMLESS = ["--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs"]
HARMLESS += [word for setting in _SWITCHED_OFF for word in ("-c", setting)]

ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": os.devnull,
    "LC_ALL": "C",
    "XDG_CONFIG_HOME": os.devnull,
}
FROM_HOOK = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
"""What git tells its own hook of where objects are (githooks(5), git-receive-pack(1)): only hooks pass it on."""


def find_git() -> str | None:
    """Absolute path of the `git` command. Relative entries of PATH do not count: the target could plant one there."""
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = os.path.join(directory, "git")
        if os.path.isabs(candidate) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None
