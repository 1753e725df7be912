"""What a decision tells of the last session in a checkout."""

from datetime import timedelta
from pathlib import Path

import pytest

from specship.evidence.ledger import append
from specship.evidence.receipt import LAST, Receipt, Rewritten
from specship.evidence.signing import local_key
from specship.pull_request.last_session import last_session, told
from tests.evidence.statements import ENVIRONMENT, NOW

GREEN = Receipt(
    profile="rehearsal", arguments=("-m", "ship"), gates={"GATE-A-001": "PASS"}, exit_status=0,
    environment=ENVIRONMENT, started=NOW, ended=NOW,
)  # fmt: skip
RED = GREEN.model_copy(
    update={
        "gates": {"GATE-A-001": "FAIL", "GATE-A-002": "deselected", "GATE-A-003": "passed over"},
        "rewritten": (Rewritten(gate="GATE-A-001", verdict="FAIL", shown="passed", by=("conftest.py:3 x",)),),
        "exit_status": 1,
        "ended": NOW + timedelta(hours=1),
    }
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.specship]\nspec = "specs"\n')
    return tmp_path


def leave(project: Path, receipt: Receipt) -> str:
    state = project / ".specship"
    digest = append(state / "ledger", receipt, local_key(state))
    (state / LAST).write_text(f"{digest}\n")
    return digest


def test_the_newest_is_told(project: Path) -> None:
    leave(project, RED)

    assert last_session(project, [GREEN]) == told(RED) == (
        "the last session (2026-03-01 13:00 UTC) ran 1 of 3 gates, 1 deselected, 1 passed over, "
        "1 were rewritten by conftest.py:3 x, and ended with 1"
    )  # fmt: skip
    assert "ran 1 of 1 gates, and ended with 0" in told(GREEN)


@pytest.mark.parametrize("pointer", ["", "../../secret", "0" * 64, "x" * 100, "\xff"], ids=str)
def test_a_pointer_that_leads_nowhere_is_none(pointer: str, project: Path) -> None:
    leave(project, RED)
    (project / ".specship" / LAST).write_text(pointer)

    assert last_session(project, []) == "no session left a receipt"


def test_other_bytes_than_the_name_says_are_no_receipt(project: Path) -> None:
    digest = leave(project, RED)
    path = project / ".specship/ledger" / f"{digest}.json"
    path.write_bytes(path.read_bytes() + b" ")

    assert last_session(project, []) == "no session left a receipt"


def test_where_no_project_is(tmp_path: Path) -> None:
    assert last_session(tmp_path, []) == "no session left a receipt"
