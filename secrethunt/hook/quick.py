# SPDX-License-Identifier: Apache-2.0
"""
Hot: the first look at a commit, in a bare interpreter (`python -I -S`): says "clean", or asks the whole scanner.

Nothing is imported but what starting Python imports anyway, because importing the scanner takes four times as long as
this takes in all. It asks git for the staged change with each file whole, lets Hyperscan look for the rules' anchors,
and is done where no anchor's window (all bytes on which its rule's answer can depend) meets an added line. What the
windows, the database and the patterns are stands in a snapshot that `snapshot.py` leaves in the cache. Whatever is out
of the ordinary (no snapshot, a merge, an unborn branch, Git LFS, a very large change) is left to the whole scanner,
which decides alone what a finding is: here only its absence is shown.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MAGIC = b"secrethunt cache 1\n"
"""As `diskcache` writes it; four bytes of checksum follow."""
LAYOUT = 4
MOST_BYTES = 64 << 20
"""A larger change is read file by file by the whole scanner."""
_HEAD = 512
_BINARY_PROBE = 8000
_LFS = b"version https://git-lfs"
_MODE = 0o22


class Unsure(Exception):
    """This cannot be answered here; the message says why."""


# --- the snapshot -----------------------------------------------------------------------------------------------


def cache_directory() -> str:
    """As `cli.config.cache_directory`."""
    named = os.environ.get("SECRETHUNT_CACHE_DIR")
    if named:
        return named
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "secrethunt")


def config_file() -> str:
    """As `cli.config.load_config` finds it."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "secrethunt", "secrethunt.toml")


def snapshot_name() -> str:
    """One for each installation, interpreter and configuration file: they must not overwrite each other."""
    from binascii import crc32

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    key = f"{package}\0{sys.version}\0{config_file()}".encode("utf-8", "surrogateescape")
    return f"hook-{crc32(key):08x}"


def stamp(paths: list[str]) -> list[tuple[int, int]]:
    """Size and time of each of *paths*; zeros where there is none."""
    stamps = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_size, status.st_mtime_ns))
    return stamps


class Snapshot:
    """What `snapshot.py` left, open for reading; the parts are read when they are needed."""

    def __init__(self, path: str) -> None:
        """
        Raises:
            Unsure: There is none, or none that holds today.
        """
        try:
            self._file = os.open(path, os.O_RDONLY)
            status = os.fstat(self._file)
        except OSError as err:
            raise Unsure("no snapshot") from err
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & _MODE:
            raise Unsure("others may write the snapshot")
        start = len(MAGIC) + 4
        head = os.pread(self._file, start + 12, 0)
        size = int.from_bytes(head[start : start + 8], "big")
        if head[: len(MAGIC)] != MAGIC or not 0 < size < status.st_size:
            raise Unsure("no snapshot")
        packed = os.pread(self._file, size, start + 12)
        self._base = start + 12 + size
        self.parts = self._checked(packed, head[start + 8 :])

    def _checked(self, packed: bytes, checksum: bytes) -> dict[str, Any]:
        from binascii import crc32

        if crc32(packed).to_bytes(4, "big") != checksum:
            raise Unsure("the snapshot is damaged")
        parts: dict[str, Any] = marshal.loads(packed)
        if parts["layout"] != LAYOUT or stamp(parts["files"]) != parts["stamps"]:
            raise Unsure("the snapshot is out of date")
        return parts

    def read(self, place: tuple[int, int]) -> bytes:
        """The bytes at *place*: (offset, size)."""
        return os.pread(self._file, place[1], self._base + place[0])


