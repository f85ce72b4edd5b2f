# SPDX-License-Identifier: Apache-2.0
"""Evaluated permissions: which provider's expander makes edges of what the graph knows."""
