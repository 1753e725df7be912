"""Curves of runs: ours with its band, closed form and events; another program's; what cannot be read."""

import json
from pathlib import Path

import pytest

from specship.exhibits.curves import MOST_EVENTS, MOST_POINTS, run_report
from specship.status.exhibits import RunReport
from tests.projects.logged_project import write_run


def told(folder: Path) -> RunReport:
    return run_report(folder, model="MODEL-1", profile="rehearsal", path="x", artifact="a")


def own_run(folder: Path, steps: int) -> Path:
    """A run of ours as its files are, without training."""
    folder.mkdir()
    config = {
        "training": {
            "peak_learning_rate": 1e-3, "warmup_steps": 10, "floor_share": 0.1, "steps": steps, "mode": "scratch",
        }
    }  # fmt: skip
    run = {
        "format": "specship-run/1", "status": "completed", "reason": "done", "planned_steps": steps,
        "steps_done": steps, "config": config, "bypasses": [],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run))
    lines = [
        {
            "step": step,
            "train_loss": 9.0 if step == 777 else 3.0,
            "grad_norm": 1.0,
            "lr": 1e-3,
            "tokens_per_second": 5.0,
        }
        for step in range(1, steps + 1)
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    held = [{"step": step, "val_loss": 4.0, "standard_error": 0.5} for step in (0, steps)]
    (folder / "evaluations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in held))
    events = [{"event": "wrap", "step": step} for step in range(1, 51)]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in events))
    return folder


def test_a_run_of_ours(tmp_path: Path) -> None:
    found = told(own_run(tmp_path / "run", 5_000))
    curves = {curve.name: curve for curve in found.curves}

    assert (found.status, found.steps) == ("completed", 5_000)
    assert curves.keys() >= {"training loss", "held-out loss", "learning rate", "gradient norm", "speed"}
    assert curves["training loss"].of == 5_000
    assert len(curves["training loss"].points) <= MOST_POINTS
    assert (777.0, 9.0) in curves["training loss"].points
    assert curves["held-out loss"].band == ((0.0, 0.5), (5_000.0, 0.5))
    assert len(found.events) == MOST_EVENTS
    assert "10 more events are not shown" in found.notes


def test_the_closed_form_stands_beside_the_rate(tmp_path: Path) -> None:
    found = {curve.name: curve for curve in told(own_run(tmp_path / "run", 100)).curves}
    planned = {point[0]: point[1] for point in found["learning rate, closed form"].points}

    assert planned[5.0] == pytest.approx(0.5e-3)
    assert planned[100.0] == pytest.approx(1e-4)


def test_a_run_of_another_program(tmp_path: Path) -> None:
    found = told(write_run(tmp_path / "theirs"))

    assert {curve.name for curve in found.curves} >= {"training loss", "held-out loss", "learning rate"}


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    found = told(tmp_path)

    assert found.curves == ()
    assert "its records cannot be read" in found.notes[0]
