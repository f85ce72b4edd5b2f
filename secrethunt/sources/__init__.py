# SPDX-License-Identifier: Apache-2.0
"""Where bytes come from: work trees, git history, the index, plain directories, streams; and where a blob was seen."""

from secrethunt.sources.contract import (
    DEFAULT_MAX_SIZE,
    BlobKey,
    Ledger,
    Scope,
    Source,
    SourceOptions,
)
from secrethunt.sources.target import open_source

__all__ = ["DEFAULT_MAX_SIZE", "BlobKey", "Ledger", "Scope", "Source", "SourceOptions", "open_source"]
