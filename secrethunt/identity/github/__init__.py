# SPDX-License-Identifier: Apache-2.0
"""GitHub: exports, what tokens and apps may do, and what follows."""
