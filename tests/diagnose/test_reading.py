"""What the readers take from a run's summary: its own end, its passes, its beginning, what was relaxed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specship.diagnose.facts import Facts
from specship.diagnose.reading_run import read_run_facts
from specship.diagnose.reading_trainer import read_trainer_facts

RECORD: dict[str, Any] = {
    "format": "specship-run/1",
    "status": "completed",
    "reason": "every planned step was done",
    "config": {"model": None, "training": {"status": "no key of the summary"}},
    "planned_steps": 290,
    "steps_done": 290,
    "wall_seconds": 12.5,
}


def our_run(folder: Path, **fields: Any) -> Facts:
    (folder / "run.json").write_text(json.dumps(RECORD | fields, indent=2))
    return read_run_facts(folder)[0]


def trainer(folder: Path, *history: dict[str, Any], **fields: Any) -> Facts:
    folder.mkdir(parents=True, exist_ok=True)
    state = {"log_history": list(history), "max_steps": 1000, "num_train_epochs": 3} | fields
    (folder / "trainer_state.json").write_text(json.dumps(state, indent=2, sort_keys=True))
    return read_trainer_facts(folder / "trainer_state.json")[0]


def records(*steps: int) -> list[dict[str, Any]]:
    return [{"step": step, "loss": 3.0 - step / 1000} for step in steps]


@pytest.mark.parametrize(
    ("status", "finished", "ended"),
    [
        ("completed", True, 290),
        ("aborted", True, 290),
        ("running", False, None),
        ("preempted", False, None),
    ],
)
def test_how_a_run_of_ours_ended(tmp_path: Path, status: str, finished: bool, ended: int | None) -> None:
    facts = our_run(tmp_path, status=status)

    assert (facts.finished, facts.ended_step, facts.checkpointed_step) == (finished, ended, 290)
    assert facts.stop_reason == ("" if status == "completed" else RECORD["reason"])


def test_a_run_before_its_first_checkpoint_has_no_step_that_its_time_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"status": "running", "steps_done": 0}))

    assert read_run_facts(tmp_path)[0].checkpointed_step is None


def test_the_summary_is_cited_by_line(tmp_path: Path) -> None:
    facts = our_run(tmp_path)
    lines = (tmp_path / "run.json").read_text().splitlines()
    status, wall = facts.recorded("status", "nothing", "wall_seconds")

    assert facts.record_line == status
    assert lines[status.number - 1] == '  "status": "completed",'
    assert lines[wall.number - 1] == '  "wall_seconds": 12.5'


def test_the_beginning_and_what_was_relaxed(tmp_path: Path) -> None:
    facts = our_run(
        tmp_path,
        initialisation={"difference": 0.5, "tolerance": 0.001, "improvement": -0.2},
        bypasses=[{"name": "accept-starvation", "reason": "a trial", "figures": {}}, 7],
    )

    assert facts.initialisation_difference == 0.5
    assert facts.initialisation_tolerance == 0.001
    assert facts.initialisation_improvement == -0.2
    assert facts.bypasses == ("accept-starvation: a trial",)


def test_a_trainer_that_logged_once_did_its_steps(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(500), global_step=800, max_steps=800, logging_steps=500)

    assert (facts.ended_step, facts.finished, facts.log_every) == (800, True, 500)


def test_a_trainer_that_a_callback_ended(tmp_path: Path) -> None:
    callback = {
        "args": {"early_stopping_patience": 3, "early_stopping_threshold": 0.0},
        "attributes": {"early_stopping_patience_counter": 3},
    }
    facts = trainer(
        tmp_path, *records(300, 600), global_step=600, stateful_callbacks={"EarlyStoppingCallback": callback}
    )

    assert (facts.ended_step, facts.finished) == (600, True)
    assert facts.stop_reason == "EarlyStoppingCallback: 3 evaluations without improvement, 3 were allowed"


def test_a_callback_that_had_patience_left_ended_nothing(tmp_path: Path) -> None:
    callback = [
        {"args": {"early_stopping_patience": 3}, "attributes": {"early_stopping_patience_counter": 1}},
        "no callback",
    ]
    facts = trainer(
        tmp_path, *records(600), global_step=600, stateful_callbacks={"EarlyStoppingCallback": callback}
    )

    assert (facts.finished, facts.stop_reason) == (None, "")


def test_a_checkpoint_on_the_way_is_no_end(tmp_path: Path) -> None:
    facts = trainer(tmp_path / "checkpoint-500", *records(500), global_step=500)

    assert (facts.ended_step, facts.finished) == (None, False)


def test_training_that_came_to_its_end_before_the_plan_has_finished(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(100, 200), {"step": 200, "train_runtime": 9.0}, global_step=200)

    assert (facts.ended_step, facts.finished, facts.stop_reason) == (200, True, "")


@pytest.mark.parametrize("steps", [(1, 2, 4, 6, 8), (2, 4, 4, 6, 8), (2, 4, 6, 2, 4, 6), (2, 4, 6, 7)])
def test_an_odd_record_does_not_change_the_interval(tmp_path: Path, steps: tuple[int, ...]) -> None:
    assert trainer(tmp_path, *records(*steps), global_step=8).log_every == 2


def test_epochs_are_passes_where_tokens_are_unknown(tmp_path: Path) -> None:
    assert trainer(tmp_path, *records(10), epoch=50.0, num_train_epochs=50).passes == 50.0


def test_data_without_a_length_have_no_passes(tmp_path: Path) -> None:
    """Trainer plans `sys.maxsize` epochs of them and counts its own steps as one."""
    assert trainer(tmp_path, *records(10), epoch=1.0, num_train_epochs=2**63 - 1).passes is None
