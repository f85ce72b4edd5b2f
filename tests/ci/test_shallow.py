# SPDX-License-Identifier: Apache-2.0
"""Shallow checkouts: deepened when asked, else a message that says what to set; never a green result."""

from __future__ import annotations

import pytest

from tests.ci.conftest import Branch, Job

_ADVICE = {
    "GitLab CI": 'GIT_DEPTH: "0"',
    "Bitbucket Pipelines": "clone: {depth: full}",
    "CircleCI": "method: full",
    "Buildkite": "BUILDKITE_GIT_CLONE_FLAGS",
    "Jenkins": "shallow clone",
    "Azure Pipelines": "fetchDepth: 0",
}


def _environments(topic: Branch) -> dict[str, dict[str, str]]:
    return {
        "GitLab CI": {
            "GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": topic.head,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": topic.base, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        "Bitbucket Pipelines": {
            "BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_COMMIT": topic.head, "BITBUCKET_PR_ID": "7",
            "BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_PR_DESTINATION_COMMIT": topic.base,
        },
        "CircleCI": {"CIRCLECI": "true", "CIRCLE_SHA1": topic.head, "CIRCLE_PULL_REQUEST": "x"},
        "Buildkite": {
            "BUILDKITE": "true", "BUILDKITE_COMMIT": topic.head, "BUILDKITE_PULL_REQUEST": "7",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
        },
        "Jenkins": {
            "JENKINS_URL": "http://localhost/", "GIT_COMMIT": topic.head, "CHANGE_ID": "7", "CHANGE_TARGET": "main"
        },
        "Azure Pipelines": {
            "TF_BUILD": "True", "BUILD_REASON": "PullRequest", "BUILD_SOURCEVERSION": topic.head,
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
        },
    }  # fmt: skip


@pytest.mark.parametrize("provider", sorted(_ADVICE))
def test_a_checkout_of_one_commit_is_refused_with_what_to_set(job: Job, topic: Branch, provider: str) -> None:
    shallow = job.clone("shallow", "--depth", "1", "--branch", "topic")
    outcome = shallow.run(**_environments(topic)[provider])
    assert 2 == outcome.code
    assert provider in outcome.stderr
    assert _ADVICE[provider] in outcome.stderr


@pytest.mark.parametrize("provider", sorted(_ADVICE))
def test_a_checkout_of_one_commit_is_deepened_when_asked(job: Job, topic: Branch, provider: str) -> None:
    shallow = job.clone("shallow", "--depth", "1", "--branch", "topic")
    assert Branch.FOUND == shallow.findings("--deepen", **_environments(topic)[provider])


def test_a_shallow_checkout_that_holds_the_range_is_enough(job: Job, topic: Branch) -> None:
    deep_enough = job.clone("deep", "--depth", "4", "--branch", "topic")
    assert Branch.FOUND == deep_enough.findings(**_environments(topic)["GitLab CI"])


def test_a_shallow_checkout_that_cuts_the_range_is_refused(job: Job, topic: Branch) -> None:
    cut = job.clone("cut", "--depth", "2", "--no-single-branch", "--branch", "topic")
    outcome = cut.run(**_environments(topic)["GitLab CI"])
    assert 2 == outcome.code
    assert "shallow" in outcome.stderr


def test_a_scheduled_scan_of_a_shallow_checkout_is_refused(job: Job, topic: Branch) -> None:
    shallow = job.clone("shallow", "--depth", "1")
    environment = {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": shallow.checkout.head()}
    assert 2 == shallow.run(**environment).code
    assert [("a", 2, True)] == shallow.findings("--deepen", **environment)
