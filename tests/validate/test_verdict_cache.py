# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from secrethunt.records import RuleId
from secrethunt.validate.contract import Credential, Outcome, State, Verdict
from secrethunt.validate.verdict_cache import LIFETIME_S, VerdictCache
from tests.report.samples import make_rule, make_value
from tests.validate.credentials import active, credential_of, inactive

AT = "2026-06-01T12:00:00Z"


class Clock:
    """Goes only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def open_cache(directory: Path, clock: Clock | None = None) -> VerdictCache:
    return VerdictCache(str(directory), clock=clock or Clock())


def read(directory: Path, credential: Credential, clock: Clock | None = None) -> Verdict | None:
    """What a new run knows of *credential*."""
    cache = open_cache(directory, clock)
    try:
        return cache.read(credential, "")
    finally:
        cache.close()


def kept(directory: Path, credential: Credential, outcome: Outcome) -> None:
    cache = open_cache(directory)
    cache.write(credential, "", Verdict(outcome, AT, 0.25))
    cache.close()


def test_a_verdict_comes_back_as_it_was_and_says_so(tmp_path: Path) -> None:
    outcome = Outcome(State.ACTIVE, "known", active().evidence, (("account", "octo"),))
    kept(tmp_path, credential_of(make_value("one")), outcome)
    assert Verdict(outcome, AT, 0.25, is_cached=True) == read(tmp_path, credential_of(make_value("one")))


@pytest.mark.parametrize("outcome", [active(), inactive()])
def test_verdicts_end(tmp_path: Path, outcome: Outcome) -> None:
    kept(tmp_path, credential_of(make_value("one")), outcome)
    clock = Clock()
    clock.now += LIFETIME_S[outcome.state] - 1
    assert read(tmp_path, credential_of(make_value("one")), clock) is not None
    clock.now += 2
    assert read(tmp_path, credential_of(make_value("one")), clock) is None


def test_a_live_key_is_asked_about_sooner_than_a_dead_one() -> None:
    assert LIFETIME_S[State.ACTIVE] < LIFETIME_S[State.INACTIVE]


def test_what_nobody_knows_is_not_kept(tmp_path: Path) -> None:
    kept(tmp_path, credential_of(make_value("one")), Outcome(State.UNKNOWN, "a firewall"))
    assert read(tmp_path, credential_of(make_value("one"))) is None


@pytest.mark.parametrize(
    "other",
    [
        credential_of(make_value("two"), account=b"4711"),
        credential_of(make_value("one"), account=b"4712"),
        credential_of(make_value("one")),
        credential_of(make_value("one"), account=b"4711", facts={"host": "db1"}),
        credential_of(make_value("one"), account=b"4711", rule=make_rule(id=RuleId("acme.other"))),
    ],
)
def test_other_credentials_have_verdicts_of_their_own(tmp_path: Path, other: Credential) -> None:
    kept(tmp_path, credential_of(make_value("one"), account=b"4711"), active())
    cache = open_cache(tmp_path)
    assert cache.read(credential_of(make_value("one"), account=b"4711"), "") is not None
    assert cache.read(other, "") is None
    cache.close()


def test_whether_it_has_ended_changes_no_name(tmp_path: Path) -> None:
    kept(tmp_path, credential_of(make_value("one"), facts={"expired": "no"}), active())
    assert read(tmp_path, credential_of(make_value("one"), facts={"expired": "yes"})) is not None


@pytest.mark.parametrize("value", [make_value("one"), b"hunter2"])
def test_no_value_and_no_plain_hash_is_in_the_files(tmp_path: Path, value: bytes) -> None:
    kept(tmp_path, credential_of(value, pin=b"0123-4567"), active())
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert value not in written
    assert b"0123-4567" not in written


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "new")
    cache.write(credential_of(make_value("one")), "", Verdict(active(), AT))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert {0o600} == modes
    cache.close()


def test_another_installation_cannot_read_it(tmp_path: Path) -> None:
    kept(tmp_path, credential_of(make_value("one")), active())
    (tmp_path / "verdicts.key").unlink()
    assert read(tmp_path, credential_of(make_value("one"))) is None


def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    kept(tmp_path, credential_of(make_value("one")), active())
    os.chmod(tmp_path / "verdicts-1.sqlite", 0o666)
    assert read(tmp_path, credential_of(make_value("one"))) is None


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    kept(tmp_path, credential_of(make_value("one")), active())
    (tmp_path / "verdicts-1.sqlite").write_bytes(b"no database at all, " * 100)
    kept(tmp_path, credential_of(make_value("one")), active())
    assert read(tmp_path, credential_of(make_value("one"))) is not None


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for cache in (VerdictCache(None), VerdictCache(str(blocked / "below"))):
        cache.write(credential_of(make_value("one")), "", Verdict(active(), AT))
        assert cache.read(credential_of(make_value("one")), "") is None
        cache.close()


def test_two_runs_at_once_share_it(tmp_path: Path) -> None:
    one, other = open_cache(tmp_path), open_cache(tmp_path)
    one.write(credential_of(make_value("one")), "", Verdict(active(), AT))
    other.write(credential_of(make_value("two")), "", Verdict(inactive(), AT))
    for cache in (one, other):
        assert cache.read(credential_of(make_value("one")), "") is not None
        assert cache.read(credential_of(make_value("two")), "") is not None
        cache.close()
