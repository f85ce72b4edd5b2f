# SPDX-License-Identifier: Apache-2.0
"""Archives: zip with all that is built on it (jar, wheel, docx, xlsx, pptx), tar with image layers, and 7z."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from secrethunt.coverage import Skip
from secrethunt.decode.contract import Budget, Piece

if TYPE_CHECKING:
    import tarfile
    import zipfile

_ENCRYPTED_FLAG = 0x1
_PART = 1 << 20


def open_zip(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """The members of a zip archive, and the text of an office document's."""
    import zipfile

    if end != 4:
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as err:
        budget.note(Skip.UNOPENED, f"zip: {_said(err)}")
        return
    budget.log.containers += 1
    members = [member for member in archive.infolist() if not member.is_dir()]
    is_office = any(member.filename in ("[Content_Types].xml", "content.xml") for member in members)
    for member in members:
        if budget.is_cut:
            return
        content = _zip_member(archive, member, budget)
        if content and budget.take(len(content)):
            yield from _zip_pieces(member, content, budget, is_office=is_office)


def _zip_pieces(member: zipfile.ZipInfo, content: bytes, budget: Budget, *, is_office: bool) -> Iterator[Piece]:
    name = member.filename.encode("utf-8", "surrogateescape")
    place = (member.header_offset, member.header_offset + max(member.compress_size, 1))
    step = f"zip:{member.filename}"
    if is_office and member.filename.endswith(".xml"):
        from secrethunt.decode.documents import markup_text

        text = markup_text(content)
        if text and budget.take(len(text)):
            yield Piece(step, text, *place, name=name, is_container=True)
        return
    yield Piece(step, content, *place, name=name, is_container=True)


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    """Contents of one member, or nothing with the reason noted."""
    import lzma
    import zipfile
    import zlib

    if member.flag_bits & _ENCRYPTED_FLAG:
        budget.note(Skip.ENCRYPTED, "a zip member")
        return b""
    limit = budget.largest
    try:
        with archive.open(member) as file:
            content = file.read(limit + 1)
    except NotImplementedError:
        budget.note(Skip.UNOPENED, "a zip member's compression is not known here")
        return b""
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError) as err:
        budget.note(Skip.UNOPENED, f"a zip member: {_said(err)}")
        return b""
    if len(content) > limit:
        budget.refuse(len(content))
        return b""
    return content


def open_tar(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """The regular files of a tar archive; sparse ones are left alone, since their size says nothing."""
    import tarfile

    if end != 263:
        return
    try:
        archive = tarfile.TarFile(fileobj=io.BytesIO(data))
    except (tarfile.TarError, ValueError, OSError, EOFError) as err:
        budget.note(Skip.UNOPENED, f"tar: {_said(err)}")
        return
    budget.log.containers += 1
    while not budget.is_cut:
        try:
            member = archive.next()
        except (tarfile.TarError, ValueError, OSError, EOFError) as err:
            budget.note(Skip.UNOPENED, f"tar: {_said(err)}")
            return
        if member is None:
            return
        # Every member read stays in a list of the archive's own.
        archive.members.clear()  # type: ignore[attr-defined]  # there, but not in typeshed
        yield from _tar_pieces(data, member, budget)


def _tar_pieces(data: bytes, member: tarfile.TarInfo, budget: Budget) -> Iterator[Piece]:
    if not member.isreg() or not member.size:
        return
    if member.issparse():
        budget.note(Skip.UNOPENED, "a sparse member of a tar archive")
        return
    start, stop = member.offset_data, member.offset_data + member.size
    if stop > len(data):
        budget.note(Skip.UNOPENED, "tar: it ends too early")
    content = data[start:stop]
    if content and budget.take(len(content)):
        name = member.name.encode("utf-8", "surrogateescape")
        yield Piece(f"tar:{member.name}", content, member.offset, min(stop, len(data)), name=name, is_container=True)


def open_7z(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """The members of a 7z archive, where py7zr is installed."""
    if end != 6:
        return
    try:
        import py7zr
        import py7zr.exceptions
    except ImportError:
        budget.note(Skip.NEEDS_EXTRA, "a 7z archive: pip install 'secrethunt[archives]'")
        return
    store = _Members(budget)
    try:
        with py7zr.SevenZipFile(io.BytesIO(data), "r") as archive:
            if archive.needs_password():
                budget.note(Skip.ENCRYPTED, "a 7z archive")
                return
            budget.log.containers += 1
            archive.extractall(factory=store)
    except _Full:
        budget.cut()
    except py7zr.exceptions.PasswordRequired:
        budget.note(Skip.ENCRYPTED, "a 7z archive")
    # A damaged archive fails inside of py7zr in as many ways as Python has.
    except Exception as err:  # noqa: BLE001
        budget.note(Skip.UNOPENED, f"7z: {type(err).__name__}")
    for name, member in store.members.items():
        content = member.getvalue()
        if content and budget.take(len(content)):
            raw = name.encode("utf-8", "surrogateescape")
            yield Piece(f"7z:{name}", content, 0, len(data), name=raw, is_container=True)


class _Full(Exception):
    """Writing more would go over the budget."""


class _Members:
    """What py7zr extracts, in memory; stops it where the budget ends. Answers py7zr's `WriterFactory`."""

    def __init__(self, budget: Budget) -> None:
        self._left = budget.largest
        self.members: dict[str, io.BytesIO] = {}

    def create(self, filename: str, mode: str = "wb", **_: Any) -> IO[bytes]:
        member = self.members[filename] = _Member(self)
        return member

    def pay(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _Full


class _Member(io.BytesIO):
    """One member; stays open when its writer is done with it."""

    def __init__(self, store: _Members) -> None:
        super().__init__()
        self._store = store

    def write(self, data: Any, /) -> int:
        self._store.pay(len(data))
        return super().write(data)

    def size(self) -> int:
        return len(self.getvalue())

    def close(self) -> None:
        """Its contents are still wanted."""


def _said(err: BaseException) -> str:
    """What a library says, without what it read."""
    return type(err).__name__ if not str(err) or len(str(err)) > 80 else str(err)
