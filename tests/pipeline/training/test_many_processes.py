"""Several processes train the run that one alone trains, and one that fails ends it with its rank and reason."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from safetensors.torch import load_file

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.parallel.beats import roll_call
from specship.pipeline.parallel.group import RankGroup
from specship.pipeline.training.run_reading import checkpoints_of, read_evaluations, read_run, read_steps
from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
from specship.pipeline.training.training import pretrain
from tests.models.training_data import MODEL, TRAINING, make_shards, make_tokenizer
from tests.pipeline.training.rank_child import together
from tests.processes import SCRIPTS

SETTINGS: Final[dict[str, Any]] = {
    "model": {**MODEL, "max_positions": 16},
    "training": {**TRAINING, "steps": 12, "accumulation": 2, "at_end": "cycle"},
}
ROUNDING: Final = 2e-6
"""Nats a token, and of gradient norms near 1: sums in another order, over a dozen steps."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", tokenizer=folder / "tokenizer")
    return folder


@pytest.fixture(scope="module")
def alone(data: Path) -> Path:
    """The run of one process."""
    run_alone(data, data / "alone")
    return data / "alone"


def run_alone(data: Path, output: Path) -> None:
    recipe = Recipe(ModelSettings(**SETTINGS["model"]), TrainingSettings(**SETTINGS["training"]))
    pretrain(recipe, data / "tokenizer", data / "shards", output)


def request(data: Path, output: Path, sharing: str = "ddp", defect: str = "", at: int = 0) -> dict[str, Any]:
    return {
        **SETTINGS, "data": str(data), "output": str(output), "sharing": sharing, "defect": defect, "at": at,
    }  # fmt: skip


def assert_same_run(run: Path, other: Path) -> None:
    """Losses and norms within rounding, the same tokens and rates, and whole checkpoints at the same steps."""
    for one, two in zip(read_steps(run), read_steps(other), strict=True):
        assert (one["step"], one["lr"], one["tokens_seen"]) == (two["step"], two["lr"], two["tokens_seen"])
        assert one["train_loss"] == pytest.approx(two["train_loss"], abs=ROUNDING)
        assert one["grad_norm"] == pytest.approx(two["grad_norm"], abs=ROUNDING)
    for one, two in zip(read_evaluations(run), read_evaluations(other), strict=True):
        assert one["val_loss"] == pytest.approx(two["val_loss"], abs=ROUNDING)
    assert [step for step, _ in checkpoints_of(run)] == [step for step, _ in checkpoints_of(other)]
    for _, path in checkpoints_of(run):
        verify_manifest(path)


def test_two_processes_train_the_run_of_one(data: Path, alone: Path, tmp_path: Path) -> None:
    outcomes = together(request(data, tmp_path / "run"), 2)

    assert [one and one["status"] for one in outcomes] == ["completed"] * 2
    assert_same_run(tmp_path / "run", alone)
    told = read_run(tmp_path / "run").parallel
    assert told is not None
    assert (told.world_size, told.sharing, [one.rank for one in told.ranks]) == (2, "ddp", [0, 1])
    assert told.ranks[0].pid != told.ranks[1].pid
    assert told.slowest_over_fastest >= 1
    assert read_run(alone).parallel is None


@pytest.mark.slow
@pytest.mark.parametrize(("world", "sharing"), [(4, "ddp"), (2, "fsdp"), (4, "fsdp")])
def test_more_processes_and_cut_weights_do_too(
    data: Path, alone: Path, tmp_path: Path, world: int, sharing: str
) -> None:
    together(request(data, tmp_path / "run", sharing), world)

    assert_same_run(tmp_path / "run", alone)
    for name in ("model", "optimizer"):  # joined from parts, each in its place
        one, two = (
            load_file(checkpoints_of(run)[-1][1] / f"{name}.safetensors") for run in (tmp_path / "run", alone)
        )
        assert one.keys() == two.keys()
        for key, tensor in one.items():
            torch.testing.assert_close(tensor, two[key], rtol=0, atol=2e-4)


@pytest.mark.slow
def test_another_number_of_processes_goes_on(data: Path, alone: Path, tmp_path: Path) -> None:
    """Four with cut weights begin, two with whole ones go on behind step 6, one alone ends it."""
    run = tmp_path / "run"
    together(request(data, run, "fsdp", defect="gone", at=8), 4)
    together(request(data, run, "ddp", defect="gone", at=10), 2)
    run_alone(data, run)

    assert read_run(run).sessions == 3
    assert_same_run(run, alone)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "reason", "kept"),
    [
        ("loss", "non-finite train_loss: .*nan on rank 1", [0, 6]),
        ("weight", "weights differ: .*rank 1 holds other weights than rank 0", [0, 6]),
    ],
)
def test_a_process_that_goes_wrong_is_named(
    data: Path, tmp_path: Path, defect: str, reason: str, kept: list[int]
) -> None:
    """Nothing of it is saved, and the run goes on from the checkpoint before it."""
    run = tmp_path / "run"
    outcomes = together(request(data, run, defect=defect, at=9), 2)

    record = read_run(run)
    assert [one and one["status"] for one in outcomes] == ["aborted"] * 2
    assert re.search(reason, record.reason), record.reason
    assert [step for step, _ in checkpoints_of(run)] == kept
    run_alone(data, run)
    assert read_run(run).status == "completed"


