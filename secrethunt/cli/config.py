# SPDX-License-Identifier: Apache-2.0
"""
Reads `secrethunt.toml`, or `[tool.secrethunt]` of a file named pyproject.toml.

Only from `--config` or the user's configuration directory: a scanned repository never configures its own scan.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any

from secrethunt.errors import ConfigError

_TYPES: dict[str, tuple[type[Any], str]] = {
    "str": (str, "text"),
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "tuple[str, ...]": (list, "a list of texts"),
}


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file may say; each key is an option of `scan` in snake case or with dashes."""

    rules: tuple[str, ...] = ()
    """Paths, relative to the configuration file."""
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    builtin_rules: bool = True
    min_confidence: str = ""
    fail_on: tuple[str, ...] = ()
    jobs: int = 0
    max_size: str = ""
    include_ignored: bool = False
    decode: bool = True
    max_archive_depth: int = 0
    """0 is the default depth."""
    fingerprint_key_file: str = ""
    """File whose bytes are the organisation's key for secret ids, relative to the configuration file."""
    endpoints: tuple[str, ...] = ()
    """`PROVIDER=URL`: hosts of one's own that credentials are checked against."""
    allow_found_hosts: bool = False
    allow_private: tuple[str, ...] = ()
    """Private addresses and networks that may be connected to."""
    proxy: str = field(default="", repr=False)
    """URL; here it may hold a password."""
    ca_file: str = ""
    """PEM file, relative to the configuration file."""
    db: str = ""
    """Where scans keep their findings, relative to the configuration file; `default` is the user's data directory."""


def load_config(path: str | None) -> Config:
    """
    The configuration at *path*, else the user's, else an empty one.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or has a key or a value that makes no sense.
    """
    if path is None:
        path = os.path.join(user_directory("XDG_CONFIG_HOME", ".config"), "secrethunt.toml")
        if not os.path.exists(path):
            return Config()
    return _lower(_read(path), path)


def user_directory(variable: str, fallback: str) -> str:
    """Our directory below one of the XDG base directories (XDG Base Directory Specification 0.8)."""
    base = os.environ.get(variable) or os.path.join(os.path.expanduser("~"), fallback)
    return os.path.join(base, "secrethunt")


def cache_directory() -> str:
    """Where compiled rules are kept: `SECRETHUNT_CACHE_DIR`, or the user's cache directory."""
    return os.environ.get("SECRETHUNT_CACHE_DIR") or user_directory("XDG_CACHE_HOME", ".cache")


def _read(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except OSError as err:
        raise ConfigError(f"cannot read {path}: {err.strerror}", hint="Check the path given to --config.") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: not TOML: {err}") from err
    if os.path.basename(path) == "pyproject.toml":
        section = document.get("tool", {}).get("secrethunt")
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: there is no [tool.secrethunt] in it")
        return section
    return document


def _lower(document: dict[str, Any], path: str) -> Config:
    known = {item.name: str(item.type) for item in fields(Config)}
    values: dict[str, Any] = {}
    for key, value in document.items():
        name = key.replace("-", "_")
        if name not in known:
            raise ConfigError(f"{path}: unknown key {key!r}", hint=f"Known keys: {', '.join(sorted(known))}.")
        values[name] = _typed(value, known[name], f"{path}: {key}")
    base = os.path.dirname(os.path.abspath(path))
    values["rules"] = tuple(os.path.join(base, rule) for rule in values.get("rules", ()))
    for name in ("fingerprint_key_file", "ca_file"):
        if values.get(name):
            values[name] = os.path.join(base, values[name])
    if values.get("db") not in (None, "", "default"):
        values["db"] = os.path.join(base, values["db"])
    return Config(**values)


def _typed(value: Any, type_name: str, where: str) -> Any:
    kind, description = _TYPES[type_name]
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if type(value) is not kind or (kind is list and not is_texts):
        raise ConfigError(f"{where} must be {description}")
    return tuple(value) if kind is list else value
