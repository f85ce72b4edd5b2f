# SPDX-License-Identifier: Apache-2.0
"""
Recognises a CI provider by its environment variables and says what the job is about. Reads no repository, no network.

Names are those of each provider's reference, cited beside its reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from secrethunt.ci.event import ZEROS, Event, EventKind, named
from secrethunt.errors import UsageError

Environment = Mapping[str, str]


def read_event(environment: Environment) -> Event:
    """
    What the job in *environment* is about; without a provider that is known, the current branch.

    Raises:
        UsageError: The provider's own description of the event cannot be read.
    """
    for is_here, read in _PROVIDERS:
        if is_here(environment):
            return read(environment)
    return Event("git", EventKind.PUSH, "HEAD", depth_advice="Run: git fetch --unshallow")


def _github(env: Environment) -> Event:
    """
    https://docs.github.com/actions/reference/workflows-and-actions/variables, and for the payload
    https://docs.github.com/webhooks/webhook-events-and-payloads
    """
    payload = _payload(env.get("GITHUB_EVENT_PATH", ""))
    name = env.get("GITHUB_EVENT_NAME", "")
    sha = env.get("GITHUB_SHA", "HEAD")
    default = _text(payload, "repository", "default_branch")

    def event(
        kind: EventKind, head: str, bases: tuple[str, ...] = (), branch: str = default, fork: bool = False
    ) -> Event:
        return Event(
            "GitHub Actions", kind, head, bases, branch, env.get("GITHUB_REF_NAME", ""), fork,
            depth_advice="Set `fetch-depth: 0` for actions/checkout.",
            summary_file=env.get("GITHUB_STEP_SUMMARY", ""), annotates=True,
        )  # fmt: skip

    if name.startswith("pull_request"):
        base, head = _dict(payload, "pull_request", "base"), _dict(payload, "pull_request", "head")
        source = _text(head, "repo", "full_name")
        return event(
            EventKind.PULL_REQUEST,
            _text(head, "sha") or sha,
            named(_text(base, "sha")),
            _text(base, "ref") or env.get("GITHUB_BASE_REF", ""),
            source != _text(base, "repo", "full_name"),
        )
    if name == "merge_group":
        group = _dict(payload, "merge_group")
        branch = _text(group, "base_ref").removeprefix("refs/heads/")
        return event(EventKind.MERGE_QUEUE, _text(group, "head_sha") or sha, named(_text(group, "base_sha")), branch)
    if name == "push":
        return _github_push(env, payload, event)
    if name == "delete":
        return event(EventKind.DELETED, sha)
    return event(EventKind.WHOLE, sha)


def _github_push(env: Environment, payload: dict[str, Any], event: Callable[..., Event]) -> Event:
    sha = env.get("GITHUB_SHA", "HEAD")
    if payload.get("deleted") is True:
        return event(EventKind.DELETED, sha)
    kind = EventKind.TAG if env.get("GITHUB_REF", "").startswith("refs/tags/") else EventKind.PUSH
    return event(kind, _text(payload, "after") or sha, named(_text(payload, "before")))


def _gitlab(env: Environment) -> Event:
    """https://docs.gitlab.com/ci/variables/predefined_variables/"""
    head = env.get("CI_COMMIT_SHA", "HEAD")
    source = env.get("CI_PIPELINE_SOURCE", "")
    default = env.get("CI_DEFAULT_BRANCH", "")

    def event(
        kind: EventKind, head: str, bases: tuple[str, ...] = (), branch: str = default, fork: bool = False
    ) -> Event:
        advice = 'Set the variable GIT_DEPTH: "0".'
        return Event("GitLab CI", kind, head, bases, branch, env.get("CI_COMMIT_BRANCH", ""), fork, depth_advice=advice)

    if env.get("CI_MERGE_REQUEST_IID"):
        is_train = env.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
        return event(
            EventKind.MERGE_QUEUE if is_train else EventKind.PULL_REQUEST,
            # Of merged results the commit is a merge that only exists for the pipeline.
            env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or head,
            named(env.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""), env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")),
            env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
            env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "") != env.get("CI_MERGE_REQUEST_PROJECT_PATH", ""),
        )
    if env.get("CI_COMMIT_TAG"):
        return event(EventKind.TAG, head)
    if source in ("push", "external_pull_request_event"):
        return event(EventKind.PUSH, head, named(env.get("CI_COMMIT_BEFORE_SHA", "")))
    return event(EventKind.WHOLE, head)


def _bitbucket(env: Environment) -> Event:
    """https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/"""
    head = env.get("BITBUCKET_COMMIT", "HEAD")
    advice = "Set `clone: {depth: full}` in bitbucket-pipelines.yml."
    if env.get("BITBUCKET_PR_ID"):
        return Event(
            "Bitbucket Pipelines",
            EventKind.PULL_REQUEST,
            head,
            named(env.get("BITBUCKET_PR_DESTINATION_COMMIT", "")),
            env.get("BITBUCKET_PR_DESTINATION_BRANCH", ""),
            depth_advice=advice,
        )
    kind = EventKind.TAG if env.get("BITBUCKET_TAG") else EventKind.PUSH
    branch = env.get("BITBUCKET_BRANCH", "")
    return Event("Bitbucket Pipelines", kind, head, branch=branch, depth_advice=advice)


