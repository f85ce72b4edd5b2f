# SPDX-License-Identifier: Apache-2.0
"""Google Cloud: reading what it exports, and what its allow and deny policies come to."""
