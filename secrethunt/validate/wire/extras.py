# SPDX-License-Identifier: Apache-2.0
"""Owns the import of libraries that are installed only on request."""

from __future__ import annotations

import importlib
from types import ModuleType

from secrethunt.online.contract import NoAnswer


def library(module: str, *, extra: str) -> ModuleType:
    """
    The module of an optional library.

    Raises:
        NoAnswer: It is not installed; the reason names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise NoAnswer(f"not installed: pip install 'secrethunt[{extra}]'") from err
