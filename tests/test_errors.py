# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.errors import ConfigError, ExitCode, RuleError, SecrethuntError, SourceError, UsageError


def test_exit_codes_are_those_that_are_documented() -> None:
    assert {"CLEAN": 0, "FINDINGS": 1, "USAGE": 2, "INCOMPLETE": 3, "INTERNAL": 70} == {
        code.name: code.value for code in ExitCode
    }


@pytest.mark.parametrize("kind", [UsageError, ConfigError, SourceError])
def test_whatever_the_user_can_mend_exits_with_2(kind: type[SecrethuntError]) -> None:
    error = kind("no such thing", hint="Name another.")
    assert ExitCode.USAGE == error.exit_code
    assert ("no such thing", "Name another.") == (str(error), error.hint())


def test_other_errors_are_internal_and_need_no_hint() -> None:
    assert (ExitCode.INTERNAL, "") == (SecrethuntError("broken").exit_code, SecrethuntError("broken").hint())


def test_rule_error_begins_with_file_and_line() -> None:
    error = RuleError("rules/acme.yaml", 7, "unknown key 'x'")
    assert "rules/acme.yaml:7: unknown key 'x'" == str(error)
    assert ("rules/acme.yaml", 7, ExitCode.USAGE) == (error.file, error.line, error.exit_code)
