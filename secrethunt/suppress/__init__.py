# SPDX-License-Identifier: Apache-2.0
"""What was found and need not be reported: comments beside it, entries of ignore files, baselines."""

from secrethunt.suppress.apply import Suppressions, SuppressOptions
from secrethunt.suppress.entries import Entry, Grant
from secrethunt.suppress.ignorefile import (
    IGNORE_FILE,
    IgnoreFile,
    add_entries,
    load_ignore_file,
    parse_ignore_file,
    write_ignore_file,
)

__all__ = [
    "IGNORE_FILE",
    "Entry",
    "Grant",
    "IgnoreFile",
    "SuppressOptions",
    "Suppressions",
    "add_entries",
    "load_ignore_file",
    "parse_ignore_file",
    "write_ignore_file",
]
