"""The same runs, healthy and doctored, as every program would have logged them: what is said of each.

Where the records hold what a cause asks for, its class must come out, and itself first; where they do not,
nothing may be said in its place. No healthy run is accused.
"""

from pathlib import Path
from typing import Final

import pytest

from specship.diagnose.diagnosing import HEALTHY, UNKNOWN, Diagnosis
from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.log_format import all_formats
from specship.pipeline.run_logs.reading_run import read_run_facts
from tests.diagnose.doctored_runs import DOCTORED
from tests.diagnose.foreign_logs import WRITERS, Run
from tests.diagnose.written_runs import STEPS, names, write_run

CASES: Final = (
    HEALTHY,
    "constant-losses",
    "learning-rate-zero",
    "schedule-not-applied",
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
    "planned_steps": str(STEPS),
    "device_asked": "cpu",
    "device_got": "cpu",
    "lr_schedule": "cosine",
    "mode": "scratch",
}
"""What a maker knows of these runs; what is on record is not told."""
REFUSED: Final = {"Aim store", "Lightning checkpoint"}


def run_of(folder: Path, case: str) -> Run:
    """A run of ours, doctored, under a Trainer's names."""
    write_run(folder)
    if case in DOCTORED:
        DOCTORED[case][1](folder)
    facts, _ = read_run_facts(folder)
    scored = {one.step: one.loss for one in facts.evaluations if one.step}
    records = []
    for step in facts.steps:
        one = {"step": step.step, "loss": step.loss, "grad_norm": step.grad_norm, "learning_rate": step.lr}
        records.append(one)
        if (loss := scored.pop(step.step, None)) is not None:
            records.append({"step": step.step, "eval_loss": loss})
    return Run(records=records, planned=STEPS)


def diagnosed(folder: Path, kind: str, case: str) -> Diagnosis:
    (folder / "log").mkdir(parents=True)
    path = WRITERS[kind](folder / "log", run_of(folder / "ours", case))
    if case == "log cut":
        data = (log := path if path.name != "meta.yaml" else path.parent / "metrics" / "loss").read_bytes()
        log.write_bytes(data[: len(data) // 2 - len(data) // 2 % 7 + 3])
    told = TOLD | ({"device_asked": "cuda"} if case == "device-fallback" else {})
    facts = diagnose_run(folder / "log").facts
    on_record = {
        name for name in told if getattr(facts, "schedule" if name == "lr_schedule" else name) is not None
    }
    return diagnose_run(folder / "log", {name: one for name, one in told.items() if name not in on_record})


def answer(found: Diagnosis, case: str) -> str:
    """A class, or why none is named."""
    if found.binding != UNKNOWN:
        return found.binding
    return "cannot tell" if case in {HEALTHY, "log cut"} or case in found.missing else "no place for it"


@pytest.mark.parametrize("kind", WRITERS)
def test_what_the_records_hold_is_found_and_nothing_else(tmp_path: Path, kind: str) -> None:
    for case in CASES:
        if (kind, case) == ("MLflow database", "log cut"):
            continue  # a database that was cut is refused; see its own tests
        found = diagnosed(tmp_path / case, kind, case)
        if case in {HEALTHY, "log cut"}:
            assert found.binding in ({HEALTHY, UNKNOWN} if case == HEALTHY else {UNKNOWN}), (
                case,
                names(found),
            )
            continue
        if case in found.examined and names(found):
            assert names(found)[0] == case, (case, names(found))
            assert found.binding == DOCTORED[case][0]
        else:
            assert found.binding == UNKNOWN, (case, names(found))
            assert case in found.missing or case in found.inapplicable, (case, found.examined)


def test_every_format_is_in_the_table() -> None:
    assert WRITERS.keys() | REFUSED == all_formats().keys()
