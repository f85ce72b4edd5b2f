# SPDX-License-Identifier: Apache-2.0
"""What was not scanned is named on stderr, briefly and harmlessly."""

from __future__ import annotations

from secrethunt.coverage import Problem, Skip
from secrethunt.report import render_problems
from tests.report.samples import make_finding, make_result, make_value


def test_nothing_is_said_where_all_was_scanned() -> None:
    assert "" == render_problems(make_result())


def test_ten_of_each_kind_are_named_what_matters_first() -> None:
    problems = (
        Problem(Skip.SUBMODULE, b"vendor/lib"),
        *(Problem(Skip.TOO_LARGE, f"dump{number:02}.sql".encode(), "81.2 MiB") for number in range(12)),
    )
    expected = (
        "not scanned, over the size limit: 12\n"
        + "".join(f"  dump{number:02}.sql: 81.2 MiB\n" for number in range(10))
        + "  and 2 more\n"
        + "left out, submodule not checked out: 1\n"
        + "  vendor/lib\n"
    )
    assert expected == render_problems(make_result(problems=problems))


def test_kinds_that_were_only_counted_are_told() -> None:
    result = make_result(skipped={Skip.MISSING_OBJECT: 3000})
    assert "not scanned, missing object: 3,000\n" == render_problems(result)


def test_names_are_escaped_and_masked() -> None:
    value = make_value("one")
    problem = Problem(Skip.UNREADABLE, b"\x1b[31m/" + value, f"\u202edenied {value.decode()}")
    expected = "not scanned, unreadable: 1\n  \\x1b[31m/********: \\u202edenied ********\n"
    assert expected == render_problems(make_result(make_finding(value=value), problems=(problem,)))
