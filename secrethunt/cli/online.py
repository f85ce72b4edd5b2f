# SPDX-License-Identifier: Apache-2.0
"""The options that say how credentials are checked, shared by the commands that can check them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from secrethunt import __version__
from secrethunt.cli.config import Config, cache_directory
from secrethunt.errors import UsageError

if TYPE_CHECKING:
    from secrethunt.online.options import OnlineOptions
    from secrethunt.validate.engine import EngineOptions

_F = TypeVar("_F", bound=Callable[..., Any])
_NAMES = (
    "endpoint",
    "allow_found_hosts",
    "allow_private",
    "control",
    "touch_canaries",
    "offline",
    "proxy",
    "ca_file",
    "max_requests",
    "rate",
    "concurrency",
    "timeout",
    "no_verdict_cache",
)
_LEAST_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Everything that was said of checking, lowered once."""

    online: OnlineOptions
    engine: EngineOptions
    cache_directory: str | None
    """Where verdicts are kept; None keeps none."""
    identifies: bool = False
    """Ask who live credentials are and what they may do, too."""


def online_options(command: _F) -> _F:
    """Add the options that say whom to ask, how, and how often."""
    for option in reversed(
        (
            click.option(
                "--endpoint",
                metavar="PROVIDER=URL",
                multiple=True,
                help="Ask this host about credentials of a provider that one hosts oneself; may be repeated.",
            ),
            click.option(
                "--allow-found-hosts", is_flag=True, help="Connect to hosts that only the scanned text names."
            ),
            click.option(
                "--allow-private",
                metavar="NETWORK",
                multiple=True,
                help="Connect to this private address or network (10.1.0.0/16); may be repeated.",
            ),
            click.option(
                "--control", is_flag=True, help="Believe no ACTIVE whose check lets a random key pass as well."
            ),
            click.option("--touch-canaries", is_flag=True, help="Ask about known bait and published examples, too."),
            click.option("--offline", is_flag=True, help="Send nothing: say what is known without asking."),
            click.option("--proxy", metavar="URL", help="Ask through this proxy; none is taken from the environment."),
            click.option("--ca-file", metavar="FILE", help="Trust the authorities in this PEM file as well."),
            click.option(
                "--max-requests", type=click.IntRange(min=0), metavar="N", help="Send so many requests at most."
            ),
            click.option(
                "--rate",
                type=click.FloatRange(min=0, min_open=True),
                metavar="N",
                help="Send each host so many requests a second at most.  [default: 5]",
            ),
            click.option(
                "--concurrency",
                type=click.IntRange(min=1, max=256),
                metavar="N",
                help="Check so many credentials at the same time.  [default: 32]",
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(min=0, min_open=True),
                metavar="SECONDS",
                help="Wait so long for an answer.  [default: 20]",
            ),
            click.option("--no-verdict-cache", is_flag=True, help="Neither use nor keep verdicts of other runs."),
        )
    ):
        command = option(command)
    return command


def refuse_online_options(options: dict[str, Any], needed: str) -> None:
    """
    Raises:
        UsageError: One of them was given, though without *needed* it does nothing.
    """
    for name in _NAMES:
        if options[name]:
            shown = "--" + name.replace("_", "-")
            raise UsageError(f"{shown} does nothing without {needed}", hint=f"Add {needed}, or leave {shown} out.")


def lower_checks(config: Config, options: dict[str, Any]) -> CheckOptions:
    """
    What command line and configuration say together; the command line's endpoints go before the configuration's.

    Raises:
        UsageError: A value that makes no sense.
    """
    from secrethunt.online.options import OnlineOptions
    from secrethunt.validate.engine import EngineOptions

    concurrency = options["concurrency"] or EngineOptions().concurrency
    online = OnlineOptions(
        offline=options["offline"],
        endpoints=_endpoints([*config.endpoints, *options["endpoint"]]),
        allow_found_hosts=options["allow_found_hosts"] or config.allow_found_hosts,
        allow_private=(*config.allow_private, *options["allow_private"]),
        pace=_pace(options, concurrency),
        bounds=_bounds(options["timeout"]),
        proxy=_proxy(options["proxy"]) or config.proxy,
        ca_file=options["ca_file"] or config.ca_file,
        user_agent=f"secrethunt/{__version__}",
    )
    engine = EngineOptions(
        concurrency=concurrency,
        controls=options["control"],
        touches_canaries=options["touch_canaries"],
        is_offline=options["offline"],
        # All workers may stand in line at one host.
        check_limit_s=EngineOptions().check_limit_s + 3 * concurrency / online.pace.rate_per_s,
        version=__version__,
    )
    directory = None if options["no_verdict_cache"] else cache_directory()
    return CheckOptions(online, engine, directory, identifies=bool(options.get("identify")))


def _endpoints(texts: Iterable[str]) -> dict[str, str]:
    endpoints = {}
    for text in texts:
        provider, separator, url = text.partition("=")
        if not separator or not provider or not url:
            raise UsageError(
                f"--endpoint wants PROVIDER=URL, not {text!r}", hint="--endpoint gitlab=https://git.acme.example"
            )
        endpoints[provider.strip()] = url.strip()
    return endpoints


def _pace(options: dict[str, Any], concurrency: int) -> Any:
    from secrethunt.online.options import Pace

    usual = Pace()
    rate = options["rate"] or usual.rate_per_s
    return Pace(
        rate_per_s=rate,
        burst=max(1, min(usual.burst, math.ceil(rate))),
        total=max(usual.total, concurrency),
        max_requests=options["max_requests"],
    )


def _bounds(timeout_s: float | None) -> Any:
    from secrethunt.online.options import Bounds

    if timeout_s is None:
        return Bounds()
    connect_s = min(_LEAST_CONNECT_S, timeout_s)
    return Bounds(resolve_s=connect_s, connect_s=connect_s, read_s=timeout_s, total_s=timeout_s)


def _proxy(url: str | None) -> str:
    """Every user of the machine can read a command line, so a password has no place on it."""
    try:
        has_password = bool(url and urlsplit(url).password)
    except ValueError:
        has_password = False
    if has_password:
        raise UsageError("--proxy must not hold a password", hint="Write `proxy` into the configuration file instead.")
    return url or ""
