# SPDX-License-Identifier: Apache-2.0
"""Is a credential live? Asks its provider, within the guards of `online/`, and judges the answer."""
