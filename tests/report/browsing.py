# SPDX-License-Identifier: Apache-2.0
"""Owns the browser in which tests open a page: a Chromium of the system, driven by Playwright, with no network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str:
    """Where the browser is; the test is skipped where there is none."""
    named = [os.environ.get("SECRETHUNT_BROWSER", ""), *filter(None, map(shutil.which, _NAMES))]
    for path in filter(None, named):
        return path
    pytest.skip("no Chromium to open the page in: `apt-get install chromium`, or name one in SECRETHUNT_BROWSER")


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser."""
    path = find_browser()
    with sync_playwright() as playwright:
        # Its sandbox needs what root and containers do not have; the pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """An open page, and what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Requests that the page's own policy stopped before they left."""
    complaints: list[str] = field(default_factory=list)

    def note_failed(self, request: Request) -> None:
        """Keep what the policy stopped; what failed otherwise had left."""
        if request.failure == "csp":
            self.refused.append(request.url)

    @property
    def status(self) -> str:
        """What the page says of the rows it shows."""
        return self.page.inner_text("#status")

    def column(self, number: int) -> list[str]:
        """Texts of one column of the findings, 1-based, headings of groups left out."""
        return self.page.locator(f"#table tbody tr:not(.head) td:nth-child({number})").all_inner_texts()

    def heads(self) -> list[str]:
        """Names in the headings of groups."""
        return self.page.locator("#table tbody tr.head :is(strong, th > code)").all_inner_texts()


def visit(browser: Browser, path: Path, *, is_dark: bool = False, has_script: bool = True) -> Visit:
    """Open the file at *path*; whatever it asks for or complains of is kept."""
    context = browser.new_context(
        color_scheme="dark" if is_dark else "light",
        java_script_enabled=has_script,
        viewport={"width": 1360, "height": 1000},
    )
    seen = Visit(context.new_page())
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on(
        "requestfailed", lambda request: seen.refused.append(request.url) if request.failure == "csp" else None
    )
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    seen.page.goto(path.as_uri())
    return seen
