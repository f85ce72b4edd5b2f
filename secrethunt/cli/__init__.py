# SPDX-License-Identifier: Apache-2.0
"""Options in, exit code out; one file a command. The only room that reads the environment."""
