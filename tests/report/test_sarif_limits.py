# SPDX-License-Identifier: Apache-2.0
"""What code scanning would refuse or hide is left out, the least severe first, and the file says so."""

from __future__ import annotations

import base64
import gzip
import json
import random
from dataclasses import replace
from typing import Any

from secrethunt.records import BlobId, BlobKind, Finding, Occurrence, Severity
from secrethunt.report.sarif_limits import MAX_BYTES, MAX_RESULTS, Budget
from tests.report.rendering import render_with_note
from tests.report.samples import digest, make_finding, make_result, make_rule, make_span, make_value

_LEVELS = ("error", "warning", "note")


def _run(*findings: Finding) -> tuple[dict[str, Any], str]:
    text, note = render_with_note(make_result(*findings), "sarif")
    run: dict[str, Any] = json.loads(text)["runs"][0]
    return run, note


def _many(number: int) -> list[Finding]:
    """Findings of all severities, the least severe first in place."""
    rules = [make_rule(id=f"acme.{severity.label}", severity=severity) for severity in Severity]
    example = make_finding(value=make_value("one"), occurrences=())
    return [
        replace(example, rule=rules[n * len(rules) // number], path=b"%06d" % n, span=make_span(n + 1))
        for n in range(number)
    ]


def test_more_than_are_shown_come_most_severe_first() -> None:
    run, note = _run(*_many(5005))
    levels = [_LEVELS.index(result["level"]) for result in run["results"]]
    assert ("", 5005, sorted(levels)) == (note, len(levels), levels)


def test_more_than_are_taken_are_cut_after_the_most_severe() -> None:
    run, note = _run(*_many(MAX_RESULTS + 7))
    assert MAX_RESULTS == len(run["results"])
    assert note.startswith(
        "7 findings of 25,007 left out, the least severe, because code scanning takes 25,000 results"
    )
    [said] = run["invocations"][0]["toolExecutionNotifications"]
    descriptor = run["tool"]["driver"]["notifications"][said["descriptor"]["index"]]
    assert (f"{note}.", "warning", "results-left-out") == (said["message"]["text"], said["level"], descriptor["id"])
    assert run["invocations"][0]["executionSuccessful"]
    kept = {result["ruleId"] for result in run["results"]}
    assert kept == {"acme.critical", "acme.high", "acme.medium", "acme.low", "acme.info"}
    assert 5002 - 7 == sum(result["ruleId"] == "acme.info" for result in run["results"])


def test_what_hardly_compresses_stays_below_the_size_that_is_taken() -> None:
    source = random.Random(7)
    budget = Budget(b"{}")
    lines: list[bytes] = []
    while len(lines) < 400:
        line = base64.b64encode(source.randbytes(60_000))
        if not budget.takes(line):
            break
        lines.append(line)
    size = len(gzip.compress(b"\n".join(lines), compresslevel=1))
    assert 0.9 * MAX_BYTES < size < MAX_BYTES


def test_what_compresses_well_may_be_larger() -> None:
    budget = Budget(b"{}")
    line = b'{"ruleId": "acme.api-key", "level": "error"}' * 1000
    assert all(budget.takes(line) for _ in range(1000))


def test_no_more_locations_than_are_shown_the_newest_of_them() -> None:
    versions = tuple(Occurrence(BlobId(digest(f"version {n}")), BlobKind.HISTORY, make_span(n + 1)) for n in range(130))
    run, _ = _run(make_finding(span=make_span(1), occurrences=versions))
    [result] = run["results"]
    assert [digest(f"version {n}") for n in range(1, 101)] == [
        location["properties"]["blob"] for location in result["relatedLocations"]
    ]
    assert 130 == result["occurrenceCount"]
    assert result["message"]["text"].endswith(" The newest 100 of 129 other versions are listed.")


def test_a_rule_has_no_more_tags_than_are_shown() -> None:
    run, _ = _run(make_finding())
    assert 10 >= len(run["tool"]["driver"]["rules"][0]["properties"]["tags"])
