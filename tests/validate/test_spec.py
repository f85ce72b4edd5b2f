# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.records import RuleId
from secrethunt.ruleset import RuleSelection, load_ruleset
from secrethunt.validate.declared import CheckError, DeclaredCheck, compile_check, wanted_names
from secrethunt.validate.spec import NoCheck, load_checks
from secrethunt.validate.speccheck import check_validators
from tests.rule_samples import ACME_YAML

API_KEY = RuleId("acme.api-key")
SHARED = """\
validators:
  user:
    request: {url: 'https://api.acme.com/v1/me', bearer: '{{secret}}'}
    active: {status: 200, json: {login: '.+'}}
"""


def rule_file(folder: Path, validate: str, top: str = "") -> RuleSelection:
    path = folder / "acme.yaml"
    path.write_text(ACME_YAML.replace("rules:\n", top + "rules:\n", 1) + validate)
    return RuleSelection(files=(str(path),), builtin=False)


def test_a_rule_names_a_validator_of_its_file(tmp_path: Path) -> None:
    checks = load_checks(rule_file(tmp_path, "    validate: user\n", SHARED), DiskCache(None))
    assert checks[API_KEY].endpoints == ("GET https://api.acme.com/v1/me",)
    assert list(checks) == [API_KEY]


def test_checks_from_the_cache_are_the_same(tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    selection = rule_file(tmp_path, "    validate: user\n", SHARED)
    assert load_checks(selection, cache)[API_KEY].endpoints == load_checks(selection, cache)[API_KEY].endpoints
    assert [entry.name.partition("-")[0] for entry in (tmp_path / "cache").iterdir()] == ["checks"]


def test_a_changed_rule_file_is_read_again(tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path / "cache"))
    load_checks(rule_file(tmp_path, "    validate: user\n", SHARED), cache)
    changed = rule_file(tmp_path, "    validate: {cannot: 'asking would use the token up'}\n", SHARED)
    assert isinstance(load_checks(changed, cache)[API_KEY], NoCheck)


def test_a_validator_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"acme\.yaml:\d+: .*'account'"):
        load_checks(rule_file(tmp_path, "    validate: account\n", SHARED), DiskCache(None))


def test_choices_are_written_out_as_endpoints() -> None:
    check = compile_check(
        "acme",
        {
            "request": {"url": "https://api.{{site}}/me", "bearer": "{{secret}}"},
            "choices": {"site": ["acme.com", "acme.eu"]},
            "active": {"status": 200.0, "json": {"id": ".+"}},
        },
    )
    assert check.endpoints == ("GET https://api.acme.com/me", "GET https://api.acme.eu/me")
    assert wanted_names(check) == set()


def test_what_a_step_saves_need_not_be_known_before() -> None:
    check = compile_check(
        "acme",
        {
            "steps": [
                {
                    "request": {"url": "https://a.acme.com/token", "basic": ["{{client_id}}", "{{secret}}"]},
                    "save": {"token": {"json": "access_token"}},
                },
                {
                    "request": {"url": "https://a.acme.com/me", "bearer": "{{token}}"},
                    "active": {"status": 200.0, "json": {"id": ".+"}},
                },
            ]
        },
    )
    assert wanted_names(check) == {"client_id"}


REQUEST = {"url": "https://a.acme.com/", "bearer": "{{secret}}"}
ACTIVE = {"status": 200.0, "json": {"id": ".+"}}


@pytest.mark.parametrize(
    "raw",
    [
        "user",
        {"request": REQUEST},
        {"active": ACTIVE},
        {"request": REQUEST, "active": {"status": 200.0}},
        {"request": REQUEST, "active": ACTIVE, "inactive": {"status": 401.0}},
        {"request": REQUEST, "active": ACTIVE, "save": {"a": {"json": "b"}}},
        {"request": REQUEST, "active": ACTIVE, "proof": {}},
        {"request": REQUEST, "active": ACTIVE, "choices": {"site": "acme.com"}},
        {"request": REQUEST, "active": ACTIVE, "facts": {"a": "b"}},
        {"steps": [], "active": ACTIVE},
        {"steps": [{"request": REQUEST, "active": ACTIVE, "facts": {}}]},
    ],
)
def test_a_check_that_makes_no_sense_is_refused(raw: Any) -> None:
    with pytest.raises(CheckError):
        compile_check("acme", raw)


def test_a_name_that_nothing_gives_is_a_complaint(tmp_path: Path) -> None:
    top = SHARED.replace("/v1/me", "/v1/{{mode}}/{{tenant}}")
    selection = rule_file(tmp_path, "    validate: user\n", top)
    complaints = check_validators(load_ruleset(selection, DiskCache(None)), load_checks(selection, DiskCache(None)))
    assert ["'tenant'"] == [complaint.message.split()[2].rstrip(",") for complaint in complaints]


def test_every_shipped_check_can_be_read_and_names_what_is_known() -> None:
    selection = RuleSelection()
    ruleset, checks = load_ruleset(selection, DiskCache(None)), load_checks(selection, DiskCache(None))
    assert [] == [f"{item.rule.id}: {item.message}" for item in check_validators(ruleset, checks)]
    assert all(isinstance(checks[rule_id], DeclaredCheck | NoCheck) or checks[rule_id].endpoints for rule_id in checks)
