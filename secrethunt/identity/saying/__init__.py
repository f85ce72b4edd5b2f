# SPDX-License-Identifier: Apache-2.0
"""What a secret says of itself, as nodes and edges: one module a family of credentials."""
