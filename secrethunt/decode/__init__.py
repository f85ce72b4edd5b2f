# SPDX-License-Identifier: Apache-2.0
"""What stands in bytes without being readable there: encodings, compressed streams, containers."""

from secrethunt.decode.contract import Budget, DecodeOptions, Log, Piece, Shape, Tally
from secrethunt.decode.hints import HINTS, Hint
from secrethunt.decode.wide import wide_encoding

__all__ = ["HINTS", "Budget", "DecodeOptions", "Hint", "Log", "Piece", "Shape", "Tally", "wide_encoding"]
