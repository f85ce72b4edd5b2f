# SPDX-License-Identifier: Apache-2.0
"""HashiCorp Vault: exports, policies, and what tokens reach."""
