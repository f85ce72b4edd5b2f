# SPDX-License-Identifier: Apache-2.0
"""
What the importers of AWS command-line outputs share: a table of answers by their top-level key, streamed.

A file may hold one answer, or many behind each other (a loop of calls appended to one file). What an answer leaves out
because it was an argument of the call (a policy's id, a key's region) is taken from the name of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.aws.principals import PREFIX
from secrethunt.identity.contract import Edge, Node, NodeKind, Unread

Item = Node | Edge | Unread
Reader = Callable[[Any, str], Iterator[Item]]
"""Reads one item of an answer; the second argument is the file's name."""
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12}|aws)?:\S+")
_ACCOUNT_ID = re.compile(r"(?<!\d)\d{12}(?!\d)")


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of output."""

    key: str
    """Its top-level key."""
    path: str
    """What of it is an item, as ijson names it: `Functions.item`."""
    marks: tuple[str, ...]
    """Keys or texts that stand in it besides, so that no other tool's output is taken for it."""
    read: Reader
    without: tuple[str, ...] = ()
    """Texts by which it is something else."""

    def fits(self, head: bytes) -> bool:
        """Whether a file that begins with *head* holds such an answer, if only an empty list."""
        if f'"{self.key}"'.encode() not in head or any(mark.encode() in head for mark in self.without):
            return False
        if all(mark.encode() in head for mark in self.marks):
            return True
        return re.match(rb'\s*\{\s*"' + self.key.encode() + rb'"\s*:\s*\[\s*\]\s*\}\s*$', head) is not None


class Listing:
    """An importer over a table of answers; subclasses give the table and the name."""

    name = ""
    answers: tuple[Answer, ...] = ()

    def recognises(self, head: bytes, name: str) -> bool:
        """By the keys of an answer."""
        return head.lstrip()[:1] == b"{" and any(answer.fits(head) for answer in self.answers)

    def read(self, path: str) -> Iterator[Item]:
        """Every item of every answer in the file."""
        import ijson

        with open(path, "rb") as file:
            head = file.read(1 << 16)
        name = os.path.basename(path)
        for answer in self.answers:
            if not answer.fits(head):
                continue
            with open(path, "rb") as file:
                try:
                    for item in ijson.items(file, answer.path, use_float=True, multiple_values=True):
                        yield from _read(answer, item, name)
                except ijson.JSONError as err:
                    yield Unread(answer.key, f"the file breaks off or is not JSON: {str(err).splitlines()[0]}")


def _read(answer: Answer, item: Any, name: str) -> Iterator[Item]:
    if not isinstance(item, Mapping):
        yield Unread(f"an entry of {answer.key}", "it is not an object")
        return
    try:
        yield from answer.read(item, name)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        yield Unread(f"an entry of {answer.key}", f"it is not as AWS documents it ({type(err).__name__}: {err})")


def is_arn(value: Any) -> bool:
    """Whether *value* has the form of an ARN."""
    return isinstance(value, str) and _ARN.fullmatch(value) is not None


def account_node(number: str, **properties: Any) -> Node:
    """The node of an account."""
    return Node(
        account_key(number), NodeKind.ACCOUNT, "aws", number, account_key(number), {"type": "aws-account"} | properties
    )


def account_key(number: str) -> str:
    """The key of an account's node."""
    return f"{PREFIX}account:{number}"


def account_in(text: str) -> str:
    """The twelve digits of an account id in a file's name, empty where there are none."""
    found = _ACCOUNT_ID.search(text)
    return found.group() if found else ""


def text_of(item: Mapping[str, Any], key: str) -> str:
    """A field as text, empty where it is missing or null."""
    value = item.get(key)
    return "" if value is None else str(value)


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    """Tags in either of the two forms that AWS gives them: a list of Key and Value, or a mapping."""
    for key in ("Tags", "tags", "TagList"):
        tags = item.get(key)
        if isinstance(tags, Mapping):
            return {str(name): str(value) for name, value in tags.items()}
        if isinstance(tags, list):
            pairs = ((tag.get("Key", tag.get("key")), tag.get("Value", tag.get("value"))) for tag in tags)
            return {str(name): str(value) for name, value in pairs if name is not None}
    return {}
