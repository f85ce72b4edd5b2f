# SPDX-License-Identifier: Apache-2.0
"""Identities that the scanned code itself declares: infrastructure as code, manifests, pipelines."""

from secrethunt.identity.declared.reading import CodeTree, declared_in, iter_declared

__all__ = ["CodeTree", "declared_in", "iter_declared"]
