# SPDX-License-Identifier: Apache-2.0
"""Hyperscan finds anchors in arenas, regular expressions confirm them. Knows nothing of git or files."""
