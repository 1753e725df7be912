"""A report with all that lies behind it, of a small project whose gates were measured twice."""

from pathlib import Path

import pytest

from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import local_key
from specship.exhibits.gathering import with_exhibits
from specship.specs.project import load_project
from specship.status.exhibits import Exhibits
from specship.suite.judging.report_building import build_report
from tests.evidence.statements import evidence, write_result
from tests.projects.evidenced_project import make_artifacts, put_evidence
from tests.projects.histories import git
from tests.projects.small_project import AMENDMENT, edit, make_project

SECOND = AMENDMENT.replace("0.0.0", "1.0.0").replace("It begins.", "It goes on.")


def gathered(folder: Path) -> Exhibits:
    project = load_project(folder)
    before = build_report(project)
    found = with_exhibits(project, before)
    assert found.models == before.models
    assert found.exhibits is not None
    return found.exhibits


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measured twice, then under another limit; with a statement of an unknown hand."""
    root = make_project(tmp_path_factory.mktemp("gathering") / "project")
    git(root, "init", "-q", ".")
    (root / ".gitignore").write_text(".specship/\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    make_artifacts(root)
    put_evidence(root, {"GATE-SMALL-001": {"documents": 30}, "GATE-SMALL-002": {"characters": 40}})
    edit(root / "contracts/small-v1.yaml", "at_least: 100", "at_least: 90")
    (root / "specs/small/amendments/0002-on.yaml").write_text(SECOND)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "another limit")
    put_evidence(root, {"GATE-SMALL-002": {"characters": 400}})
    ledger = root / ".specship/ledger"
    write_result(LedgerWriter(ledger, {ledger}, local_key(root.parent / "stranger")), evidence())
    return root


def test_histories_and_what_moved(project: Path) -> None:
    found = gathered(project)
    (turned,) = found.movement.gates

    assert {(one.gate, one.quantity, one.of) for one in found.histories} == {
        ("GATE-SMALL-001", "documents", 1), ("GATE-SMALL-002", "characters", 2),
    }  # fmt: skip
    assert (turned.gate, turned.before, turned.after) == ("GATE-SMALL-002", "FAIL", "PASS")


def test_what_moved_since_the_version_before(project: Path) -> None:
    moved = gathered(project).movement

    assert moved.base_version == "1.0.0"
    assert moved.base == git(project, "rev-parse", "HEAD~1")
    assert any("GATE-SMALL-002 weakened" in change for change in moved.changes)
    assert not moved.why_unknown


def test_evidence_of_an_unknown_hand_is_named_and_draws_nothing(project: Path) -> None:
    found = gathered(project)

    assert {one.kind for one in found.foreign} == {"Evidence", "Attempt"}
    assert all("GATE-A-001" in one.about for one in found.foreign)
    assert not any(one.gate == "GATE-A-001" for one in found.histories)


def test_where_statements_lie_and_which_commit_it_is(project: Path) -> None:
    found = gathered(project)

    assert all((project / path).is_file() and digest in path for digest, path in found.statements.items())
    assert len(found.statements) == 2
    assert (found.commit, found.dirty) == (git(project, "rev-parse", "HEAD"), False)


def test_outside_git_at_the_first_version_it_says_so(tmp_path: Path) -> None:
    found = gathered(make_project(tmp_path / "project"))

    assert found.movement.why_unknown == "1.0.0 is the first version of this spec"
    assert (found.commit, found.dirty, found.histories) == ("", True, ())
    (tmp_path / "project/specs/small/amendments/0002-on.yaml").write_text(SECOND)
    assert "git does not tell" in gathered(tmp_path / "project").movement.why_unknown


def test_an_amendment_that_is_not_committed_has_no_before(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    git(root, "init", "-q", ".")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    (root / "specs/small/amendments/0002-on.yaml").write_text(SECOND)

    assert "not committed yet" in gathered(root).movement.why_unknown
