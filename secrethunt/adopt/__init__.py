# SPDX-License-Identifier: Apache-2.0
"""Takes over what somebody has decided before: ids of a report, baselines, and the files of other scanners."""
