# SPDX-License-Identifier: Apache-2.0
"""Whose key is it, and what could somebody do with it: the graph of identities, permissions and what they reach."""
