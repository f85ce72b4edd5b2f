# SPDX-License-Identifier: Apache-2.0
"""
Owns the exception tree and the exit codes; knows nothing else.

    SecrethuntError            anything that stops the command; exit code 70 unless a child says otherwise
    ├── UsageError             an option, argument or combination that makes no sense (2)
    │   ├── ConfigError        the configuration file (2)
    │   └── RuleError          a rule file, with file and line (2)
    └── SourceError            a target that cannot be opened at all (2)

A bad *input* (corrupt object, unreadable file) is no exception: it becomes a `coverage.Problem`, the scan goes on.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of every command; where several hold, the order is 2, 70, 1, 3."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 70


INTERRUPTED = 130
"""Exit code of what was ended by Ctrl-C: what a shell reports for a command ended by SIGINT."""


class SecrethuntError(Exception):
    """Names the thing that failed; `hint()` says what to do next."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self._hint = hint

    def hint(self) -> str:
        """One sentence on what to do next, or an empty string."""
        return self._hint


class UsageError(SecrethuntError):
    """The command line makes no sense as given."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file cannot be used."""


class RuleError(UsageError):
    """A rule cannot be used; the message begins with `file:line:`."""

    def __init__(self, file: str, line: int, message: str, *, hint: str = "") -> None:
        super().__init__(f"{file}:{line}: {message}", hint=hint)
        self.file = file
        self.line = line


class SourceError(UsageError):
    """A target of a scan cannot be opened."""