class Anchors:
    """Hyperscan with the snapshot's databases, and the probes behind the anchors."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._parts = snapshot.parts
        self._rules = len(self._parts["probes"])
        self._probes: dict[int, Any] = {}
        engine = _extension(self._parts["engine"])
        try:
            # Hyperscan checks the database's own checksum, version and CPU.
            databases = [engine.loadb(snapshot.read(place), engine.HS_MODE_BLOCK) for place in self._parts["databases"]]
            self._searches = [(database, engine.Scratch(database)) for database in databases]
        except Exception as err:
            raise Unsure("the database cannot be used") from err

    def are_near(self, data: bytes, added: list[tuple[int, int]]) -> bool:
        """Whether anything of which a finding could come stands within reach of *added*: ascending [start, end)."""
        events: list[tuple[int, int]] = []

        def on_match(tag: int, _start: int, end: int, _flags: int, _context: object) -> None:
            events.append((tag, end))

        for database, scratch in self._searches:
            database.scan(data, match_event_handler=on_match, scratch=scratch)
        is_noise = data.find(b"\0", 0, _BINARY_PROBE) >= 0
        return any(self._matters(data, tag, end, is_noise) for tag, end in events if self._meets(tag, end, added))

    def _meets(self, tag: int, end: int, added: list[tuple[int, int]]) -> bool:
        before, behind = self._parts["windows"][tag]
        return any(start < end + behind and stop > end - before for start, stop in added)

    def _matters(self, data: bytes, tag: int, end: int, is_noise: bool) -> bool:
        """As `Matcher`, `Unwrapper` and `Confirmer.may_hold` decide."""
        if tag >= self._rules:
            is_whole = self._parts["whole"][tag - self._rules]
            return end <= _HEAD if is_whole else not is_noise
        if is_noise and tag not in self._parts["in_binary"]:
            return False
        probe = self._parts["probes"][tag]
        if probe is None:
            return True
        code, back, reach = probe
        pattern = self._probes.get(code) or self._load(code)
        return pattern.match(data, max(end - back, 0), end + reach) is not None

    def _load(self, code: tuple[int, int]) -> Any:
        """A compiled pattern; what it was compiled to is checked by `_sre` itself."""
        import _sre  # type: ignore[import-not-found]  # private: see match/patterns.py

        text, flags, groups, names, by_number, words = marshal.loads(self._snapshot.read(code))
        try:
            pattern = _sre.compile(text, flags, words, groups, names, by_number)
        except Exception as err:
            raise Unsure("a pattern cannot be used") from err
        self._probes[code] = pattern  # type: ignore[index]
        return pattern


def _extension(path: str) -> Any:
    """The extension module at *path*, without the package around it, whose imports cost more than all else here."""
    import _imp
    from _frozen_importlib import ModuleSpec

    try:
        module = _imp.create_dynamic(ModuleSpec("hyperscan._hs_ext", None, origin=path))
        _imp.exec_dynamic(module)
    except ImportError as err:
        raise Unsure("no Hyperscan") from err
    return module


# --- the staged change ------------------------------------------------------------------------------------------


def find_git_dir() -> str:
    """
    The git directory that git itself would take from here.

    Raises:
        Unsure: There is none.
    """
    named = os.environ.get("GIT_DIR")
    if named:
        return named
    directory = os.getcwd()
    while True:
        dot_git = os.path.join(directory, ".git")
        if os.path.isfile(os.path.join(dot_git, "HEAD")):
            return dot_git
        if os.path.isfile(dot_git):
            with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
                return os.path.join(directory, file.readline().removeprefix("gitdir:").strip())
        parent = os.path.dirname(directory)
        if parent == directory:
            raise Unsure("no git directory")
        directory = parent


class StagedDiff:
    """The child that tells what is staged, each changed file whole; it works while the database is loaded."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        inward, outward = os.pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, outward, 1),
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        self._pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
        os.close(outward)
        self._pipe = inward

    def read(self) -> bytes:
        """
        All that the child writes.

        Raises:
            Unsure: It fails (before the first commit HEAD names nothing), or writes too much.
        """
        pieces = []
        size = 0
        while piece := os.read(self._pipe, 1 << 20):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                break
        os.close(self._pipe)
        status = os.waitpid(self._pid, 0)[1]
        if size > MOST_BYTES:
            raise Unsure("a large change")
        if status:
            raise Unsure("git cannot compare the index with HEAD")
        return b"".join(pieces)


