# SPDX-License-Identifier: Apache-2.0
"""Secrets kept out of commits and pushes: what git's hooks run, how they get there, and whether they are in force."""
