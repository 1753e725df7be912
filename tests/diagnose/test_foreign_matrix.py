"""The same runs, healthy and doctored, as every program would have logged them: what is said of each.

Where the records hold what a cause asks for, its class must come out, and itself first; where they do not,
nothing may be said in its place. No healthy run is accused.
"""

from pathlib import Path
from typing import Any, Final

import pytest

from specship.diagnose.diagnosing import HEALTHY, UNKNOWN, Diagnosis
from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.log_format import all_formats
from specship.pipeline.run_logs.reading_run import read_run_facts
from tests.diagnose.doctored_runs import DOCTORED
from tests.diagnose.foreign_logs import WRITERS, Run
from tests.diagnose.written_runs import STEPS, names, write_run
from tests.places import ROOT

CASES: Final = (
    HEALTHY,
    "constant-losses",
    "learning-rate-zero",
    "schedule-not-applied",
    "wrong-mode-defaults",
    "divergence",
    "device-fallback",
    "premature-stop",
    "broken-count",
    "exhausted-stream",
    "log cut",
)
"""Runs of `doctored_runs`, a healthy one, and one whose file was cut in the middle of a line or a record."""
TOLD: Final = {
    "vocabulary": "257",
    "parameters": "6464",
    "unique_tokens": "150000",
    "tokens_per_step": "512",
    "planned_steps": str(STEPS),
    "device_asked": "cpu",
    "device_got": "cpu",
    "lr_schedule": "cosine",
    "mode": "scratch",
}
"""What a maker knows of these runs; what is on record is not told."""
REGIME: Final = "wrong-mode-defaults"
"""A run from random weights with what Trainer takes where nobody chose."""
REFUSED: Final = {"Aim store", "Lightning checkpoint"}


def run_of(folder: Path, case: str) -> Run:
    """A run of ours, doctored, under a Trainer's names."""
    write_run(folder)
    if case in DOCTORED and case != REGIME:
        DOCTORED[case][1](folder)
    facts, _ = read_run_facts(folder)
    scored = {one.step: one.loss for one in facts.evaluations if one.step}
    records = []
    for step in facts.steps:
        rate = 5e-5 * (1 - step.step / STEPS) if case == REGIME else step.lr
        one = {"step": step.step, "loss": step.loss, "grad_norm": step.grad_norm, "learning_rate": rate}
        records.append(one)
        if (loss := scored.pop(step.step, None)) is not None:
            records.append({"step": step.step, "eval_loss": loss})
    settings: dict[str, Any] = {"lr_scheduler_type": "linear" if case == REGIME else "cosine"}
    if case == REGIME:
        settings |= {"learning_rate": 5e-5, "warmup_steps": 0}
    asked = "cuda" if case == "device-fallback" else "cpu"
    return Run(records=records, planned=STEPS, settings=settings, asked=asked)


def diagnosed(folder: Path, kind: str, case: str) -> Diagnosis:
    (folder / "log").mkdir(parents=True)
    path = WRITERS[kind](folder / "log", run_of(folder / "ours", case))
    if case == "log cut":
        data = (log := path if path.name != "meta.yaml" else path.parent / "metrics" / "loss").read_bytes()
        log.write_bytes(data[: len(data) // 2 - len(data) // 2 % 7 + 3])
    told = TOLD | ({"device_asked": "cuda"} if case == "device-fallback" else {})
    told |= {"lr_schedule": "linear"} if case == REGIME else {}
    facts = diagnose_run(folder / "log").facts
    on_record = {
        name for name in told if getattr(facts, "schedule" if name == "lr_schedule" else name) is not None
    }
    return diagnose_run(folder / "log", {name: one for name, one in told.items() if name not in on_record})


def answer(found: Diagnosis, case: str) -> str:
    """A cell of the table in the documentation."""
    if case in {HEALTHY, "log cut"}:
        return {HEALTHY: "healthy", UNKNOWN: "cannot tell"}.get(found.binding, "accused")
    if names(found)[:1] == [case]:
        return "found"
    if names(found) == ["exhausted-stream"] and case == "premature-stop":
        return "an end without a reason"
    if names(found):
        return "another"
    return "not asked" if case in found.inapplicable else "cannot tell" if case in found.missing else "missed"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("matrix")
    return {
        kind: {
            case: answer(diagnosed(folder / kind / case, kind, case), case)
            for case in CASES
            if (kind, case) != ("MLflow database", "log cut")  # it is refused: `test_mlflow_database.py`
        }
        for kind in WRITERS
    }


def test_no_healthy_run_is_accused_and_none_that_was_cut_is_called_healthy(
    answers: dict[str, dict[str, str]],
) -> None:
    assert {one[HEALTHY] for one in answers.values()} == {"healthy"}
    assert {one.get("log cut", "cannot tell") for one in answers.values()} == {"cannot tell"}


def test_what_the_records_hold_is_found_and_nothing_else(answers: dict[str, dict[str, str]]) -> None:
    said = {(kind, case): one for kind, row in answers.items() for case, one in row.items()}

    assert not {place for place, one in said.items() if one in {"accused", "another", "missed"}}
    for kind in WRITERS:
        for case in ("constant-losses", "divergence", "device-fallback", "broken-count"):
            assert said[kind, case] == "found" or (kind, case) == ("nanoGPT log", "device-fallback")


def test_the_table_of_the_documentation_is_this_one(answers: dict[str, dict[str, str]]) -> None:
    page = (ROOT / "docs" / "formats-of-logs.md").read_text()
    for kind, row in answers.items():
        cells = [row.get(case, "refused") for case in CASES]
        assert f"| {kind} | {' | '.join(cells)} |" in page


def test_every_format_is_in_the_table() -> None:
    assert WRITERS.keys() | REFUSED == all_formats().keys()