def _azure(env: Environment) -> Event:
    """https://learn.microsoft.com/azure/devops/pipelines/build/variables"""
    head = env.get("BUILD_SOURCEVERSION", "HEAD")
    reason = env.get("BUILD_REASON", "")
    advice = "Set `fetchDepth: 0` in the pipeline's checkout step."
    if reason == "PullRequest":
        return Event(
            "Azure Pipelines",
            EventKind.PULL_REQUEST,
            env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or head,
            base_branch=env.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/"),
            from_fork=env.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true",
            depth_advice=advice,
        )
    kind = EventKind.PUSH if reason in ("IndividualCI", "BatchedCI") else EventKind.WHOLE
    if env.get("BUILD_SOURCEBRANCH", "").startswith("refs/tags/"):
        kind = EventKind.TAG
    branch = env.get("BUILD_SOURCEBRANCH", "").removeprefix("refs/heads/")
    return Event("Azure Pipelines", kind, head, branch=branch, depth_advice=advice)


def _jenkins(env: Environment) -> Event:
    """
    https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables, https://plugins.jenkins.io/git/
    and https://plugins.jenkins.io/branch-api/
    """
    head = env.get("GIT_COMMIT", "HEAD")
    advice = "Turn off the shallow clone under Advanced clone behaviours of the job's git settings."
    if env.get("CHANGE_ID"):
        return Event(
            "Jenkins",
            EventKind.PULL_REQUEST,
            head,
            base_branch=env.get("CHANGE_TARGET", ""),
            from_fork=bool(env.get("CHANGE_FORK")),
            depth_advice=advice,
        )
    before = named(env.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT", ""), env.get("GIT_PREVIOUS_COMMIT", ""))
    kind = EventKind.TAG if env.get("TAG_NAME") else EventKind.PUSH
    branch = env.get("BRANCH_NAME") or env.get("GIT_BRANCH", "").removeprefix("origin/")
    return Event("Jenkins", kind, head, before, branch=branch, depth_advice=advice)


def _circle(env: Environment) -> Event:
    """
    https://circleci.com/docs/variables/; what was there before a push is a pipeline value only
    (`pipeline.git.base_revision`), to be given with --base.
    """
    is_pull_request = bool(env.get("CIRCLE_PULL_REQUEST") or env.get("CIRCLE_PR_NUMBER"))
    kind = EventKind.TAG if env.get("CIRCLE_TAG") else EventKind.PULL_REQUEST if is_pull_request else EventKind.PUSH
    return Event(
        "CircleCI",
        kind,
        env.get("CIRCLE_SHA1", "HEAD"),
        branch=env.get("CIRCLE_BRANCH", ""),
        # Only pull requests from forks have a number of their own.
        from_fork=bool(env.get("CIRCLE_PR_NUMBER")),
        depth_advice="Set `method: full` for the checkout step.",
    )


def _buildkite(env: Environment) -> Event:
    """https://buildkite.com/docs/pipelines/configure/environment-variables"""
    head = env.get("BUILDKITE_COMMIT", "HEAD")
    default = env.get("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "")

    def event(kind: EventKind, bases: tuple[str, ...] = (), branch: str = default, fork: bool = False) -> Event:
        advice = "Take --depth out of BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS."
        return Event("Buildkite", kind, head, bases, branch, env.get("BUILDKITE_BRANCH", ""), fork, depth_advice=advice)

    if env.get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT"):
        base = named(env["BUILDKITE_MERGE_QUEUE_BASE_COMMIT"])
        return event(EventKind.MERGE_QUEUE, base, env.get("BUILDKITE_MERGE_QUEUE_BASE_BRANCH", ""))
    if env.get("BUILDKITE_PULL_REQUEST", "false") != "false":
        repository = env.get("BUILDKITE_PULL_REQUEST_REPO", "")
        fork = _same_url(repository) != _same_url(env.get("BUILDKITE_REPO", "")) if repository else False
        return event(EventKind.PULL_REQUEST, (), env.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH", ""), fork)
    if env.get("BUILDKITE_TAG"):
        return event(EventKind.TAG)
    return event(EventKind.PUSH if env.get("BUILDKITE_SOURCE", "webhook") == "webhook" else EventKind.WHOLE)


def _same_url(url: str) -> str:
    """Owner and name at the end of *url*, whatever protocol it is for."""
    return "/".join(url.replace(":", "/").removesuffix("/").removesuffix(".git").lower().split("/")[-2:])


def _payload(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with open(path, "rb") as file:
            payload = json.load(file)
    except (OSError, ValueError) as err:
        raise UsageError(
            f"the event's description cannot be read: {path}: {type(err).__name__}",
            hint="GITHUB_EVENT_PATH names it; without it nobody knows what was pushed.",
        ) from err
    return payload if isinstance(payload, dict) else {}


def _dict(payload: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload if isinstance(payload, dict) else {}


def _text(payload: Any, *keys: str) -> str:
    value = _dict(payload, *keys[:-1]).get(keys[-1])
    return value if isinstance(value, str) and value not in ZEROS else ""


_PROVIDERS: tuple[tuple[Callable[[Environment], bool], Callable[[Environment], Event]], ...] = (
    (lambda env: env.get("GITHUB_ACTIONS") == "true", _github),
    (lambda env: env.get("GITLAB_CI") == "true", _gitlab),
    (lambda env: bool(env.get("BITBUCKET_BUILD_NUMBER")), _bitbucket),
    (lambda env: env.get("TF_BUILD", "").lower() == "true", _azure),
    (lambda env: env.get("CIRCLECI") == "true", _circle),
    (lambda env: env.get("BUILDKITE") == "true", _buildkite),
    (lambda env: bool(env.get("JENKINS_URL")), _jenkins),
)
