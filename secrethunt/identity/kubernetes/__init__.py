# SPDX-License-Identifier: Apache-2.0
"""Kubernetes: reading what `kubectl get` writes, and what roles and bindings come to."""
