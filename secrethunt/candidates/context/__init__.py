# SPDX-License-Identifier: Apache-2.0
"""Where a value stands in its file's syntax: read from the file's bytes and path, for the few files that need it."""

from secrethunt.candidates.context.reader import ContextReader

__all__ = ["ContextReader"]
