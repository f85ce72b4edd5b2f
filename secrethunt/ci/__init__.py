# SPDX-License-Identifier: Apache-2.0
"""What a CI job is about, from its environment; which commits that means; what is said of them."""
