# SPDX-License-Identifier: Apache-2.0
"""
secrethunt beside its peers on the same input in the same run: CPU, wall clock, memory, findings.

    python benchmarks/peers.py tree DIR... [--peer kingfisher=/path/to/kingfisher]... [--runs 5]
    python benchmarks/peers.py history REPOSITORY... [--peer …]

With --missing, what a peer's provider rules report and secrethunt does not is listed: (path, line, rule).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from tools import Hit, Run, chosen_tools, measure

_GENERIC = ("generic", "curl-auth", "jwt-base64", "credentials", "hashicorp-tf-password", "weak_password")
"""Peers' rules that go by a keyword alone; the comparison is of provider rules."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["tree", "history"])
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    tools = chosen_tools(options.peer)
    for target in options.targets:
        print(f"\n{target} ({options.mode}), median of {options.runs} runs after one to warm up")
        print(f"{'tool':12} {'cpu s':>8} {'wall s':>8} {'MiB':>7} {'findings':>9} {'secrets':>8}")
        runs = {}
        for name, tool in tools.items():
            runs[name] = run = measure(name, tool, options.mode, target, runs=options.runs)
            secrets = len({hit.secret for hit in run.hits})
            print(f"{name:12} {run.cpu:8.2f} {run.wall:8.2f} {run.memory:7.0f} {len(run.hits):9} {secrets:8}")
        if options.missing:
            for name in tools:
                if name != "secrethunt":
                    _print_missing(name, runs["secrethunt"], runs[name])


def _print_missing(name: str, own: Run, peer: Run) -> None:
    provider = [hit for hit in peer.hits if not any(word in hit.rule.lower() for word in _GENERIC)]
    secrets = {hit.secret for hit in own.hits}
    joined = "\n".join(secrets)
    missing = [hit for hit in provider if not _is_covered(hit, secrets, joined)]
    print(f"\n{name}: {len(provider)} findings of provider rules, {len(missing)} of them not in secrethunt's report")
    for hit in _distinct(missing):
        print(f"  {hit.path}:{hit.line}  {hit.rule}")


def _is_covered(hit: Hit, secrets: set[str], joined: str) -> bool:
    """The same value, or one that holds the other: tools draw the bounds of a secret differently."""
    if hit.secret in joined:
        return True
    return any(len(secret) >= 8 and secret in hit.secret for secret in secrets)


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    """One place for each value and rule."""
    return list({(hit.secret, hit.rule): hit for hit in hits}.values())


if __name__ == "__main__":
    main()
