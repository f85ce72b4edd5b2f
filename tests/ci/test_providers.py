# SPDX-License-Identifier: Apache-2.0
"""Jobs of every provider, simulated by the environment that it documents, with real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ci.conftest import Branch, Job, key

ZERO = "0" * 40
Env = dict[str, str]


def _github(tmp_path: Path, event: str, payload: dict[str, Any], **more: str) -> Env:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(path), **more}


_REPOSITORY = {"full_name": "acme/app", "default_branch": "main"}


def _pull_request(base: str, head: str, source: str = "acme/app") -> dict[str, Any]:
    return {
        "pull_request": {
            "base": {"sha": base, "ref": "main", "repo": {"full_name": "acme/app"}},
            "head": {"sha": head, "ref": "topic", "repo": {"full_name": source}},
        },
        "repository": _REPOSITORY,
    }


def _push(before: str, after: str, ref: str = "refs/heads/topic", **more: Any) -> dict[str, Any]:
    return {"before": before, "after": after, "ref": ref, "repository": _REPOSITORY, "deleted": False, **more}


def _pull_request_environments(base: str, head: str, tmp_path: Path) -> dict[str, Env]:
    return {
        "github": _github(tmp_path, "pull_request", _pull_request(base, head), GITHUB_SHA=head, GITHUB_BASE_REF="main"),
        "gitlab": {
            "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
            "CI_COMMIT_SHA": head, "CI_COMMIT_BEFORE_SHA": ZERO, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        },
        "bitbucket": {
            "BITBUCKET_BUILD_NUMBER": "3", "BITBUCKET_COMMIT": head, "BITBUCKET_PR_ID": "7",
            "BITBUCKET_BRANCH": "topic", "BITBUCKET_PR_DESTINATION_BRANCH": "main",
            "BITBUCKET_PR_DESTINATION_COMMIT": base[:12],
        },
        "azure": {
            "TF_BUILD": "True", "BUILD_REASON": "PullRequest", "BUILD_SOURCEVERSION": head,
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "SYSTEM_PULLREQUEST_SOURCECOMMITID": head,
            "SYSTEM_PULLREQUEST_ISFORK": "False",
        },
        "jenkins": {
            "JENKINS_URL": "http://localhost/", "GIT_COMMIT": head, "CHANGE_ID": "7", "CHANGE_TARGET": "main",
            "BRANCH_NAME": "PR-7",
        },
        "circle": {
            "CIRCLECI": "true", "CIRCLE_SHA1": head, "CIRCLE_BRANCH": "topic",
            "CIRCLE_PULL_REQUEST": "https://localhost/acme/app/pull/7",
        },
        "buildkite": {
            "BUILDKITE": "true", "BUILDKITE_COMMIT": head, "BUILDKITE_BRANCH": "topic", "BUILDKITE_PULL_REQUEST": "7",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main", "BUILDKITE_REPO": "git@localhost:acme/app.git",
        },
        "git": {},
    }  # fmt: skip


def _push_environments(before: str, after: str, tmp_path: Path) -> dict[str, Env]:
    return {
        "github": _github(tmp_path, "push", _push(before, after), GITHUB_SHA=after, GITHUB_REF_NAME="topic"),
        "gitlab": {
            "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": after, "CI_COMMIT_BEFORE_SHA": before,
            "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main",
        },
        "bitbucket": {"BITBUCKET_BUILD_NUMBER": "3", "BITBUCKET_COMMIT": after, "BITBUCKET_BRANCH": "topic"},
        "azure": {
            "TF_BUILD": "True", "BUILD_REASON": "IndividualCI", "BUILD_SOURCEVERSION": after,
            "BUILD_SOURCEBRANCH": "refs/heads/topic",
        },
        "jenkins": {
            "JENKINS_URL": "http://localhost/", "GIT_COMMIT": after, "GIT_BRANCH": "origin/topic",
            **({} if before == ZERO else {"GIT_PREVIOUS_SUCCESSFUL_COMMIT": before}),
        },
        "circle": {"CIRCLECI": "true", "CIRCLE_SHA1": after, "CIRCLE_BRANCH": "topic"},
        "buildkite": {
            "BUILDKITE": "true", "BUILDKITE_COMMIT": after, "BUILDKITE_BRANCH": "topic", "BUILDKITE_SOURCE": "webhook",
            "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
        },
        "git": {},
    }  # fmt: skip


PROVIDERS = ("github", "gitlab", "bitbucket", "azure", "jenkins", "circle", "buildkite", "git")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_pull_request_is_measured_against_its_target(job: Job, topic: Branch, tmp_path: Path, provider: str) -> None:
    environment = _pull_request_environments(topic.base, topic.head, tmp_path)[provider]
    assert Branch.FOUND == job.findings(**environment)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_new_branch_is_measured_against_the_default_branch(
    job: Job, topic: Branch, tmp_path: Path, provider: str
) -> None:
    assert Branch.FOUND == job.findings(**_push_environments(ZERO, topic.head, tmp_path)[provider])


@pytest.mark.parametrize("provider", ["github", "gitlab", "jenkins"])
def test_a_push_is_measured_against_what_was_there(job: Job, topic: Branch, tmp_path: Path, provider: str) -> None:
    after = job.checkout.commit({"d": f"{key('d')}\n"})
    assert [("d", 1, True)] == job.findings(**_push_environments(topic.head, after, tmp_path)[provider])


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_a_forced_push_is_scanned_from_where_it_left_the_old_one(
    job: Job, topic: Branch, tmp_path: Path, provider: str
) -> None:
    job.checkout.git("reset", "--quiet", "--hard", "HEAD~2")
    after = job.checkout.commit({"e": f"{key('e')}\n"})
    assert [("e", 1, True)] == job.findings(**_push_environments(topic.head, after, tmp_path)[provider])
    # What was there before may be gone from the remote, and so from a fresh checkout.
    environment = _push_environments("f" * 40, after, tmp_path)[provider]
    assert [("b", 2, True), ("e", 1, True)] == job.findings(**environment)


def test_a_push_to_the_default_branch_is_measured_against_its_past(job: Job, tmp_path: Path) -> None:
    before = job.checkout.head()
    after = job.checkout.commit({"d": f"{key('d')}\n"})
    payload = _push(before, after, "refs/heads/main")
    assert [("d", 1, True)] == job.findings(**_github(tmp_path, "push", payload, GITHUB_REF_NAME="main"))


def test_without_a_past_all_history_is_scanned(job: Job) -> None:
    environment = {"BITBUCKET_BUILD_NUMBER": "3", "BITBUCKET_COMMIT": job.checkout.head(), "BITBUCKET_BRANCH": "main"}
    outcome = job.run(**environment)
    assert "does not say what was there before this push: all history is scanned" in outcome.stderr
    assert [("a", 2, True)] == job.findings(**environment)


def test_what_the_default_branch_had_is_not_new_in_a_branch_that_takes_it_in(
    job: Job, topic: Branch, tmp_path: Path
) -> None:
    repo = job.checkout
    repo.switch("main")
    repo.commit({"main-only": f"{key('main')}\n"})
    job.push("main")
    repo.switch("topic")
    after = repo.merge("main")
    environment = _push_environments(topic.head, after, tmp_path)["github"]
    assert [] == job.findings(**environment)


@pytest.mark.parametrize("provider", ["github", "gitlab", "bitbucket", "azure", "jenkins", "circle", "buildkite"])
def test_a_tag_brings_what_the_default_branch_has_not(job: Job, topic: Branch, tmp_path: Path, provider: str) -> None:
    job.checkout.tag("v1", message=f"see {key('tag')}")
    tag: dict[str, Env] = {
        "github": _github(tmp_path, "push", _push(ZERO, topic.head, "refs/tags/v1"), GITHUB_REF="refs/tags/v1"),
        "gitlab": {
            "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": topic.head, "CI_COMMIT_TAG": "v1",
            "CI_DEFAULT_BRANCH": "main",
        },
        "bitbucket": {"BITBUCKET_BUILD_NUMBER": "3", "BITBUCKET_COMMIT": topic.head, "BITBUCKET_TAG": "v1"},
        "azure": {
            "TF_BUILD": "True", "BUILD_REASON": "IndividualCI", "BUILD_SOURCEVERSION": topic.head,
            "BUILD_SOURCEBRANCH": "refs/tags/v1",
        },
        "jenkins": {"JENKINS_URL": "http://localhost/", "GIT_COMMIT": topic.head, "TAG_NAME": "v1"},
        "circle": {"CIRCLECI": "true", "CIRCLE_SHA1": topic.head, "CIRCLE_TAG": "v1"},
        "buildkite": {
            "BUILDKITE": "true", "BUILDKITE_COMMIT": topic.head, "BUILDKITE_TAG": "v1",
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
        },
    }  # fmt: skip
    assert [("(tag)", 6, True), *Branch.FOUND] == job.findings(**tag[provider])


@pytest.mark.parametrize("provider", ["github", "gitlab", "buildkite"])
def test_a_merge_queue_is_measured_against_its_base(job: Job, topic: Branch, tmp_path: Path, provider: str) -> None:
    repo = job.checkout
    repo.switch("main")
    queued = repo.merge("topic")
    queue: dict[str, Env] = {
        "github": _github(
            tmp_path, "merge_group",
            {"merge_group": {"base_sha": topic.base, "head_sha": queued, "base_ref": "refs/heads/main"},
             "repository": _REPOSITORY},
        ),
        "gitlab": {
            "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train", "CI_COMMIT_SHA": queued,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": topic.head, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": topic.base,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": topic.base, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        "buildkite": {
            "BUILDKITE": "true", "BUILDKITE_COMMIT": queued, "BUILDKITE_MERGE_QUEUE_BASE_COMMIT": topic.base,
            "BUILDKITE_MERGE_QUEUE_BASE_BRANCH": "main",
        },
    }  # fmt: skip
    assert Branch.FOUND == job.findings(**queue[provider])


@pytest.mark.parametrize("provider", ["github", "gitlab", "azure", "buildkite"])
def test_a_schedule_scans_all_history_or_a_part_by_time(job: Job, tmp_path: Path, provider: str) -> None:
    head = job.checkout.head()
    scheduled: dict[str, Env] = {
        "github": _github(tmp_path, "schedule", {"repository": _REPOSITORY}, GITHUB_SHA=head),
        "gitlab": {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": head},
        "azure": {"TF_BUILD": "True", "BUILD_REASON": "Schedule", "BUILD_SOURCEVERSION": head},
        "buildkite": {"BUILDKITE": "true", "BUILDKITE_COMMIT": head, "BUILDKITE_SOURCE": "schedule"},
    }
    assert [("a", 2, True)] == job.findings(**scheduled[provider])
    assert [] == job.findings("--since", "2033-01-01", **scheduled[provider])
    assert "nothing to scan" in job.run("--since", "2033-01-01", **scheduled[provider]).stderr


def test_a_deleted_branch_is_said_to_need_nothing(job: Job, tmp_path: Path) -> None:
    payload = _push(job.checkout.head(), ZERO, deleted=True)
    outcome = job.run(**_github(tmp_path, "push", payload))
    assert 0 == outcome.code
    assert "A branch or tag was deleted: there is nothing to scan." in outcome.stderr


def test_a_branch_at_a_known_commit_is_said_to_bring_nothing(job: Job, tmp_path: Path) -> None:
    job.checkout.branch("topic")
    outcome = job.run(**_push_environments(ZERO, job.checkout.head(), tmp_path)["github"])
    assert 0 == outcome.code
    assert "brings no commits that main does not have" in outcome.stderr


def test_a_pull_request_without_commits_is_an_error(job: Job, tmp_path: Path) -> None:
    head = job.checkout.head()
    outcome = job.run(**_pull_request_environments(head, head, tmp_path)["github"])
    assert 2 == outcome.code
    assert "nothing would be scanned" in outcome.stderr


@pytest.mark.parametrize("provider", ["github", "gitlab", "azure", "jenkins", "circle", "buildkite"])
def test_a_fork_is_recognised(job: Job, topic: Branch, tmp_path: Path, provider: str) -> None:
    environment = _pull_request_environments(topic.base, topic.head, tmp_path)[provider]
    (tmp_path / "fork").mkdir()
    fork: dict[str, Env] = {
        "github": _github(tmp_path / "fork", "pull_request", _pull_request(topic.base, topic.head, "somebody/app")),
        "gitlab": {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "me/app", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/app"},
        "azure": {"SYSTEM_PULLREQUEST_ISFORK": "True"},
        "jenkins": {"CHANGE_FORK": "somebody"},
        "circle": {"CIRCLE_PR_NUMBER": "7"},
        "buildkite": {"BUILDKITE_PULL_REQUEST_REPO": "git://localhost/somebody/app.git"},
    }
    outcome = job.run(**environment)
    assert "pull request\n" in outcome.stderr
    assert "pull request from a fork\n" in job.run(**{**environment, **fork[provider]}).stderr


def test_a_checkout_of_the_merge_is_measured_by_its_head(job: Job, topic: Branch, tmp_path: Path) -> None:
    """GitHub checks out a merge of both sides, of which only one is the pull request's."""
    repo = job.checkout
    repo.switch("main")
    merged = repo.merge("topic")
    environment = _github(tmp_path, "pull_request", _pull_request(topic.base, topic.head), GITHUB_SHA=merged)
    assert Branch.FOUND == job.findings(**environment)


def test_an_event_that_cannot_be_read_is_an_error(job: Job, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{")
    outcome = job.run(GITHUB_ACTIONS="true", GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(tmp_path / "event.json"))
    assert 2 == outcome.code
    assert "event.json" in outcome.stderr
