# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from pathlib import Path

import pytest

from secrethunt.identity.contract import Edge, EdgeStatus, Node
from secrethunt.identity.owners import CodeOwners, owner_items, suggest
from secrethunt.records import CommitId, CommitInfo

GITHUB = b"""\
# GitHub, "About code owners", example of a CODEOWNERS file
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", ["@global-owner1", "@global-owner2"]),
        ("src/a.js", ["@js-owner"]),
        ("a.go", ["docs@example.com"]),
        ("src/notes.txt", ["@octo-org/octocats"]),
        ("docs/getting-started.md", ["@doctocat"]),
        ("docs/build-app/troubleshooting.md", ["@doctocat"]),
        ("src/apps/x.c", ["@octocat"]),
        ("scripts/x/y.sh", ["@doctocat", "@octocat"]),
        ("build/logs/x", ["@octocat"]),
        ("deeply/nested/logs/x", ["@octocat"]),
        ("apps/x", ["@octocat"]),
        ("apps/github/x", []),
    ],
)
def test_last_rule_that_fits_counts_as_github_documents(path: str, expected: list[str]) -> None:
    assert expected == [owner for owner, _ in CodeOwners(GITHUB).owners_of(path)]


def test_star_in_a_folder_does_not_go_deeper_at_github() -> None:
    owners = CodeOwners(b"docs/* docs@example.com\n")
    assert ["docs@example.com"] == [owner for owner, _ in owners.owners_of("docs/a.md")]
    assert [] == owners.owners_of("docs/build-app/a.md")


GITLAB = b"""\
* @all
[Documentation] @docs-team
docs/
README.md @writer
^[Database][2] @database-team
model/db/
[Ruby]
*.rb @ruby
!vendor/*.rb
path\\ with\\ spaces/ @space
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.c", ["@all"]),
        ("docs/x.md", ["@all", "@docs-team"]),
        ("README.md", ["@all", "@writer"]),
        ("model/db/x.rb", ["@all", "@database-team", "@ruby"]),
        ("vendor/x.rb", ["@all"]),
        ("path with spaces/x", ["@all", "@space"]),
    ],
)
def test_each_section_of_gitlab_speaks_for_itself(path: str, expected: list[str]) -> None:
    assert expected == [owner for owner, _ in CodeOwners(GITLAB, is_gitlab=True).owners_of(path)]


def test_code_owners_outside_of_the_tree_are_not_read(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    tree.mkdir()
    (outside / "CODEOWNERS").write_text("* @them\n")
    (tree / ".github").symlink_to(outside)
    assert CodeOwners.of_tree(str(tree)) is None
    (tree / "CODEOWNERS").write_text("* @us\n")
    found = CodeOwners.of_tree(str(tree))
    assert found is not None
    assert [("@us", 1)] == found.owners_of("a.c")


def test_hostile_patterns_cost_little() -> None:
    data = b"".join(b"/" + b"**/*a*a*a*a*a*a*b/" * 20 + b" @x\n" for _ in range(50))
    started = time.process_time()
    assert [] == CodeOwners(data).owners_of("/".join(["a" * 60] * 40))
    assert time.process_time() - started < 3


def test_owners_are_suggested_with_basis_and_confidence_until_confirmed() -> None:
    commit = CommitInfo(CommitId("c" * 40), b"A", b"a@acme.dev", "2024-01-01T00:00:00Z")
    found = suggest("a.c", code_owners=CodeOwners(b"* @acme/core\n"), tag="payments", first=commit, last=commit)
    assert [
        ("payments", "tag", "high"),
        ("@acme/core", "codeowners", "high"),
        ("a@acme.dev", "introducer", "medium"),
    ] == [(item.owner, item.basis.value, item.confidence) for item in found]
    items = list(owner_items("secret:1", found))
    assert {"suggested"} == {item.properties["owner_status"] for item in items if isinstance(item, Node)}
    assert {EdgeStatus.POTENTIAL} == {item.status for item in items if isinstance(item, Edge)}
    assert ["owner:payments", "owner:@acme/core", "owner:a@acme.dev"] == [
        item.target for item in items if isinstance(item, Edge)
    ]
