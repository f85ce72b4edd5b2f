# SPDX-License-Identifier: Apache-2.0
"""Azure and Entra: exports, what they grant, and what follows."""