@pytest.mark.slow
def test_one_that_leaves_is_missed_by_the_others(data: Path, tmp_path: Path) -> None:
    """As under `torchrun`, where nobody of ours watches: those that wait name it by its beat."""
    outcomes = together(request(data, tmp_path / "run", defect="gone", at=9), 2)

    assert outcomes[1] is None
    assert outcomes[0] is not None
    assert outcomes[0]["reason"].startswith("worker gone: rank 1 did not come to the exchange of step 9")
    assert read_run(tmp_path / "run").status == "aborted"


def start(data: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    """`specship pretrain --nproc 2` of a run that lasts."""
    (data / "settings.json").write_text(
        json.dumps({**SETTINGS, "training": {**SETTINGS["training"], "steps": 4000, "patience": 4000}})
    )
    command: list[str | Path] = [
        SCRIPTS / "specship",
        "pretrain",
        "--data",
        data,
        "--output",
        output,
        "--nproc",
        "2",
    ]
    command += ["--config", data / "settings.json", "--accept-starvation", "a test", *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def pid_once_training(parent: subprocess.Popen[str], run: Path, rank: int, *, step: int) -> int:
    """The process of a rank, once the run has come so far."""
    while parent.poll() is None:
        log = run / "train.jsonl"
        if log.is_file() and log.read_text().count("\n") >= step:
            told = read_run(run).parallel
            assert told is not None
            return told.ranks[rank].pid
        time.sleep(0.05)
    raise AssertionError(parent.communicate()[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "rank", "reason"),
    [
        (signal.SIGKILL, 1, "rank 1 was ended by SIGKILL at step"),
        (signal.SIGKILL, 0, "rank 0 was ended by SIGKILL at step"),
        (signal.SIGSTOP, 1, "rank 1 did nothing for 8 s at step"),
    ],
    ids=["killed", "first killed", "hangs"],
)
def test_a_process_that_dies_or_hangs_ends_the_run(
    data: Path, tmp_path: Path, number: signal.Signals, rank: int, reason: str
) -> None:
    """Its rank and what it did are in the record; no process is left, and the checkpoint is usable."""
    run = tmp_path / "run"
    parent = start(data, run, "--silence", "8")
    os.kill(pid_once_training(parent, run, rank, step=8), number)
    _, errors = parent.communicate()

    assert parent.returncode == 1, errors
    record = read_run(run)
    assert record.status == "aborted"
    assert reason in record.reason
    assert record.parallel is not None
    for one in record.parallel.ranks:
        with pytest.raises(ProcessLookupError):
            os.kill(one.pid, 0)
    assert json.loads((run / "events.jsonl").read_text().splitlines()[-1])["rank"] == rank
    verify_manifest(checkpoints_of(run)[-1][1])


@pytest.mark.slow
def test_a_signal_to_the_parent_is_a_request_to_all(data: Path, tmp_path: Path) -> None:
    """They finish the step, save, and leave; the status is that of the signal."""
    run = tmp_path / "run"
    parent = start(data, run)
    pid_once_training(parent, run, 0, step=8)
    parent.terminate()
    _, errors = parent.communicate()

    assert parent.returncode == 143, errors
    record = read_run(run)
    assert (record.status, record.reason) == ("preempted", "SIGTERM")
    assert checkpoints_of(run)[-1][0] == record.steps_done == len(read_steps(run))


def test_who_is_absent_when_an_exchange_failed(tmp_path: Path) -> None:
    """Beats say that all came to it; only those that are left say that it failed."""
    groups = [RankGroup(rank=rank, world=3) for rank in range(3)]
    for group in groups:
        group.watch(tmp_path)
        group.beat(7, exchanging=True)
    assert roll_call(tmp_path, 2, 3, seconds=0) == [0, 1]
    assert (
        groups[1].who_is_missing(RuntimeError("reset"))
        == "rank 0 died or hangs in an exchange of step 7: reset"
    )
    assert [groups[1].speaks, groups[2].speaks] == [True, False]

    groups[1].watch(tmp_path)
    assert roll_call(tmp_path, 2, 3, seconds=0) == [0, 1]


def test_a_step_that_cannot_be_parted_is_refused() -> None:
    with pytest.raises(UnusableInput, match="9 sequences"):
        RankGroup(world=2).share(3, 3)
    assert RankGroup(world=4).share(4, 16) == (4, 4)
    assert RankGroup(world=32).share(4, 16) == (2, 1)
    assert RankGroup(world=6).share(4, 6) == (4, 1)


def test_documents_apart_are_refused() -> None:
    with pytest.raises(UnusableInput, match="documents are not kept apart by 2 processes"):
        RankGroup(world=2).share(4, 1, apart=True)
    assert RankGroup().share(4, 1, apart=True) == (4, 1)


def test_half_of_what_torchrun_says_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UnusableInput, match="RANK"):
        RankGroup.join("cpu")
