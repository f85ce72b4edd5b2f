# SPDX-License-Identifier: Apache-2.0
"""The files that users copy: their scripts are run as a runner would, in the environment that the provider sets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.conftest import Branch, Job

_DOCS = Path(__file__).parents[2] / "docs" / "ci"


def _load(name: str) -> Any:
    return yaml.safe_load((_DOCS / name).read_text())


def _command(directory: Path) -> None:
    """An installed `secrethunt` in *directory*."""
    directory.mkdir(parents=True)
    (directory / "secrethunt").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secrethunt "$@"\n')
    (directory / "secrethunt").chmod(0o755)


def _run(job: Job, script: str, shell: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*shell, script],
        cwd=job.checkout.path,
        env={**job.home.environment, **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def _event(topic: Branch, tmp_path: Path) -> dict[str, str]:
    base = {"sha": topic.base, "ref": "main", "repo": {"full_name": "acme/app"}}
    head = {"sha": topic.head, "ref": "topic", "repo": {"full_name": "acme/app"}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"base": base, "head": head}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "RUNNER_TEMP": str(tmp_path / "runner"),
    }


def _scan_step(inputs: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Script and environment of the action's scan, with *inputs* or their defaults put in."""
    action = _load("action.yml")
    step = next(step for step in action["runs"]["steps"] if step["id"] == "scan")
    values = {name: inputs.get(name, entry["default"]) for name, entry in action["inputs"].items()}
    filled = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)
        for name, text in step["env"].items()
    }
    assert "${{" not in step["run"]
    return step["run"], filled


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({}, 1),
        ({"fail-on": "never"}, 0),
        ({"fail-on": "high at-head", "fail-on-removed": "never"}, 1),
        ({"options": "--no-annotations --explain-plan"}, 0),
        ({"fail-on": "$(touch gotcha)"}, 2),
    ],
)
def test_the_action_scans(job: Job, topic: Branch, tmp_path: Path, inputs: dict[str, str], code: int) -> None:
    _command(tmp_path / "runner" / "secrethunt" / "bin")
    script, environment = _scan_step(inputs)
    done = _run(
        job,
        script,
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"],
        **_event(topic, tmp_path),
        **environment,
    )
    assert code == done.returncode, done.stderr
    assert not (job.checkout.path / "gotcha").exists()
    if code == 1:
        report = json.loads((job.checkout.path / "secrethunt.sarif").read_text())
        assert 2 == len(report["runs"][0]["results"])


def test_the_action_installs_the_repository_that_it_is_part_of() -> None:
    step = next(step for step in _load("action.yml")["runs"]["steps"] if step["id"] == "install")
    assert '"$GITHUB_ACTION_PATH/../.."' in step["run"]
    assert (_DOCS / ".." / ".." / "pyproject.toml").exists()


def test_the_workflow_reads_only_and_checks_out_all_history() -> None:
    workflow = _load("github-workflow.yml")
    assert {"contents": "read"} == workflow["permissions"]
    assert 0 == workflow["jobs"]["secrethunt"]["steps"][0]["with"]["fetch-depth"]


def test_the_gitlab_job_writes_both_reports(job: Job, topic: Branch, tmp_path: Path) -> None:
    _command(tmp_path / "bin")
    template = _load("gitlab.yml")["secrethunt"]
    assert "0" == template["variables"]["GIT_DEPTH"]
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{job.home.environment['PATH']}",
        **template["variables"],
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": topic.head,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": topic.base,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    done = _run(job, "\n".join(template["script"]), ["bash", "-eo", "pipefail", "-c"], **environment)
    assert 1 == done.returncode, done.stderr
    reports = template["artifacts"]["reports"]
    quality = json.loads((job.checkout.path / reports["codequality"]).read_text())
    assert 2 == len(quality)
    secrets = json.loads((job.checkout.path / reports["secret_detection"]).read_text())
    assert 2 == len(secrets["vulnerabilities"])
