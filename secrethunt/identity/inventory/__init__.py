# SPDX-License-Identifier: Apache-2.0
"""Exported files into the graph: one importer a kind of file, found by its contents."""
