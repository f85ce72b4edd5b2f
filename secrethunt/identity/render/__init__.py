# SPDX-License-Identifier: Apache-2.0
"""A blast radius as text, JSON, picture and OpenGraph: records in, text out, nothing is worked out here."""
