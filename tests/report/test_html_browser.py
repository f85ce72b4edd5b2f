# SPDX-License-Identifier: Apache-2.0
"""The HTML report in a real browser: it works by clicks and by keys, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import Finding, Severity
from secrethunt.verdict import Outcome, State, Verdict
from tests.report.browsing import Visit, launched, visit
from tests.report.rendering import render_text
from tests.report.samples import make_commit, make_finding, make_historic, make_result, make_rule, make_value


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with launched() as started:
        yield started


def _write(folder: Path, result: ScanResult) -> Path:
    path = folder / "report.html"
    path.write_text(render_text(result, "html"), encoding="utf-8")
    return path


def _findings() -> list[Finding]:
    """Three secrets: one in two files on disk, two in history, by two authors, of three severities."""
    eve = make_commit("eve", author="Eve Example", date="2021-03-01")
    later = make_commit("later", author="Eve Example", date="2022-03-01")
    return [
        make_finding(b"b/ten.env", value=make_value("one")),
        make_finding(b"a/two.env", value=make_value("one")),
        make_historic(b"old.sh", value=make_value("two"), rule=make_rule(name="Bolt token", severity=Severity.LOW)),
        make_historic(
            b"older.sh",
            value=make_value("three"),
            rule=make_rule(name="Crate password", severity=Severity.MEDIUM),
            first=eve,
            last=later,
        ),
    ]


def _open(browser: Browser, folder: Path, findings: list[Finding]) -> Visit:
    return visit(browser, _write(folder, make_result(*findings)))


def test_a_page_is_filtered_sorted_and_grouped_and_nothing_leaves_it(browser: Browser, tmp_path: Path) -> None:
    seen = _open(browser, tmp_path, _findings())
    page = seen.page
    assert "4 places of 3 secrets." == seen.status
    assert ["Acme API key", "Crate password", "Bolt token"] == seen.heads()

    page.fill("#filter", "older EVE")
    expect(page.locator("#status")).to_have_text("1 place of 1 secret, out of 4 places.")
    assert ["Eve Example"] == seen.column(7)
    page.click("button[type=reset]")
    expect(page.locator("#status")).to_have_text("4 places of 3 secrets.")

    page.select_option("#severity", label="medium and above")
    assert "3 places of 2 secrets, out of 4 places." == seen.status
    page.select_option("#state", "history")
    assert "1 place of 1 secret, out of 4 places." == seen.status
    page.click("button[type=reset]")
    expect(page.locator("#status")).to_have_text("4 places of 3 secrets.")

    page.select_option("#group", "author")
    assert {"not in history", "Ann Author", "Eve Example"} == set(seen.heads())
    page.select_option("#group", "path")
    assert {"a/two.env", "b/ten.env", "old.sh", "older.sh"} == set(seen.heads())
    page.select_option("#group", label="nothing")
    assert [] == seen.heads()

    page.click("thead th[data-key=place] button")
    assert "ascending" == page.get_attribute("thead th[data-key=place]", "aria-sort")
    places = [text.split(":")[0] for text in seen.column(3)]
    assert ["a/two.env", "b/ten.env", "old.sh", "older.sh"] == places
    page.click("thead th[data-key=place] button")
    assert "descending" == page.get_attribute("thead th[data-key=place]", "aria-sort")
    assert places[::-1] == [text.split(":")[0] for text in seen.column(3)]
    page.click("thead th[data-key=first] button")
    assert ["2021-03-01", "2023-04-05"] == [text.split()[0] for text in seen.column(5)][:2]

    assert ([f"file://{tmp_path}/report.html"], []) == (seen.requests, seen.complaints)


def test_a_link_leads_to_a_secret_whatever_is_shown(browser: Browser, tmp_path: Path) -> None:
    seen = _open(browser, tmp_path, _findings())
    seen.page.select_option("#group", "author")
    seen.page.click(".longest a >> nth=0")
    seen.page.wait_for_selector("tr.head details[open]")
    assert "secret" == seen.page.input_value("#group")
    assert seen.page.locator("tr.head details[open] summary").evaluate("e => e === document.activeElement")
    assert [] == seen.complaints


def test_what_is_live_can_be_chosen_where_somebody_asked(browser: Browser, tmp_path: Path) -> None:
    def verdict(state: State) -> Verdict:
        return Verdict(Outcome(state, "the provider said so"), "2026-06-01T12:00:00Z")

    live = make_finding(b"live.env", value=make_value("live"), verdict=verdict(State.ACTIVE))
    dead = make_finding(b"dead.env", value=make_value("dead"), verdict=verdict(State.INACTIVE))
    seen = _open(browser, tmp_path, [live, dead, *_findings()])
    seen.page.select_option("#verdict", "active")
    assert "1 place of 1 secret, out of 6 places." == seen.status
    assert ["live.env:12:15"] == [text.split()[0] for text in seen.column(3)]
    assert 0 == _open(browser, tmp_path, _findings()).page.locator("#verdict").count()


def test_it_can_be_used_with_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    seen = _open(browser, tmp_path, _findings())
    page = seen.page
    page.keyboard.press("Tab")
    assert "Skip to the findings" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert "filter" == page.evaluate("document.activeElement.id")
    page.focus("thead th[data-key=severity] button")
    page.keyboard.press("Enter")
    assert "descending" == page.get_attribute("thead th[data-key=severity]", "aria-sort")
    page.focus("tr.head summary >> nth=0")
    page.keyboard.press("Enter")
    assert page.locator("tr.head details >> nth=0").get_attribute("open") is not None


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(browser: Browser, tmp_path: Path, is_dark: bool) -> None:
    problems = (Problem(Skip.UNREADABLE, b"x", "denied"),)
    path = _write(tmp_path, make_result(*_findings(), problems=problems))
    seen = visit(browser, path, is_dark=is_dark)
    seen.page.locator("tr.head details").evaluate_all("all => all.forEach(e => { e.open = true; })")
    violations = Axe().run(seen.page).response["violations"]
    assert [] == [(found["id"], [node["html"][:120] for node in found["nodes"]]) for found in violations]


def test_all_of_it_is_there_without_javascript(browser: Browser, tmp_path: Path) -> None:
    findings = [make_finding(b"%04d.env" % n, value=make_value(str(n))) for n in range(700)]
    path = _write(tmp_path, make_result(*findings))
    seen = visit(browser, path, has_script=False)
    assert 700 == seen.page.locator("#table tbody tr:not(.head):visible").count()
    assert not seen.page.is_visible("#controls")
    assert not seen.page.is_visible("#more")
    with_script = visit(browser, path)
    assert "700 places of 700 secrets; the first 500 are shown." == with_script.status
    with_script.page.click("#more")
    assert "700 places of 700 secrets." == with_script.status
    assert not with_script.page.is_visible("#more")


def test_what_is_found_cannot_act_in_the_page(browser: Browser, tmp_path: Path) -> None:
    evil = "</td></script><script>alert(1)</script><img src=http://127.0.0.1:9/x onerror=alert(2)>\"'><svg onload=x()>"
    commit = make_commit("evil", author=evil)
    finding = make_historic(
        evil.encode(),
        first=commit,
        last=commit,
        repository=evil,
        reasons=(evil,),
        facts=((evil, evil),),
        refs=(b"refs/heads/" + evil.encode(),),
        rule=make_rule(name=evil, rotate=evil, references=("javascript:alert(4)", f"https://a.example/{evil}")),
        decode=(evil,),
    )
    path = _write(tmp_path, make_result(finding, problems=(Problem(Skip.UNREADABLE, evil.encode(), evil),)))
    seen = visit(browser, path)
    seen.page.locator("tr.head details").evaluate_all("all => all.forEach(e => { e.open = true; })")
    for group in ("path", "author", "", "secret"):
        seen.page.select_option("#group", group)
    assert ([path.as_uri()], []) == (seen.requests, seen.complaints)
    assert 0 == seen.page.locator("img, iframe, object, [onload], [onerror], a[href^=javascript]").count()
    assert evil in seen.page.inner_text("h1")


def test_its_policy_runs_no_script_but_its_own(browser: Browser, tmp_path: Path) -> None:
    path = _write(tmp_path, make_result(*_findings()))
    page = path.read_text(encoding="utf-8")
    path.write_text(page.replace("</main>", "<img src=x onerror=alert(1)><script>alert(2)</script></main>"))
    seen = visit(browser, path)
    assert [path.as_uri()] == [url for url in seen.requests if url not in seen.refused]
    assert 2 <= len(seen.complaints)
    assert all("Content Security Policy" in complaint for complaint in seen.complaints)
