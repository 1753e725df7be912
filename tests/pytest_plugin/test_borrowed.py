"""Models that borrow artifacts of other models, through pytest, status and the ledger."""

from pathlib import Path
from typing import Any

import pytest

from tests.processes import run_pytest as ship
from tests.projects.small_project import edit, make_project, report_of, statements_of

SECOND = """\
  - id: MODEL-2
    title: A model that lives on loans
    criteria:
      - {id: AC-LOAN-001, statement: It has text., weight: 100, because: b, effort: {gpu_hours: 0, person_hours: 1}}
"""
CONTRACT = """\
contract_id: loan
version: 1.0.0
stage: corpus
summary: What a borrowed corpus must be.
gates:
  - id: GATE-LOAN-001
    rule: The corpus has documents.
    binds_to: [AC-LOAN-001]
    ship_blocking: true
    probe: small.documents
    expect:
      documents: {at_least: 10, unit: documents}
"""
BORROWS = "  MODEL-2:\n    borrowed: {model: MODEL-1, artifacts: [corpus]}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two models; the second has no stage of its own."""
    root = make_project(tmp_path / "project")
    (root / "contracts/loan-v1.yaml").write_text(CONTRACT)
    for name, text in {"spec.yaml": SECOND, "profiles/rehearsal.yaml": BORROWS}.items():
        path = root / "specs/small" / name
        path.write_text(path.read_text() + text)
    return root


def model(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(m for m in report["models"] if (m["model"], m["profile"]) == (name, "rehearsal"))


def passes(found: dict[str, Any]) -> bool:
    gate = found["criteria"][0]["gates"][0]
    return (gate["verdict"], gate["fresh"]) == ("PASS", True)


def subjects_of(project: Path) -> list[dict[str, str]]:
    return [dict(entry.evidence.subjects) for entry in statements_of(project)]


def test_a_borrowed_artifact_is_the_lenders_own(project: Path) -> None:
    """Made once, by its own model, and named so; both models' evidence is about the same digest."""
    done = ship(project, "-m", "ship", "--specship-report=.specship/report.json")
    report = report_of(project)
    subjects = subjects_of(project)

    assert done.returncode == 0, done.stdout
    assert passes(model(report, "MODEL-2"))
    assert [(stage["stage"], stage["model"]) for stage in report["stages"]] == [("corpus", "MODEL-1")]
    assert not (project / ".specship/artifacts/MODEL-2/rehearsal/corpus").exists()
    assert len(subjects) == 3
    assert subjects[0] == subjects[1] == subjects[2]


def test_the_borrower_alone_has_the_lenders_stages_run(project: Path) -> None:
    done = ship(project, "-m", "ship", "-k", "GATE-LOAN-001", "--specship-report=.specship/report.json")

    assert done.returncode == 0, done.stdout
    assert [stage["model"] for stage in report_of(project)["stages"]] == ["MODEL-1"]


@pytest.mark.slow
def test_evidence_is_stale_when_the_lenders_artifact_is_another(project: Path) -> None:
    ship(project, "-m", "ship")
    edit(project / "specs/small/profiles/rehearsal.yaml", "heldout_fraction: 0.2", "heldout_fraction: 0.3")
    ship(project, "-m", "ship", "-k", "GATE-SMALL-001", "--specship-report=.specship/report.json")
    criterion = model(report_of(project), "MODEL-2")["criteria"][0]

    assert criterion["status"] == "STALE"
    assert "the bytes of corpus changed" in criterion["reasons"][0]


@pytest.mark.slow
def test_it_is_borrowed_by_processes_side_by_side(project: Path) -> None:
    done = ship(project, "-m", "ship", "-n", "2", "--specship-report=.specship/report.json")
    report = report_of(project)

    assert done.returncode == 0, done.stdout
    assert passes(model(report, "MODEL-2"))
    assert len(list((project / ".specship/artifacts/MODEL-1/rehearsal/corpus").glob("*.json"))) == 2


def test_a_checkpoint_that_would_be_made_from_itself_is_told_so(project: Path) -> None:
    """Two sections that each are sound, and lead in a circle."""
    profile = project / "specs/small/profiles/rehearsal.yaml"
    circle = (
        "    imported: {source: itself}\n"
        "    foreign: {dtype: float32, shard_bytes: 9, rows_multiple: 1, bias_range: 0, seed: 1}\n"
    )
    profile.write_text(profile.read_text() + circle)
    probes = project / "probes/small.py"
    probes.write_text(probes.read_text().replace("def killed(corpus", "def killed(checkpoint"))
    edit(project / "contracts/loan-v1.yaml", "small.documents", "small.killed")
    done = ship(project, "-m", "ship", "-k", "LOAN")

    assert done.returncode == 2
    assert "have checkpoint made from itself: checkpoint → foreign → checkpoint" in done.stdout
    assert "Traceback" not in done.stdout
