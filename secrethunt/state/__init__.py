# SPDX-License-Identifier: Apache-2.0
"""
What one scan of a history leaves behind for the next: which objects are known, and what came of them.

`file` is the container, `known` what holds for each object, `finished` what holds while nothing changes.
"""
