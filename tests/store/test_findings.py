# SPDX-License-Identifier: Apache-2.0
"""What a scan leaves in the tables of findings, occurrences and verdicts, and what a later one changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Finding
from secrethunt.ruleset import RuleSelection
from secrethunt.store import Run, RunKind, Store, open_store
from secrethunt.store.findings import find_findings, write_findings
from secrethunt.verdict import Evidence, Outcome, State, Verdict
from tests.rule_samples import ACME_YAML, acme_key


def found(folder: Path) -> Finding:
    """One finding of a made-up key, live as an account that is named like it."""
    rules = folder / "acme.yaml"
    rules.write_text(ACME_YAML)
    (folder / "src").mkdir()
    (folder / "src" / "a.txt").write_bytes(b"key " + acme_key("a") + b" and again " + acme_key("a"))
    scanner = Scanner(ScannerOptions(selection=RuleSelection(files=(str(rules),), builtin=False)))
    finding = scanner.scan([str(folder / "src")]).findings[0]
    facts = (("account", f"of {acme_key('a').decode()}"),)
    outcome = Outcome(State.ACTIVE, "the provider knows it", (Evidence("GET /me", 200, "json login"),), facts)
    return replace(finding, verdict=Verdict(outcome, "2026-01-01T00:00:00Z"))


def scan(store: Store, finding: Finding) -> int:
    with Run(store, RunKind.SCAN, "repo") as run:
        write_findings(store, run, [finding])
    return run.id


def test_a_second_scan_brings_up_to_date_and_keeps_when_it_was_first_found(tmp_path: Path) -> None:
    finding = found(tmp_path)
    with open_store(str(tmp_path / "store.sqlite")) as store:
        first = scan(store, finding)
        last = scan(store, replace(finding, at_head=True))
        rows = list(store.rows("SELECT finding_id, at_head, first_run, last_run FROM findings"))
        assert [(finding.finding_id, 1, first, last)] == rows
        assert [(len(finding.occurrences),)] == list(store.rows("SELECT count(*) FROM occurrences"))


def test_each_time_a_verdict_was_asked_is_kept(tmp_path: Path) -> None:
    finding = found(tmp_path)
    assert finding.verdict is not None
    later = replace(finding.verdict, checked_at="2026-02-01T00:00:00Z", outcome=Outcome(State.INACTIVE, "revoked"))
    with open_store(str(tmp_path / "store.sqlite")) as store:
        for verdict in (finding.verdict, finding.verdict, later):
            scan(store, replace(finding, verdict=verdict))
        rows = list(store.rows("SELECT checked_at, state FROM verdicts ORDER BY checked_at"))
    assert [("2026-01-01T00:00:00Z", "active"), ("2026-02-01T00:00:00Z", "inactive")] == rows


def test_no_value_gets_into_the_file_not_even_by_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with open_store(str(path)) as store:
        scan(store, found(tmp_path))
    kept = b"".join(item.read_bytes() for item in tmp_path.glob("store.sqlite*"))
    assert b"json login" in kept
    assert acme_key("a") not in kept


def test_findings_are_found_by_the_beginning_of_an_id(tmp_path: Path) -> None:
    finding = found(tmp_path)
    with open_store(str(tmp_path / "store.sqlite")) as store:
        scan(store, finding)
        by_finding = find_findings(store, finding_id=finding.finding_id[:6])
        by_secret = find_findings(store, secret_id=finding.secret_id[:6])
        assert (
            [finding.finding_id] == [item.finding_id for item in by_finding] == [item.finding_id for item in by_secret]
        )
        assert [] == find_findings(store, finding_id="f" * 32)
