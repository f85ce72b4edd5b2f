# SPDX-License-Identifier: Apache-2.0
"""The key under which ids are made, as the configuration names it."""

from __future__ import annotations

from secrethunt.cli.config import Config
from secrethunt.errors import ConfigError
from secrethunt.findings import PUBLIC_KEY


def fingerprint_key(config: Config) -> bytes:
    """The organisation's key: at least 16 bytes, so that it cannot be guessed along with the password."""
    if not config.fingerprint_key_file:
        return PUBLIC_KEY
    try:
        with open(config.fingerprint_key_file, "rb") as file:
            key = file.read().strip()
    except OSError as err:
        raise ConfigError(f"cannot read the fingerprint key {config.fingerprint_key_file}: {err.strerror}") from err
    if len(key) < 16:
        raise ConfigError(
            f"the fingerprint key in {config.fingerprint_key_file} is shorter than 16 bytes",
            hint="Make one with `openssl rand -hex 32`.",
        )
    return key
