"""A run that is killed at any point and started again leaves the log of one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.training.run_reading import checkpoints_of
from tests.editing import lines
from tests.models.training_data import MODEL, TRAINING, comparable, make_shards, make_tokenizer, recipe
from tests.pipeline.training.killed_child import finish, start

# Dropout draws from torch's generator, and three batches make a step: both must come back.
SETTINGS = {
    "model": {**MODEL, "attention_dropout": 0.1},
    "training": {**TRAINING, "accumulation": 3, "at_end": "cycle"},
}
KILL_POINTS = [
    ("forward", 25),
    ("tensors", 5),
    *(pytest.param(*point, marks=pytest.mark.slow) for point in (("fsync", 30), ("rename", 3), ("prune", 5))),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards")
    return folder


def run_child(data: Path, output: Path, call: str = "", number: int = 0) -> tuple[int, str]:
    """Exit status of a child that trains into `output`, and everything it printed."""
    status = finish(start(request_for(data, output), output.with_suffix(".log"), call, number))
    return status, output.with_suffix(".log").read_text()


def request_for(data: Path, output: Path) -> dict[str, Any]:
    """What the parent of a stage sends."""
    inputs = {name: str(data / name) for name in ("tokenizer", "shards")}
    return {"stage": "run", "settings": SETTINGS, "inputs": inputs, "output": str(output)}


@pytest.fixture(scope="module")
def uninterrupted(data: Path) -> Path:
    """The same run without a kill, in a child of its own."""
    status, text = run_child(data, data / "uninterrupted")
    assert status == 0, text
    return data / "uninterrupted"


def assert_equal_runs(run: Path, other: Path) -> None:
    """Field by field; every checkpoint that has a name verifies; the final weights are the same bytes."""
    assert comparable(run / "train.jsonl") == comparable(other / "train.jsonl")
    assert lines(run / "evaluations.jsonl") == lines(other / "evaluations.jsonl")
    wraps = [[e for e in lines(folder / "events.jsonl") if e["event"] == "wrap"] for folder in (run, other)]
    assert wraps[0] == wraps[1] != []
    assert [step for step, _ in checkpoints_of(run)] == [step for step, _ in checkpoints_of(other)]
    for _, checkpoint in checkpoints_of(run):
        assert verify_manifest(checkpoint) >= 7
    last = "checkpoints/step-000024"
    for name in ("model.safetensors", "optimizer.safetensors"):
        assert (run / last / name).read_bytes() == (other / last / name).read_bytes()
    assert not list((run / "checkpoints").glob(".tmp-*"))


@pytest.mark.parametrize(("call", "number"), KILL_POINTS)
def test_killed_run_resumes_to_the_same_log(
    data: Path, uninterrupted: Path, tmp_path: Path, call: str, number: int
) -> None:
    """Killed inside an accumulation, inside a flush, inside a checkpoint's tensors and before its rename, behind it."""
    status, _ = run_child(data, tmp_path / "run", call, number)
    assert status == -signal.SIGKILL
    status, text = run_child(data, tmp_path / "run")
    assert status == 0, text
    assert_equal_runs(tmp_path / "run", uninterrupted)
    assert any(event["event"] == "resumed" for event in lines(tmp_path / "run" / "events.jsonl"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_times_until_it_is_done(
    data: Path, uninterrupted: Path, tmp_path: Path, seed: int
) -> None:
    """Kills at random system calls and moments, one after another, and then one run to the end."""
    draw = random.Random(seed)  # noqa: S311
    for _ in range(2):
        call = draw.choice(["forward", "fsync", "rename", "write", "open", "tensors", "time"])
        number = draw.randint(1, {"fsync": 60, "write": 80, "open": 300, "forward": 60}.get(call, 5))
        plant = ("", 0) if call == "time" else (call, number)
        child = start(request_for(data, tmp_path / "run"), tmp_path / "run.log", *plant)
        if call == "time":
            time.sleep(draw.uniform(0.5, 3.0))
            child.kill()
        finish(child)
    status, text = run_child(data, tmp_path / "run")
    assert status == 0, text
    assert_equal_runs(tmp_path / "run", uninterrupted)


def steps_logged(run: Path) -> int:
    log = run / "train.jsonl"
    return len(log.read_bytes().splitlines()) if log.exists() else 0


def start_and_wait(data: Path, run: Path, *, steps: int) -> ForkServerProcess:
    """A child that has logged some steps."""
    child = start(request_for(data, run), run.with_suffix(".log"))
    while steps_logged(run) < steps and child.is_alive():
        time.sleep(0.002)
    return child


def test_sigterm_saves_within_a_step_and_leaves_with_143(
    data: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """Preempted, then continued: nothing is done twice."""
    child = start_and_wait(data, tmp_path / "run", steps=8)
    os.kill(child.pid or 0, signal.SIGTERM)
    seen = steps_logged(tmp_path / "run")
    assert finish(child) == 143, (tmp_path / "run.log").read_text()
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["reason"]) == ("preempted", "SIGTERM")
    assert record["steps_done"] <= seen + 2
    assert checkpoints_of(tmp_path / "run")[-1][0] == record["steps_done"]
    status, text = run_child(data, tmp_path / "run")
    assert status == 0, text
    assert comparable(tmp_path / "run/train.jsonl") == comparable(uninterrupted / "train.jsonl")


def test_a_scheduler_that_does_not_wait_leaves_the_reason_and_a_usable_checkpoint(
    data: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """SIGTERM, and the end comes while the checkpoint is being written: at the third file of the second one."""
    child = start(request_for(data, tmp_path / "run"), tmp_path / "run.log", "tensors", 3)
    while steps_logged(tmp_path / "run") < 2 and child.is_alive():
        time.sleep(0.002)
    os.kill(child.pid or 0, signal.SIGTERM)
    assert finish(child) == -signal.SIGKILL
    assert lines(tmp_path / "run/events.jsonl")[-1]["event"] == "preempting"
    status, text = run_child(data, tmp_path / "run")
    assert status == 0, text
    assert comparable(tmp_path / "run/train.jsonl") == comparable(uninterrupted / "train.jsonl")


def test_ctrl_c_ends_with_130_and_the_next_run_continues(
    data: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    """An interrupt loses at most the steps after the last checkpoint."""
    child = start_and_wait(data, tmp_path / "run", steps=8)
    os.kill(child.pid or 0, signal.SIGINT)
    assert finish(child) == 130, (tmp_path / "run.log").read_text()
    status, text = run_child(data, tmp_path / "run")
    assert status == 0, text
    assert_equal_runs(tmp_path / "run", uninterrupted)


def test_recipe_of_these_tests_is_the_tiny_one() -> None:
    """The settings sent as JSON are the records the other tests use."""
    changed: dict[str, Any] = {"accumulation": 3, "at_end": "cycle"}
    assert recipe(**changed).training.tokens_per_step == 3 * 8 * 16
