# SPDX-License-Identifier: Apache-2.0
"""
Verdicts side by side: secrethunt and Kingfisher on the same moto and the same GitHub, and on what stands in between.

    python -m benchmarks.verdicts path/to/kingfisher

Prints a Markdown table: verdicts, and seconds of the faster of two runs. Betterleaks cannot be pointed at another host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from secrethunt.checksums import CHECKSUMS
from tests.services.credentials import made
from tests.services.github import serve_github
from tests.services.moto import serve_moto
from tests.services.provider import DISTURBANCES, serve

_DISTURBANCES = ("firewall 403", "portal 200", "proxy's json 401", "error 503", "too many requests")
_OURS = (
    "-m",
    "secrethunt",
    "scan",
    "--validate",
    "--no-verdict-cache",
    "--allow-private",
    "127.0.0.1/32",
    "-f",
    "json",
)


def _ours(folder: Path, provider: str, url: str) -> tuple[str, float]:
    command = [sys.executable, *_OURS, "--endpoint", f"{provider}={url}", str(folder)]
    return _timed(command, {}, lambda out: [item["verdict"]["state"] for item in json.loads(out)["findings"]])


def _kingfisher(program: str, folder: Path, provider: str, url: str) -> tuple[str, float]:
    command = [program, "scan", str(folder), "--format", "json", "--no-update-check", "--confidence", "low"]
    if provider != "aws":
        command += ["--endpoint", f"{provider}={url}", "--allow-internal-ips"]

    def read(out: bytes) -> list[str]:
        found = json.loads(out.splitlines()[0])["findings"]
        return [item["finding"]["validation"]["outcome"] for item in found]

    return _timed(command, {"AWS_ENDPOINT_URL": url}, read)


def _timed(command: list[str], environment: dict[str, str], read: Callable[[bytes], list[str]]) -> tuple[str, float]:
    best, verdicts = float("inf"), ""
    for _ in range(2):
        began = time.perf_counter()
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False, timeout=120)
        best = min(best, time.perf_counter() - began)
        verdicts = ", ".join(sorted(set(read(done.stdout)))) or "nothing found"
    return verdicts, best


def _row(program: str, what: str, folder: Path, provider: str, url: str) -> None:
    ours, theirs = _ours(folder, provider, url), _kingfisher(program, folder, provider, url)
    print(f"| {what} | {ours[0]} | {ours[1]:.2f} | {theirs[0]} | {theirs[1]:.2f} |", flush=True)


def _file(root: Path, name: str, text: str) -> Path:
    folder = root / name.replace(" ", "-")
    folder.mkdir()
    (folder / "credentials").write_text(text)
    return folder


def _github_token(seed: int) -> str:
    return CHECKSUMS["crc32-base62"].complete(("ghp_" + made(36, seed=seed)).encode()).decode()


def main() -> None:
    """Run all."""
    program, root = sys.argv[1], Path(tempfile.mkdtemp())
    print("| credential | secrethunt | s | Kingfisher | s |\n|---|---|---|---|---|")
    with serve_moto(root / "moto") as moto:
        url = f"http://127.0.0.1:{moto.port}"
        kinds = {"good key": moto.good, "deleted key": moto.deleted, "session": moto.session}
        folders = {
            name: _file(
                root,
                name,
                f"aws_access_key_id = {keys.key_id}\naws_secret_access_key = {keys.secret}\n"
                + (f"aws_session_token = {keys.token}\n" if keys.token else ""),
            )
            for name, keys in kinds.items()
        }
        wrong = f"aws_access_key_id = {moto.good.key_id}\naws_secret_access_key = {made(40, seed=7)}\n"
        folders["wrong secret"] = _file(root, "wrong secret", wrong)
        for name, folder in folders.items():
            _row(program, f"AWS, {name}", folder, "aws", url)
    with serve() as door:
        for name in _DISTURBANCES:
            door.reply = DISTURBANCES[name]
            _row(program, f"AWS, {name}", folders["good key"], "aws", door.url)
    token = _github_token(1)
    known = _file(root, "token", f"GITHUB_TOKEN={token}\n")
    with serve_github(root, {token: "repo"}) as door:
        _row(program, "GitHub, known token", known, "github", door.url)
        unknown = _file(root, "unknown token", f"GITHUB_TOKEN={_github_token(2)}\n")
        _row(program, "GitHub, unknown token", unknown, "github", door.url)
        for name in _DISTURBANCES:
            door.reply = DISTURBANCES[name]
            _row(program, f"GitHub, {name}", known, "github", door.url)


if __name__ == "__main__":
    main()
