# SPDX-License-Identifier: Apache-2.0
"""Checks in code, for what a rule's `validate` cannot say: signatures, key exchanges, several answers weighed together.

`registry.py` knows them by name; the modules are imported only when a check is used.
"""
