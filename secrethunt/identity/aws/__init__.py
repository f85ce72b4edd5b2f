# SPDX-License-Identifier: Apache-2.0
"""AWS permissions: policy documents, what they allow and deny, and what follows for whoever holds a key."""
