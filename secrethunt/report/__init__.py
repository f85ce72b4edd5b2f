# SPDX-License-Identifier: Apache-2.0
"""
Records to bytes, and nothing else: knows nothing of how findings were made.

`render()` writes a `ScanResult` in one of `FORMATS`. Every format masks secrets unless `ReportOptions.show_secrets`
says otherwise (SARIF always does), and lets no control or bidirectional character of the scanned input through as it
is. The JSON formats are described by `schema/finding.schema.json` in this package.
"""

from secrethunt.report.formats import FORMATS, render
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems

__all__ = ["FORMATS", "ReportOptions", "render", "render_problems"]
