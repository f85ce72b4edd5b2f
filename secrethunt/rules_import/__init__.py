# SPDX-License-Identifier: Apache-2.0
"""Reads rules that were written for other scanners, and writes them as ours."""

from secrethunt.rules_import.convert import Converted, Lost, convert_rules, is_foreign

__all__ = ["Converted", "Lost", "convert_rules", "is_foreign"]
