# SPDX-License-Identifier: Apache-2.0
"""
Owns what can be read only once and has no place in a tree: standard input, and pipes named as the target.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from secrethunt.coverage import Skip
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources.contract import BlobKey, Ledger, no_revisions


class StreamSource:
    """One stream, read whole."""

    prefix = b""
    packed = None

    def __init__(self, path: bytes, read: Callable[[int], bytes], *, max_size: int) -> None:
        """*read* gives at most so many bytes from the start; it is called once."""
        self._path = path
        self._read = read
        self._max_size = max_size
        self.repository = path.decode(errors="backslashreplace")

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """The stream's bytes as one blob; a stream over the limit is named and not scanned."""
        try:
            data = self._read(self._max_size + 1)
        except OSError as err:
            ledger.skip(Skip.UNREADABLE, self._path, err.strerror or "")
            return
        if len(data) > self._max_size:
            ledger.skip(Skip.TOO_LARGE, self._path, f"more than {self._max_size} bytes")
            return
        ledger.files += 1
        ledger.bytes += len(data)
        yield Blob(data, BlobKind.STREAM, self._path)

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Nothing stands beside a stream."""
        return iter(())

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """A stream has a name and no history."""
        return {key: (Provenance(key.path, BlobKind.STREAM),) for key in keys}

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """A stream has no history to read again."""
        return iter(())

    def committed(self, revision: str, path: str) -> bytes | None:
        """
        Raises:
            SourceError: Always: a stream has no revisions.
        """
        raise no_revisions(self.repository)
