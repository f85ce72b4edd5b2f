# SPDX-License-Identifier: Apache-2.0
"""Checks that speak another protocol than HTTP, or HTTP to a host that stands in the scanned text."""
