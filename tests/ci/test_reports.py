# SPDX-License-Identifier: Apache-2.0
"""What a job says and how it ends: reports without values, policy, and who may allow what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ci.conftest import Branch, Job, key

_REPORTS = {
    "sarif": "out.sarif",
    "gitlab-codequality": "quality.json",
    "gitlab-secret-detection": "secrets.json",
    "jsonl": "out.jsonl",
    "markdown": "out.md",
    "junit": "out.xml",
}


def _merge_request(topic: Branch, **more: str) -> dict[str, str]:
    return {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": topic.head,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": topic.base,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        **more,
    }


def _github(topic: Branch, tmp_path: Path, source: str = "acme/app") -> dict[str, str]:
    base = {"sha": topic.base, "ref": "main", "repo": {"full_name": "acme/app"}}
    head = {"sha": topic.head, "ref": "topic", "repo": {"full_name": source}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"base": base, "head": head}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


def test_all_reports_are_written_at_once_and_none_holds_a_value(job: Job, topic: Branch, tmp_path: Path) -> None:
    options = [option for name, file in _REPORTS.items() for option in ("--report", f"{name}={tmp_path / file}")]
    (tmp_path / "summary.md").write_text("before\n")
    outcome = job.run(*options, **_github(topic, tmp_path))
    assert 1 == outcome.code, outcome.stderr
    written = [(tmp_path / file).read_text() for file in (*_REPORTS.values(), "summary.md")]
    for text in (outcome.stdout, outcome.stderr, *written):
        assert text
        for seed in ("new", "removed", "old"):
            assert key(seed) not in text
    assert written[-1].startswith("before\n")
    assert "Acme API key" in written[-1]


def test_lines_are_annotated_where_the_provider_reads_them(job: Job, topic: Branch, tmp_path: Path) -> None:
    environment = _github(topic, tmp_path)
    assert "file=c,line=1" in job.run(**environment).stdout
    assert "file=c,line=1" not in job.run("--no-annotations", **environment).stdout


def test_a_path_cannot_speak_to_the_runner(job: Job, topic: Branch, tmp_path: Path) -> None:
    job.checkout.commit({"::error::gotcha": f"{key('path')}\n"})
    topic.head = job.checkout.head()
    lines = job.run(**_github(topic, tmp_path)).stdout.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    speaking = lines[lines.index(f"::{token}::") + 1 :]
    assert [] == [line for line in speaking if line.lstrip().startswith("::error::gotcha")]
    assert all(not line.startswith("::error") for line in lines[1 : lines.index(f"::{token}::")])


def test_what_stands_and_what_was_removed_is_told_apart(job: Job, topic: Branch) -> None:
    told = job.run(**_merge_request(topic)).stderr
    assert "1 new finding at head: fails" in told
    assert "1 new finding added then removed: fails" in told


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "critical"), 0),
        (("--fail-on", "at-head"), 1),
        (("--fail-on", "critical", "--fail-on-removed", "high"), 1),
        (("--fail-on", "high", "--fail-on-removed", "never"), 1),
        (("--fail-on", "critical", "--fail-on-removed", "never"), 0),
        (("--fail-on", "nonsense"), 2),
        (("--report", "sarif"), 2),
        (("--report", "nonsense=file"), 2),
        (("--report", "sarif=/no/such/directory/file"), 2),
        (("--base", "nonsense"), 2),
    ],
)
def test_policy_decides_each(job: Job, topic: Branch, options: tuple[str, ...], code: int) -> None:
    assert code == job.run(*options, **_merge_request(topic)).code


def test_what_was_only_removed_can_be_let_pass(job: Job, topic: Branch) -> None:
    job.checkout.git("rm", "--quiet", "c")
    topic.head = job.checkout.commit()
    assert 1 == job.run(**_merge_request(topic)).code
    outcome = job.run("--fail-on", "at-head", **_merge_request(topic))
    assert 0 == outcome.code
    assert "2 new findings added then removed: allowed by --fail-on" in outcome.stderr


def test_a_secret_that_moves_within_the_branch_stands(job: Job, topic: Branch) -> None:
    job.checkout.git("mv", "c", "moved")
    topic.head = job.checkout.commit()
    assert [("b", 2, False), ("c", 1, True)] == job.findings(**_merge_request(topic))


def test_a_pull_request_cannot_allow_its_own_secret(job: Job, topic: Branch) -> None:
    repo = job.checkout
    report = job.home.path / "report"
    job.run("--report", f"jsonl={report}", **_merge_request(topic))
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    id = next(line["secret_id"] for line in lines if line.get("path") == "c")
    assert 0 == job.home.secrethunt("allow", id, "--reason", "mine", cwd=repo.path).code
    repo.git("add", ".secrethuntignore")
    topic.head = repo.commit()
    assert Branch.FOUND == job.findings(**_merge_request(topic))
    # Once the base branch has the entry it counts.
    repo.git("checkout", "--quiet", "-B", "main", topic.base)
    repo.git("checkout", "--quiet", "topic", "--", ".secrethuntignore")
    base = repo.commit()
    repo.git("checkout", "--quiet", "topic")
    environment = _merge_request(topic, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert [("b", 2, False)] == job.findings(**environment)


def test_comments_of_a_fork_do_not_count(job: Job, topic: Branch) -> None:
    topic.head = job.checkout.commit({"d": f"{key('d')} # secrethunt:allow mine\n"})
    assert Branch.FOUND == job.findings(**_merge_request(topic))
    fork = {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "me/app", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/app"}
    assert [*Branch.FOUND, ("d", 1, True)] == job.findings(**_merge_request(topic, **fork))


def test_the_plan_can_be_asked_for_alone(job: Job, topic: Branch) -> None:
    outcome = job.run("--explain-plan", **_merge_request(topic))
    assert (0, "") == (outcome.code, outcome.stdout)
    assert f"3 commits up to {topic.head[:10]}, measured against main" in outcome.stderr


def test_a_job_works_with_nothing_but_its_checkout(job: Job, topic: Branch) -> None:
    """No token and no network: the remote is gone."""
    job.checkout.git("remote", "set-url", "origin", "https://localhost:1/none.git")
    assert Branch.FOUND == job.findings(**_merge_request(topic))
