# SPDX-License-Identifier: Apache-2.0
"""Terraform: state and plans."""
