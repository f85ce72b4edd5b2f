# SPDX-License-Identifier: Apache-2.0
"""
Owns manual pages: one for the tool, one for each command, in the macros of man(7).

Made here because click-man, the library for it, writes nothing of commands that are imported late, of exit codes or of
examples, and leaves control lines in texts unescaped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from textwrap import wrap

import click

from secrethunt import __version__
from secrethunt.errors import ExitCode

_EXIT_CODES = {
    ExitCode.CLEAN: "nothing found, or nothing that counts",
    ExitCode.FINDINGS: "findings",
    ExitCode.USAGE: "wrong usage or configuration; nothing was scanned",
    ExitCode.INCOMPLETE: "nothing found, but something could not be scanned",
    ExitCode.INTERNAL: "internal error",
}
_ENVIRONMENT = {
    "SECRETHUNT_CACHE_DIR": "Where compiled rules are kept instead of the user's cache directory.",
    "SECRETHUNT_DEBUG": "If set, an internal error shows its whole trace.",
    "NO_COLOR": "If set, text reports have no colour.",
    "XDG_CONFIG_HOME, XDG_CACHE_HOME": "Where the configuration (secrethunt/secrethunt.toml) and the cache are.",
}
_WIDTH = 76
_CODE = re.compile(r"`([^`]+)`")


def iter_pages(root: click.Context) -> Iterator[tuple[str, str]]:
    """Name without suffix, and text, of each page; the tool's own first."""
    for context in _iter_contexts(root.command, "secrethunt", None):
        yield context.command_path.replace(" ", "-"), _page(context)


def _iter_contexts(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    context = click.Context(command, info_name=name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from _iter_contexts(found, child, context)


def _page(context: click.Context) -> str:
    command = context.command
    name = context.command_path.replace(" ", "-")
    about, _, rest = (command.help or "").partition("\n\n")
    lines = [
        f'.TH "{name.upper()}" "1" "{time.strftime("%Y-%m-%d")}" "secrethunt {__version__}" "User Commands"',
        ".SH NAME",
        _text(f"{name} \0 {about[:1].lower()}{' '.join(about.split())[1:].rstrip('.')}").replace("\0", "\\-"),
        ".SH SYNOPSIS",
        f".B {_escaped(context.command_path)}",
        _escaped(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        _text(" ".join(about.split())),
        *_iter_paragraphs(rest),
        *_iter_options(context),
        *_iter_commands(context),
        *_iter_ends(context),
    ]
    return "\n".join(lines) + "\n"


def _iter_paragraphs(text: str) -> Iterator[str]:
    """Paragraphs are filled; those that click leaves alone (after a line with `\\b`) keep their lines."""
    for paragraph in filter(None, text.split("\n\n")):
        lines = paragraph.strip("\n").split("\n")
        if lines[0].strip() != "\b":
            yield ".PP"
            yield _text(" ".join(" ".join(lines).split()))
            continue
        title, *examples = lines[1:]
        if examples:
            yield f".SS {_escaped(title.strip().rstrip(':'))}"
        yield ".nf"
        yield from (_line(_escaped(line.strip())) for line in examples or [title])
        yield ".fi"


def _iter_options(context: click.Context) -> Iterator[str]:
    options = [item for item in context.command.get_params(context) if isinstance(item, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    if records:
        yield ".SH OPTIONS"
    for names, about in records:
        yield ".TP"
        yield f".B {_escaped(names)}"
        yield _text(" ".join(about.split()))


def _iter_commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None and not child.hidden:
            yield ".TP"
            page = f"{context.command_path} {name}".replace(" ", "-")
            yield f".BR {_escaped(page)} (1)"
            yield _text(child.get_short_help_str(200))


def _iter_ends(context: click.Context) -> Iterator[str]:
    """What holds for all commands stands on each page, so that nobody has to look elsewhere."""
    yield ".SH EXIT STATUS"
    for code, meaning in _EXIT_CODES.items():
        yield from (".TP", f".B {int(code)}", _text(meaning))
    if context.parent is None:
        yield ".SH ENVIRONMENT"
        for name, meaning in _ENVIRONMENT.items():
            yield from (".TP", f".B {_escaped(name)}", _text(meaning))
    else:
        yield ".SH SEE ALSO"
        yield f".BR {_escaped(context.parent.command_path.replace(' ', '-'))} (1)"


def _text(text: str) -> str:
    """*text* as lines of their own, to be filled: what stands between backticks is bold."""
    escaped = _CODE.sub(lambda match: f"\\fB{match[1]}\\fP", _escaped(text))
    return "\n".join(map(_line, wrap(escaped, _WIDTH, break_long_words=False, break_on_hyphens=False)))


def _line(text: str) -> str:
    """*text* as one line that begins with no request."""
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _escaped(text: str) -> str:
    # A hyphen is a minus, so that what is copied from the page works.
    return text.replace("\\", "\\e").replace("-", "\\-")
