# SPDX-License-Identifier: Apache-2.0
"""The command line as a fixture."""

from pathlib import Path

import pytest

from tests.cli.runner import Runner


@pytest.fixture
def secrethunt(tmp_path: Path) -> Runner:
    """Runs `secrethunt` in a fresh home."""
    return Runner(tmp_path / "home")
