# SPDX-License-Identifier: Apache-2.0
"""
secrethunt finds leaked credentials in code and git history.

    from secrethunt import Scanner
    result = Scanner().scan(["."])

The names below load on first use, so that `secrethunt --version` and a pre-commit hook pay only for what they need.
"""

from __future__ import annotations

# As typing.TYPE_CHECKING, whose import takes longer than a hook has.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secrethunt.coverage import ScanResult
    from secrethunt.errors import ExitCode, RuleError, SecrethuntError, SourceError, UsageError
    from secrethunt.pipeline import Scanner, ScannerOptions
    from secrethunt.records import Confidence, Finding, Occurrence, Rule, Severity
    from secrethunt.ruleset import RuleSelection
    from secrethunt.sources.contract import Scope, SourceOptions

__version__ = "0.1.0"

__all__ = [
    "Confidence",
    "ExitCode",
    "Finding",
    "Occurrence",
    "Rule",
    "RuleError",
    "RuleSelection",
    "ScanResult",
    "Scanner",
    "ScannerOptions",
    "Scope",
    "SecrethuntError",
    "Severity",
    "SourceError",
    "SourceOptions",
    "UsageError",
    "__version__",
    "scan_bytes",
]

_HOMES = {
    "secrethunt.errors": {"ExitCode", "RuleError", "SecrethuntError", "SourceError", "UsageError"},
    "secrethunt.pipeline": {"Scanner", "ScannerOptions"},
    "secrethunt.records": {"Confidence", "Finding", "Occurrence", "Rule", "ScanResult", "Severity"},
    "secrethunt.ruleset": {"RuleSelection"},
    "secrethunt.sources.contract": {"Scope", "SourceOptions"},
}


def scan_bytes(data: bytes, path: str = "-") -> tuple[Finding, ...]:
    """Findings in *data* with the built-in rules; for more than one call build a `Scanner` and keep it."""
    from secrethunt.pipeline import Scanner

    return Scanner().scan_bytes(data, path)


def __getattr__(name: str) -> Any:
    """PEP 562: import the module that defines *name* when it is first asked for."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
