# SPDX-License-Identifier: Apache-2.0
"""Whether credentials are live: the command line against a provider on loopback."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secrethunt.cli.policy import exit_code, parse_fail_on
from secrethunt.coverage import Coverage, ScanResult, Validation
from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key, digits
from tests.validate.provider import PROVIDER_YAML, Provider, running_provider

GOOD, BAD, PIN = acme_key("good"), acme_key("bad"), digits("pin", 16).encode()
REFUSE_SOCKETS = """\
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        with open({log!r}, "a") as log:
            log.write(event + "\\n")
        raise PermissionError("no sockets here")
sys.addaudithook(refuse)
"""
"""A `sitecustomize` under which whoever touches a socket is caught, whatever becomes of the error."""


class Validator:
    """The command line with the rules of `PROVIDER_YAML` and their provider."""

    def __init__(self, runner: Runner, provider: Provider) -> None:
        self.runner = runner
        self.provider = provider
        self.rules = ("--no-builtin-rules", "--rules", str(runner.home / "provider.yaml"))
        (runner.home / "provider.yaml").write_text(PROVIDER_YAML)
        self.tree = runner.home / "tree"
        self.tree.mkdir()

    def plant(self, **files: bytes) -> None:
        """Write files into the tree."""
        for name, data in files.items():
            (self.tree / name).write_bytes(data)

    def run(self, command: str, *arguments: str, stdin: bytes = b"", **environment: str) -> Outcome:
        """Run a command that may ask the provider."""
        where = ("--endpoint", f"acme={self.provider.url}")
        return self.runner.run(command, *self.rules, *where, *arguments, stdin=stdin, cwd=None, **environment)

    def scan(self, *arguments: str, **environment: str) -> Outcome:
        """Scan the tree and report as JSONL."""
        return self.run("scan", "--validate", "--format", "jsonl", *arguments, str(self.tree), stdin=b"", **environment)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider(GOOD) as running:
        yield running


@pytest.fixture
def validator(secrethunt: Runner, provider: Provider) -> Validator:
    return Validator(secrethunt, provider)


def states(outcome: Outcome) -> dict[str, str]:
    return {os.path.basename(finding["path"]): finding["verdict"]["state"] for finding in outcome.findings}


# --- scan -------------------------------------------------------------------------------------------------------


def test_a_scan_says_what_is_live_and_puts_it_first(validator: Validator) -> None:
    validator.plant(a=b"A=" + BAD, b=b"A=" + GOOD, c=b"A=" + GOOD)
    outcome = validator.scan()
    assert {"a": "inactive", "b": "active", "c": "active"} == states(outcome)
    assert ["b", "c", "a"] == list(states(outcome))
    assert sorted([GOOD.decode(), BAD.decode()]) == sorted(validator.provider.asked)
    assert (2, 1, 1) == tuple(outcome.summary["validation"][name] for name in ("requests", "active", "inactive"))
    assert "octo" == outcome.findings[0]["verdict"]["facts"]["account"]
    assert validator.provider.url in outcome.findings[0]["verdict"]["evidence"][0]["endpoint"]


def test_a_scan_asks_nobody_unless_told(validator: Validator) -> None:
    validator.plant(a=b"A=" + GOOD)
    outcome = validator.runner.run("scan", *validator.rules, "--format", "jsonl", str(validator.tree))
    assert "verdict" not in outcome.findings[0]
    assert [] == validator.provider.asked


@pytest.mark.parametrize(("planted", "code"), [(GOOD, 1), (BAD, 0)])
def test_only_what_is_live_can_fail_a_build(validator: Validator, planted: bytes, code: int) -> None:
    validator.plant(a=b"A=" + planted)
    outcome = validator.scan("--fail-on", "active")
    assert (code, 1) == (outcome.code, len(outcome.findings))


def test_only_what_is_live_is_shown_and_the_rest_counted(validator: Validator) -> None:
    validator.plant(a=b"A=" + BAD, b=b"A=" + GOOD)
    outcome = validator.scan("--only-active")
    assert {"b": "active"} == states(outcome)
    assert 1 == outcome.summary["validation"]["not_shown"]


def test_the_next_run_knows_and_asks_nobody(validator: Validator) -> None:
    validator.plant(a=b"A=" + BAD, b=b"A=" + GOOD)
    first, second = validator.scan(), validator.scan()
    assert states(first) == states(second)
    assert (2, 0) == (len(validator.provider.asked), second.summary["validation"]["requests"])
    assert [True, True] == [finding["verdict"]["cached"] for finding in second.findings]
    validator.scan("--no-verdict-cache")
    assert 4 == len(validator.provider.asked)


def test_a_control_unmasks_a_provider_that_believes_everything(validator: Validator) -> None:
    validator.provider.believes_everything = True
    validator.plant(a=b"A=" + BAD)
    assert {"a": "active"} == states(validator.scan("--no-verdict-cache"))
    outcome = validator.scan("--control")
    assert {"a": "unknown"} == states(outcome)
    assert "a random key of the same shape passes too" == outcome.findings[0]["verdict"]["reason"]
    assert 3 == len(set(validator.provider.asked)) + 1


def test_no_more_requests_than_allowed(validator: Validator) -> None:
    validator.plant(**{f"f{number}": b"A=" + acme_key(number) for number in range(6)})
    outcome = validator.scan("--max-requests", "2", "--concurrency", "1")
    assert 2 == len(validator.provider.asked)
    assert (2, 4) == tuple(outcome.summary["validation"][name] for name in ("inactive", "unknown"))
    rest = validator.scan("--max-requests", "4", "--concurrency", "1")
    assert (6, 2) == tuple(rest.summary["validation"][name] for name in ("inactive", "cached"))


def test_a_slow_provider_leaves_it_open(validator: Validator) -> None:
    validator.provider.delay_s = 5
    validator.plant(a=b"A=" + GOOD)
    outcome = validator.scan("--timeout", "0.3", "--max-requests", "1")
    assert {"a": "unknown"} == states(outcome)


def test_what_has_ended_is_said_without_asking(validator: Validator) -> None:
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"4711","exp":1700000000}', b"x" * 32)
    token = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    outcome = validator.runner.run("validate", "jwt.token", "--format", "jsonl", stdin=token)
    assert (0, "inactive") == (outcome.code, outcome.findings[0]["verdict"]["state"])
    assert "offline" == outcome.findings[0]["verdict"]["evidence"][0]["endpoint"]


def test_off_line_no_socket_is_touched(validator: Validator, tmp_path: Path) -> None:
    log = tmp_path / "sockets"
    (tmp_path / "sitecustomize.py").write_text(REFUSE_SOCKETS.format(log=str(log)))
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    validator.plant(a=b"A=" + GOOD)
    outcome = validator.scan("--offline", PYTHONPATH=path)
    assert {"a": "unknown"} == states(outcome)
    assert "not asked: off line" == outcome.findings[0]["verdict"]["reason"]
    assert not log.exists()
    assert validator.scan(PYTHONPATH=path).findings
    assert log.exists(), "the audit hook does see sockets"


@pytest.mark.parametrize(
    "option",
    [
        ("--control",),
        ("--only-active",),
        ("--offline",),
        ("--touch-canaries",),
        ("--endpoint", "acme=https://acme.example"),
        ("--max-requests", "4"),
        ("--rate", "2"),
        ("--fail-on", "active"),
        ("--no-verdict-cache",),
        ("--allow-found-hosts",),
    ],
)
def test_options_of_checking_need_it(secrethunt: Runner, option: tuple[str, ...]) -> None:
    outcome = secrethunt.scan(*option, str(secrethunt.home))
    assert 2 == outcome.code
    assert "without --validate" in outcome.stderr


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--endpoint", "acme"), "PROVIDER=URL"),
        (("--endpoint", "acme=ftp://x"), "acme"),
        (("--proxy", "http://me:geheim@proxy.example:3128"), "must not hold a password"),
        (("--proxy", "nonsense"), "proxy"),
        (("--allow-private", "nonsense"), "nonsense"),
    ],
)
def test_values_that_make_no_sense_are_refused_before_anything_is_scanned(
    secrethunt: Runner, option: tuple[str, str], message: str
) -> None:
    outcome = secrethunt.scan("--validate", *option, str(secrethunt.home))
    assert (2, True) == (outcome.code, message in outcome.stderr)
    assert "geheim" not in outcome.stderr


def test_endpoints_may_stand_in_the_configuration(validator: Validator) -> None:
    validator.plant(a=b"A=" + GOOD)
    config = validator.runner.home / "mine.toml"
    config.write_text(f'endpoints = ["acme={validator.provider.url}"]\n')
    arguments = ("--validate", "--format", "jsonl", "--config", str(config), str(validator.tree))
    assert {"a": "active"} == states(validator.runner.run("scan", *validator.rules, *arguments))


# --- one value --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "code", "badge"), [(GOOD, 1, b"ACTIVE"), (BAD, 0, b"INACTIVE")])
def test_one_value_from_standard_input(validator: Validator, value: bytes, code: int, badge: bytes) -> None:
    outcome = validator.run("validate", "acme.api-key", stdin=value + b"\n")
    assert (code, badge) == (outcome.code, outcome.stdout.split()[0])
    assert [value.decode()] == validator.provider.asked


def test_nobody_knows_is_an_exit_code_of_its_own(validator: Validator) -> None:
    arguments = ("acme.api-key", "--offline")
    assert 3 == validator.run("validate", *arguments, stdin=GOOD).code


def test_value_and_companions_from_files(validator: Validator, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(GOOD + b"\n")
    (tmp_path / "pin").write_bytes(PIN + b"\n")
    parts = ("--part", f"pin=@{tmp_path / 'pin'}", "--part", "region=eu")
    arguments = ("acme.api-key", "--value-file", str(tmp_path / "value"), "--format", "json", *parts)
    outcome = validator.run("validate", *arguments)
    finding = json.loads(outcome.stdout)["findings"][0]
    assert [("pin", f"{PIN[:2].decode()}********"), ("region", "eu")] == [
        (part["name"], part["value"]) for part in finding["parts"]
    ]
    assert 1 == outcome.code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acme.api-key", "--part", f"pin={PIN.decode()}"), "is a secret and has no place on a command line"),
        (("acme.api-key", "--part", "shoe=44"), "It knows: pin, region, mode"),
        (("acme.api-key", "--part", "pin"), "NAME=@FILE"),
        (("acme.api-key", "--part", "pin=@/nowhere/pin"), "cannot read /nowhere/pin"),
        (("acme.api-key", "--value-file", "/nowhere/value"), "cannot read /nowhere/value"),
        (("acme.other",), "no rule has the id"),
        (("acme.api-key",), "the value is empty"),
        ((), "nothing to validate"),
        (("--list-endpoints", "acme.api-key"), "stands alone"),
        (("acme.api-key", "--only-active"), "makes no sense here"),
        (("--from", "/nowhere/report"), "cannot read /nowhere/report"),
    ],
)
def test_wrong_usage_is_explained(validator: Validator, arguments: tuple[str, ...], message: str) -> None:
    outcome = validator.run("validate", *arguments)
    assert (2, True) == (outcome.code, message in outcome.stderr)
    assert PIN.decode() not in outcome.stderr
    assert [] == validator.provider.asked


# --- a report, endpoints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif"])
def test_a_report_is_checked_later(validator: Validator, format_name: str) -> None:
    validator.plant(a=b"A=" + BAD, b=b"A=" + GOOD, gone=b"A=" + acme_key("gone"))
    report = str(validator.runner.home / "report")
    validator.runner.run("scan", *validator.rules, "-f", format_name, "-o", report, str(validator.tree))
    (validator.tree / "gone").unlink()
    outcome = validator.run("validate", "--from", report, "--format", "jsonl", str(validator.tree))
    assert (1, {"b": "active", "a": "inactive"}) == (outcome.code, states(outcome))
    assert 1 == len(outcome.summary["validation"]["unread"])
    assert "not read again: " in outcome.stderr and "gone" in outcome.stderr
    only = validator.run("validate", "--from", report, "--only-active", "--format", "jsonl", str(validator.tree))
    assert {"b": "active"} == states(only)
    assert 3 == validator.run("validate", "--from", report, "--fail-on", "never", str(validator.tree)).code


def test_every_request_that_could_be_made_is_listed(validator: Validator) -> None:
    outcome = validator.run("validate", "--list-endpoints")
    line = f"acme.api-key  GET https://api.acme.example/v1/me  (at {validator.provider.url})\n"
    assert (0, line.encode()) == (outcome.code, outcome.stdout)
    assert "1 requests could be made for 1 of 2 rules" in outcome.stderr
    entries = json.loads(validator.run("validate", "--list-endpoints", "--format", "json").stdout)
    assert [["GET https://api.acme.example/v1/me"]] == [entry["endpoints"] for entry in entries]
    assert [] == validator.provider.asked


# --- secrecy and interruption -----------------------------------------------------------------------------------


def test_no_value_is_left_anywhere(validator: Validator) -> None:
    validator.plant(a=b"A=" + BAD, b=b"A=" + GOOD + b"\nacmepin_" + PIN)
    outputs = [validator.scan("--control", SECRETHUNT_DEBUG="1")]
    outputs += [validator.run("scan", "--validate", "-f", name, str(validator.tree)) for name in ("text", "sarif")]
    outputs += [validator.run("validate", "acme.api-key", stdin=GOOD, SECRETHUNT_DEBUG="1")]
    written = [outcome.stdout + outcome.stderr.encode() for outcome in outputs]
    kept = [path.read_bytes() for path in (validator.runner.home / "cache").rglob("*") if path.is_file()]
    assert kept
    for value in (GOOD, BAD, PIN):
        for form in (value, base64.b64encode(value).rstrip(b"="), value.hex().encode()):
            assert not [text for text in written + kept if form in text]


@contextlib.contextmanager
def started(validator: Validator, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    home = validator.runner.home
    process = subprocess.Popen(
        [sys.executable, "-m", "secrethunt", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_value_is_in_the_list_of_processes(validator: Validator) -> None:
    validator.provider.delay_s = 1
    where = ("--endpoint", f"acme={validator.provider.url}")
    with started(validator, "validate", "acme.api-key", *validator.rules, *where) as process:
        assert process.stdin is not None
        process.stdin.write(GOOD)
        process.stdin.close()
        assert validator.provider.arrived.wait(20)
        proc = Path(f"/proc/{process.pid}")
        seen = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
        assert GOOD not in seen
        assert process.wait(20) == 1
        process.stdin = None


def test_ctrl_c_keeps_what_is_done(validator: Validator) -> None:
    validator.plant(**{f"f{number}": b"A=" + acme_key(number) for number in range(8)})
    answered = threading.Event()
    first = validator.provider.answer

    def answer(key: str) -> tuple[int, dict[str, str]]:
        if len(validator.provider.asked) >= 3:
            validator.provider.delay_s = 30
            answered.set()
        return first(key)

    validator.provider.answer = answer  # type: ignore[method-assign]  # slow from the fourth on
    where = ("--endpoint", f"acme={validator.provider.url}", "--concurrency", "1", "--fail-on", "active")
    arguments = ("scan", "--validate", *validator.rules, *where, "--format", "jsonl", str(validator.tree))
    with started(validator, *arguments) as process:
        assert answered.wait(20)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
    outcome = Outcome(process.returncode, stdout, stderr.decode())
    assert (130, 8, True) == (outcome.code, len(outcome.findings), outcome.summary["validation"]["interrupted"])
    assert (3, 5) == tuple(outcome.summary["validation"][name] for name in ("inactive", "unknown"))
    assert "run again to go on" in outcome.stderr
    validator.provider.answer = first  # type: ignore[method-assign]
    validator.provider.delay_s = 0
    rest = validator.scan("--rate", "100")
    assert (8, 3, 5) == tuple(rest.summary["validation"][name] for name in ("inactive", "cached", "requests"))


def test_what_only_a_state_file_remembers_is_asked_about_too(validator: Validator, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"old.env": b"A=" + GOOD + b"\nacmepin_" + PIN})
    repo.commit({"old.env": b"A=nothing"})
    state = ("--state", str(validator.runner.home / "state"))
    outcomes = [validator.run("scan", "--validate", "-f", "jsonl", *state, repo.target) for _ in range(2)]
    for outcome in outcomes:
        found = {finding["rule_id"]: finding["verdict"]["state"] for finding in outcome.findings}
        assert {"acme.api-key": "active", "acme.pin": "unknown"} == found
    assert [GOOD.decode()] == validator.provider.asked


@pytest.mark.parametrize(
    ("validation", "code"),
    [
        (Validation(active=1), 0),
        (Validation(failed=("acme.api-key: KeyError",)), 3),
        (Validation(unread=("a:1: acme.api-key: gone",)), 3),
        (Validation(is_interrupted=True, failed=("acme.api-key: KeyError",)), 130),
    ],
)
def test_what_went_wrong_with_checking_shows_in_the_exit_code(validation: Validation, code: int) -> None:
    assert code == exit_code(ScanResult((), Coverage(), (), validation=validation), parse_fail_on(["active"]))


def test_a_scan_that_asks_nobody_loads_nothing_that_could(secrethunt: Runner) -> None:
    script = (
        "import sys\nfrom secrethunt.cli.main import cli\n"
        f"cli.main(['scan', '--no-builtin-rules', '--rules', {str(secrethunt.rules)!r}, '.'], standalone_mode=False)\n"
        "names = ('requests', 'urllib3', 'ssl', 'sqlite3', 'jmespath', 'secrethunt.online', 'secrethunt.validate')\n"
        "print('loaded', [name for name in names if name in sys.modules])"
    )
    tree = secrethunt.home / "empty"
    tree.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(secrethunt.home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run([sys.executable, "-c", script], cwd=tree, env=environment, capture_output=True, check=True)
    assert b"loaded []" == done.stdout.splitlines()[-1]
