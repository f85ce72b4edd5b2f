# SPDX-License-Identifier: Apache-2.0
"""
Asks on the terminal what to do about each secret of a commit: one key answers. git gives its hooks no standard input,
so the terminal itself is opened; where there is none nothing is asked.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secrethunt.hook.install import ask_git
from secrethunt.hook.message import describe
from secrethunt.records import Finding
from secrethunt.report.quantities import count
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.sources.hardening import find_git
from secrethunt.sources.layout import GitLayout
from secrethunt.suppress import IGNORE_FILE, Grant, add_entries, load_ignore_file, write_ignore_file
from secrethunt.suppress.globs import escaped

_TERMINAL = "/dev/tty"
_QUESTION = "    [f] false positive  [t] test fixture  [s] skip once  [any other key] stop the commit: "
_REASONS = {"f": "false positive", "t": "test fixture"}
_INTERRUPT = "\x03"


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of the questions."""

    left: tuple[Finding, ...]
    """Those that still stop the commit."""
    is_asked: bool
    """The findings were shown."""


def ask(findings: Sequence[Finding], layout: GitLayout) -> Answers:
    """
    Ask about each secret among *findings*; what is allowed is written to the ignore file and staged.

    Raises:
        UsageError: The ignore file cannot be written.
    """
    with _terminal() as terminal:
        if terminal is None or layout.work_tree is None:
            return Answers(tuple(findings), False)
        terminal.say(f"secrethunt: {count(len(findings), 'finding')} in what you are about to commit\n")
        by_secret: dict[str, list[Finding]] = {}
        for finding in findings:
            by_secret.setdefault(finding.secret_id, []).append(finding)
        redactor = Redactor(iter_secrets(findings))
        allowed: list[tuple[Finding, str]] = []
        left: list[Finding] = []
        for places in by_secret.values():
            terminal.say("\n")
            for finding in places:
                terminal.say("".join(f"{line}\n" for line in describe(finding, redactor)))
            key = terminal.key(_QUESTION)
            if key in _REASONS:
                allowed.extend((finding, _REASONS[key]) for finding in places)
            elif key != "s":
                left.extend(places)
            if key == _INTERRUPT:
                left = list(findings)
                allowed.clear()
                break
        if allowed:
            terminal.say(_allow(allowed, layout))
    return Answers(tuple(left), True)


class _Terminal:
    """A terminal that gives one key at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, text: str) -> None:
        os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))

    def key(self, question: str) -> str:
        """The next key, in lower case."""
        import termios
        import tty

        before = termios.tcgetattr(self._descriptor)
        try:
            # First, and with what was typed before thrown away: only what comes after the question answers it.
            tty.setraw(self._descriptor, termios.TCSAFLUSH)
            self.say(question)
            pressed = os.read(self._descriptor, 1).decode("latin-1").lower()
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)
        self.say(f"{pressed if pressed.isprintable() else ''}\n")
        return pressed


@contextlib.contextmanager
def _terminal() -> Iterator[_Terminal | None]:
    try:
        descriptor = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    try:
        yield _Terminal(descriptor) if os.isatty(descriptor) else None
    finally:
        os.close(descriptor)


def _allow(allowed: Sequence[tuple[Finding, str]], layout: GitLayout) -> str:
    """Write the entries; what was done, in lines."""
    path = os.path.join(os.fsdecode(layout.work_tree or b""), IGNORE_FILE)
    file = load_ignore_file(path)
    author = ask_git(layout, "config", "--get", "user.name")
    for finding, reason in allowed:
        # A fixture may stand where it stands; what is no secret is none anywhere.
        scope = escaped(os.fsdecode(finding.path)) if reason == _REASONS["t"] else ""
        grant = Grant(reason=reason, author=author, path=scope)
        file, _ = add_entries(file, [finding], grant, today=datetime.date.today())
    write_ignore_file(path, file)
    if stage(path, layout):
        return f"\nwritten to {IGNORE_FILE}, and staged\n"
    return f"\nwritten to {IGNORE_FILE}; stage it yourself: git add {IGNORE_FILE}\n"


def stage(path: str, layout: GitLayout) -> bool:
    """
    Add *path* to the index that is being committed.

    Not to the one of a partial commit (`git commit FILE`): git puts its own in that one's place when it is done.
    """
    index = os.environ.get("GIT_INDEX_FILE", "")
    git = find_git()
    if git is None or os.path.basename(index).startswith("next-index"):
        return False
    done = subprocess.run(
        [git, "add", "--force", "--", path],
        cwd=layout.work_tree,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
