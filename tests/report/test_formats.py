# SPDX-License-Identifier: Apache-2.0
"""The list of formats, and what a start costs."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from secrethunt.errors import UsageError
from secrethunt.report import FORMATS, ReportOptions, render
from tests.report.samples import make_result


def test_the_formats_are_those_that_options_offer() -> None:
    assert [
        *("text", "json", "jsonl", "sarif", "csv", "html", "junit", "markdown", "markdown-comment"),
        *("github-annotations", "gitlab-codequality", "gitlab-secret-detection"),
    ] == list(FORMATS)


def test_an_unknown_format_is_a_usage_error_that_names_the_others() -> None:
    with pytest.raises(UsageError, match="no such report format: pdf") as error:
        render(make_result(), "pdf", options=ReportOptions(), out=io.BytesIO())
    assert f"Choose one of {', '.join(FORMATS)}." == error.value.hint()


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_ends_its_last_line(format_name: str) -> None:
    out = io.BytesIO()
    render(make_result(), format_name, options=ReportOptions(), out=out)
    assert out.getvalue().endswith(b"\n")


def test_text_loads_neither_rich_nor_json() -> None:
    program = (
        "import io, sys\n"
        "from secrethunt.coverage import Coverage, ScanResult\n"
        "from secrethunt.report import ReportOptions, render\n"
        "import secrethunt.report.progress\n"
        "render(ScanResult((), Coverage(), ()), 'text', options=ReportOptions(), out=io.BytesIO())\n"
        "sys.stdout.write(' '.join(sorted({'rich', 'json', 'click', 'urllib'} & set(sys.modules))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "" == done.stdout
