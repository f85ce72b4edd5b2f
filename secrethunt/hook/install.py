# SPDX-License-Identifier: Apache-2.0
"""
Puts hooks in their place and takes them away again. What was there before is kept beside ours and runs first.

Where hooks live is git's to say (`core.hooksPath`, linked work trees); this asks git and reads no configuration itself.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass

from secrethunt.errors import SourceError, UsageError
from secrethunt.sources.hardening import find_git
from secrethunt.sources.layout import GitLayout

MARK = "# secrethunt hook"
BEFORE = ".before-secrethunt"
"""Ends the name under which a hook that was there before is kept."""
_TEMPLATE = """#!/bin/sh
{mark} {hook}: written by `secrethunt hook install`, removed by `secrethunt hook uninstall {hook}`
before="${{0%/*}}/{hook}{suffix}"
python={python}
{chain}
if [ ! -x "$python" ]; then
    echo "secrethunt: $python is gone; install secrethunt again and run \\`secrethunt hook install {hook}\\`," >&2
    echo "  or remove $0 to go without it" >&2
    exit 1
fi
{start}
"""
_CHAIN = """if [ -x "$before" ] && [ -z "$SECRETHUNT_HOOK_ALONE" ]; then
    "$before" "$@" || exit
fi"""
_CHAIN_WITH_INPUT = """input=$(cat)
feed() { if [ -n "$input" ]; then printf '%s\\n' "$input"; fi; }
if [ -x "$before" ] && [ -z "$SECRETHUNT_HOOK_ALONE" ]; then
    feed | "$before" "$@" || exit
fi"""
_CODE = (
    "import sys; sys.path.append({directory!r}); from secrethunt.start import main; "
    "sys.argv[1:1] = ['hook', 'run']; main()"
)


@dataclass(frozen=True, slots=True)
class HooksPlace:
    """Where git looks for hooks."""

    directory: str
    """Absolute."""
    setting: str
    """`core.hooksPath` as it is set, empty where it is not."""
    origin: str
    """The file that sets it."""
    is_own: bool
    """The directory belongs to this repository alone."""


def hooks_place(layout: GitLayout) -> HooksPlace:
    """
    Where git looks for the hooks of the repository at *layout*.

    Raises:
        SourceError: There is no git.
    """
    top = os.fsdecode(layout.work_tree or layout.git_dir)
    directory = os.path.join(top, ask_git(layout, "rev-parse", "--git-path", "hooks"))
    told = ask_git(layout, "config", "--show-origin", "--get", "core.hooksPath")
    origin, _, setting = told.partition("\t")
    directory = os.path.normpath(directory)
    roots = [os.path.realpath(os.fsdecode(root)) for root in (layout.common_dir, layout.work_tree) if root]
    real = os.path.realpath(directory)
    return HooksPlace(
        directory=directory,
        setting=setting,
        origin=origin.removeprefix("file:"),
        is_own=any(real == root or real.startswith(root + os.sep) for root in roots),
    )


def ask_git(layout: GitLayout, *arguments: str) -> str:
    """
    What git answers in the repository, with the user's own configuration; empty where it refuses.

    Raises:
        SourceError: There is no git.
    """
    git = find_git()
    if git is None:
        raise SourceError("git is not on the path", hint="Install git first.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # The user's and the system's configuration count here: they may set core.hooksPath.
    environment.update({name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG")})
    place = [f"--git-dir={os.fsdecode(layout.git_dir)}"]
    if layout.work_tree:
        place.append(f"--work-tree={os.fsdecode(layout.work_tree)}")
    done = subprocess.run(
        [git, *place, *arguments],
        cwd=layout.work_tree or layout.git_dir,
        env=environment,
        capture_output=True,
        check=False,
    )
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""


def script(hook: str) -> str:
    """The hook's text, for this installation."""
    directory = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    call = f'"$python" -I -S -c {shlex.quote(_CODE.format(directory=directory))} {hook} "$@"'
    has_input = hook != "pre-commit"
    return _TEMPLATE.format(
        mark=MARK,
        hook=hook,
        suffix=BEFORE,
        python=shlex.quote(sys.executable),
        chain=_CHAIN_WITH_INPUT if has_input else _CHAIN,
        start=f"feed | {call}" if has_input else f"exec {call}",
    )


def is_ours(path: str) -> bool:
    """Whether the hook at *path* was written by `install_hook`."""
    return f"\n{MARK} " in read_start(path)


def read_start(path: str) -> str:
    """The first part of a hook's text; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(65536)
    except OSError:
        return ""


def install_hook(place: HooksPlace, hook: str, *, shared: bool = False) -> str:
    """
    Write *hook*; what was there is kept and runs first. Doing it again changes nothing but the interpreter's path.

    Returns:
        What was done, in one sentence.

    Raises:
        UsageError: The directory is other repositories' too and not *shared*, or cannot be written.
    """
    if not place.is_own and not shared:
        raise UsageError(
            f"core.hooksPath, set in {place.origin or 'the configuration'}, sends hooks to {place.directory}",
            hint="Other repositories use it too: add --shared to install it for all of them.",
        )
    path = os.path.join(place.directory, hook)
    kept = path + BEFORE
    try:
        os.makedirs(place.directory, exist_ok=True)
        was_ours = is_ours(path)
        if os.path.lexists(path) and not was_ours:
            if os.path.lexists(kept):
                raise UsageError(
                    f"{path} is not ours, and {kept} is there already",
                    hint="Look at both, and remove or merge one of them.",
                )
            os.rename(path, kept)
        _write(path, script(hook))
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check who owns the hooks directory.") from err
    if was_ours:
        return f"{hook}: up to date in {path}"
    return f"{hook}: installed in {path}" + (f"; the hook that was there runs first ({kept})" if _is(kept) else "")


def uninstall_hook(place: HooksPlace, hook: str) -> str:
    """
    Take *hook* away and put back what was there before.

    Returns:
        What was done, in one sentence.

    Raises:
        UsageError: It cannot be changed.
    """
    path = os.path.join(place.directory, hook)
    kept = path + BEFORE
    if not is_ours(path):
        return f"{hook}: not installed in {place.directory}"
    try:
        os.unlink(path)
        if _is(kept):
            os.rename(kept, path)
            return f"{hook}: removed; the hook that was there before is back"
    except OSError as err:
        raise UsageError(f"cannot change {path}: {err.strerror}", hint="Check who owns the hooks directory.") from err
    return f"{hook}: removed"


def _is(path: str) -> bool:
    return os.path.lexists(path)


def _write(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(temporary, path)
