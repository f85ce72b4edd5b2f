# SPDX-License-Identifier: Apache-2.0
"""Identities that a provider names when its credential asks who it is and what it may do: `docs/identity.md`, Live."""
