# SPDX-License-Identifier: Apache-2.0
"""Everything that goes over the network: addresses that may be asked, pacing, TLS, sizes, time. Knows no rule."""
