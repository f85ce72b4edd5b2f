# SPDX-License-Identifier: Apache-2.0
"""`secrethunt ci`: what a push or pull request adds, measured against its base branch, for whichever CI runs it."""

from __future__ import annotations

from typing import Any

import click

from secrethunt.cli.selection import rule_options
from secrethunt.cli.suppression import suppress_options
from secrethunt.records import Confidence


@click.command(name="ci")
@rule_options
@suppress_options
@click.option("--base", metavar="REV", default="", help="Measure against this, in place of what the provider says.")
@click.option("--head", metavar="REV", default="", help="Scan up to this, in place of what the provider says.")
@click.option("--since", metavar="TIME", default="", help="In scheduled runs: only commits after TIME (2 weeks ago).")
@click.option("--deepen", is_flag=True, help="Fetch what a shallow checkout lacks from the remote (network).")
@click.option("--remote", metavar="NAME", default="origin", show_default=True, help="The remote to fetch from.")
@click.option(
    "-r", "--report", "reports", metavar="FORMAT=FILE", multiple=True, help="Write a report; may be given often."
)
@click.option("--annotations/--no-annotations", default=None, help="Annotate lines.  [default: where it can be done]")
@click.option("--summary/--no-summary", default=True, help="Write the job summary, where there is one.")
@click.option("--min-confidence", type=click.Choice(Confidence.labels()), help="Report from here up.")
@click.option("--fail-on", multiple=True, metavar="LEVEL", help="As `scan --fail-on`.  [default: any new secret]")
@click.option(
    "--fail-on-removed",
    multiple=True,
    metavar="LEVEL",
    help="The same for what was added and then removed again.  [default: as --fail-on]",
)
@click.option("--explain-plan", is_flag=True, help="Say what would be scanned, and stop.")
def command(**options: Any) -> int:
    """Scan what this job's commits add; the baseline is the base branch itself.

    The provider is known by its environment: GitHub Actions, GitLab CI, Bitbucket, Azure Pipelines, Jenkins, CircleCI,
    Buildkite; elsewhere the current branch is measured against the default branch. Nothing touches the network
    unless --deepen is given, and no report shows a value. For pull requests .secrethuntignore counts as the base branch
    has it, so that none can allow its own secrets; from forks, comments do not count either.

    \b
    Examples:
      secrethunt ci
      secrethunt ci --report sarif=secrethunt.sarif
      secrethunt ci --report gitlab-secret-detection=gl-secret-detection-report.json
      secrethunt ci --fail-on at-head --fail-on critical
    """
    from secrethunt.cli.cirun import run_ci

    return run_ci(options)
