# SPDX-License-Identifier: Apache-2.0
"""GitLab: exports, and what tokens reach."""
