# SPDX-License-Identifier: Apache-2.0
"""Decides whether a capture is a secret. Knows nothing of storage or network."""
