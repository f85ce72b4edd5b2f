# SPDX-License-Identifier: Apache-2.0
"""Runs one of git's hooks: options and configuration in, findings judged new, message and exit code out."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from secrethunt.cli.config import Config, cache_directory, load_config
from secrethunt.cli.policy import parse_fail_on
from secrethunt.cli.scan import scanner_options, size_limit
from secrethunt.coverage import Problem
from secrethunt.diskcache import DiskCache
from secrethunt.errors import ExitCode
from secrethunt.hook.check import Checked, check_push, check_receive, check_staged, find_repository, incomplete
from secrethunt.hook.message import iter_gaps, iter_message
from secrethunt.pipeline import Scanner
from secrethunt.records import Finding
from secrethunt.sources.layout import GitLayout

_AFTER = {
    "pre-commit": (
        "Nothing was committed. Take each secret out of what is staged; what was ever pushed or shared must be changed",
        "at its provider, whatever happens here. To commit once without this check: git commit --no-verify",
    ),
    "pre-push": (
        "Nothing was pushed. Taking the line out in a further commit is not enough: the commit that added it would be",
        "pushed too. Rewrite it (git rebase -i), or change the secret at its provider first. To push once without this",
        "check: git push --no-verify",
    ),
    "pre-receive": (
        "The push was refused; nothing of it was kept. Rewrite the commits that are named (git rebase -i) and push",
        "again. Treat each secret as known: change it at its provider.",
    ),
}
_FRAMEWORK = ("FROM_REF", "LOCAL_BRANCH", "REMOTE_BRANCH", "REMOTE_NAME")
_WHERE = {
    "pre-commit": "what you are about to commit",
    "pre-push": "what you are about to push",
    "pre-receive": "what you push",
}


def run_hook(hook: str, arguments: Sequence[str], options: dict[str, Any]) -> int:
    """Exit code of one hook."""
    if hook == "pre-commit" and not os.environ.get("SECRETHUNT_HOOK_WHOLE") and not options["config"]:
        from secrethunt.hook import quick

        if (code := quick.run([hook])) is not None:
            return code
    gc.disable()
    config = load_config(options["config"])
    code = _run_whole(hook, arguments, options, config)
    if hook == "pre-commit" and not options["config"]:
        # Last, since making it anew takes seconds.
        keep_snapshot(config)
    return code


def _run_whole(hook: str, arguments: Sequence[str], options: dict[str, Any], config: Config) -> int:
    layout = find_repository()
    checked = _check(hook, arguments, Scanner(scanner_options(config)), layout, config)
    policy = parse_fail_on(config.fail_on)
    findings = [item for each in checked for item in each.result.findings if policy.counts(item)]
    for line in iter_gaps(incomplete(checked)):
        click.echo(line, err=True)
    if findings and hook == "pre-commit" and _may_ask(options):
        from secrethunt.cli.ask import ask

        answers = ask(findings, layout)
        if answers.is_asked:
            return _after_questions(answers.left, checked, options)
    _say(hook, findings)
    return _exit_code(findings, incomplete(checked) if options["strict"] else [])


def keep_snapshot(config: Config) -> None:
    """Leave in the cache what the first look needs, unless it is there."""
    from secrethunt.hook import quick

    try:
        quick.Snapshot(os.path.join(cache_directory(), quick.snapshot_name()))
    except quick.Unsure:
        from secrethunt.hook.snapshot import write_snapshot

        options = scanner_options(config)
        write_snapshot(
            DiskCache(cache_directory()),
            options.selection,
            options.decode,
            max_size=size_limit(config),
            config=quick.config_file(),
        )


def _check(hook: str, arguments: Sequence[str], scanner: Scanner, layout: GitLayout, config: Config) -> list[Checked]:
    limit = size_limit(config)
    if hook == "pre-commit":
        staged = check_staged(scanner, layout, max_size=limit)
        for note in staged.notes:
            click.echo(f"secrethunt: {note}", err=True)
        return [staged]
    if hook == "pre-push":
        remote, lines = _pushed(arguments)
        updates = check_push(scanner, layout, lines, remote, max_size=limit)
    else:
        updates = check_receive(scanner, layout, sys.stdin.read().splitlines(), max_size=limit)
    for update, checked in updates:
        for note in checked.notes:
            click.echo(f"secrethunt: {update.name}: {note}", err=True)
    return [checked for _, checked in updates]


def _pushed(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Remote and refs, from git or from the pre-commit framework, which reads git's standard input itself."""
    told = os.environ.get("PRE_COMMIT_TO_REF")
    if not told:
        return (arguments[0] if arguments else ""), sys.stdin.read().splitlines()
    named = {name: os.environ.get(f"PRE_COMMIT_{name}", "") for name in _FRAMEWORK}
    line = (
        f"{named['LOCAL_BRANCH'] or 'HEAD'} {told} {named['REMOTE_BRANCH'] or 'HEAD'} {named['FROM_REF'] or '0' * 40}"
    )
    return named["REMOTE_NAME"], [line]


def _after_questions(left: Sequence[Finding], checked: Sequence[Checked], options: dict[str, Any]) -> int:
    if left:
        for line in ("", *_AFTER["pre-commit"]):
            click.echo(line, err=True)
    return _exit_code(left, incomplete(checked) if options["strict"] else [])


def _may_ask(options: dict[str, Any]) -> bool:
    """Somebody sits at a terminal; agents and CI jobs that have one say so."""
    return not options["no_input"] and not os.environ.get("CI") and sys.stderr.isatty()


def _say(hook: str, findings: Sequence[Finding]) -> None:
    if findings:
        for line in iter_message(findings, _WHERE[hook], after=_AFTER[hook]):
            click.echo(line, err=True)


def _exit_code(findings: Sequence[Finding], gaps: Sequence[Problem]) -> int:
    if findings:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if gaps else ExitCode.CLEAN