def iter_files(output: bytes) -> Iterator[tuple[bytes, list[tuple[int, int]]]]:
    """New content and added ranges of each file in the output of `diff-index --raw -p -z` with endless context."""
    patches = output.find(b"\0\0diff --git ")
    if patches < 0:
        if b"\0\0" in output or (output and not output.endswith(b"\0")):
            raise Unsure("git's answer is not understood")
        return
    if b" U\0" in output[:patches]:
        raise Unsure("a conflict")
    at = patches + 2
    while at < len(output):
        at = _end_of_header(output, at)
        if output.startswith(b"@@ ", at):
            at, data, added = _read_hunk(output, at)
            if added:
                yield data, added


def _end_of_header(output: bytes, at: int) -> int:
    """Where the first hunk of the file whose header begins at *at* stands, or the next file, or the end."""
    if not output.startswith(b"diff --git ", at):
        raise Unsure("git's answer is not understood")
    hunk, following = output.find(b"\n@@ -", at), output.find(b"\ndiff --git ", at)
    places = [place for place in (hunk, following) if place >= 0]
    return min(places) + 1 if places else len(output)


def _read_hunk(output: bytes, at: int) -> tuple[int, bytes, list[tuple[int, int]]]:
    """The one hunk of a file: where it ends, the new content, and what of that is added."""
    start = output.index(b"\n", at)
    # Within a hunk each line begins with a mark, so no line can look like the next header.
    end = output.find(b"\ndiff --git ", start)
    end = len(output) if end < 0 else end + 1
    if output.find(b"\n@@ -", start, end) >= 0:
        raise Unsure("a second hunk")
    pieces: list[bytes] = []
    added: list[tuple[int, int]] = []
    size = 0
    for mark, text in _runs(output, start, end):
        if mark == b"+":
            added.append((size, size + len(text)))
        pieces.append(text)
        size += len(text)
    return end, b"".join(pieces), added


def _runs(output: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """
    The runs of unchanged and added lines without their marks; *start* is the line feed before the first line.

    A line of its own, which begins with a backslash, says that the line before it ends without a line feed.
    """
    at = start
    while at < end - 1:
        mark = output[at + 1 : at + 2]
        others = [b"\n" + other for other in (b" ", b"+", b"-", b"\\") if other != mark]
        nexts = [place for other in others if (place := output.find(other, at + 1, end)) >= 0]
        stop = min(nexts, default=end - 1)
        if mark in b" +":
            ends = stop if output.startswith(b"\n\\", stop) and stop < end - 1 else stop + 1
            yield mark, output[at + 1 : ends].replace(b"\n" + mark, b"\n")[1:]
        at = stop


# --- the answer -------------------------------------------------------------------------------------------------


def is_clean() -> bool:
    """
    Whether nothing that is staged can be a finding; False means that it takes the whole scanner to know.

    Raises:
        Unsure: It cannot be told here.
    """
    snapshot = Snapshot(os.path.join(cache_directory(), snapshot_name()))
    if os.path.exists(os.path.join(find_git_dir(), "MERGE_HEAD")):
        raise Unsure("a merge")
    parts = snapshot.parts
    kept = {name: os.environ[name] for name in parts["passed"] if name in os.environ}
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    child = StagedDiff(parts["command"], {**others, **parts["environment"], **kept})
    try:
        anchors = Anchors(snapshot)
    finally:
        output = child.read()
    for data, added in iter_files(output):
        if data.startswith(_LFS) or len(data) > parts["max_size"]:
            raise Unsure("Git LFS, or a large file")
        if anchors.are_near(data, added):
            return False
    return True


def run(arguments: list[str]) -> int | None:
    """
    Exit code of `hook run ARGUMENTS` where that can be told at once, else None.

    `SECRETHUNT_HOOK_TRACE` says on standard error which way was taken.
    """
    if arguments not in (["pre-commit"], []):
        return None
    trace = os.environ.get("SECRETHUNT_HOOK_TRACE")
    try:
        clean = is_clean()
        why = "" if clean else "an anchor near an added line"
    except (Unsure, OSError, ValueError, KeyError, EOFError, TypeError) as err:
        clean, why = False, str(err)
    if trace:
        sys.stderr.write(f"secrethunt hook: {'clean at first sight' if clean else f'the whole scanner: {why}'}\n")
    return 0 if clean else None
