"""Stops, refusals and repairs of a run in this process; kills are in `test_training_killed`."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from specship.errors import CannotWrite, DamagedArtifact, RequirementMissing, UnusableInput
from specship.pipeline.placement.work_device import WorkDevice
from specship.pipeline.training.run_reading import checkpoint_path, checkpoints_of, read_run
from specship.pipeline.training.trainer import Trainer
from specship.pipeline.training.training import TrainingOutcome, pretrain
from tests.editing import lines
from tests.models.training_data import MODEL, TRAINING, comparable, make_shards, make_tokenizer, recipe
from tests.pipeline.training.killed_child import finish, start


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards")
    return folder


@pytest.fixture
def train(data: Path, tmp_path: Path) -> Callable[..., TrainingOutcome]:
    """Train the tiny recipe with changes into `tmp_path / "run"`."""

    def go(**changes: Any) -> TrainingOutcome:
        return pretrain(recipe(**changes), data / "tokenizer", data / "shards", tmp_path / "run")

    return go


def weights_of(run: Path, step: int) -> bytes:
    return (checkpoint_path(run, step) / "model.safetensors").read_bytes()


def test_run_learns_and_says_everything(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    """A whole run: its record, one line a step, and the checkpoints that are kept."""
    assert train() == TrainingOutcome("completed", "every planned step was done", 24)
    record = read_run(tmp_path / "run")
    assert (record.device_got, record.steps_done, record.sessions) == ("cpu", 24, 1)
    assert record.parameters == record.declared_parameters == 26_816
    steps = lines(tmp_path / "run/train.jsonl")
    assert [line["step"] for line in steps] == list(range(1, 25))
    assert steps[-1]["train_loss"] < 0.6 * steps[0]["train_loss"]
    assert [step for step, _ in checkpoints_of(tmp_path / "run")] == [0, 18, 24]
    metadata = json.loads((checkpoint_path(tmp_path / "run", 24) / "metadata.json").read_text())
    assert metadata["tokens_seen"] == 24 * 128
    assert metadata["val_loss"] == lines(tmp_path / "run/evaluations.jsonl")[-1]["val_loss"]


def test_finished_run_is_not_trained_again(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    train(steps=6)
    before = (tmp_path / "run/train.jsonl").read_bytes()
    assert train(steps=6).status == "completed"
    assert (tmp_path / "run/train.jsonl").read_bytes() == before


def test_same_seed_is_bit_equal_and_another_is_not(data: Path, tmp_path: Path) -> None:
    """Three seeds, one of them three times."""
    logs = []
    for name, seed in (("a", 3), ("b", 3), ("c", 3), ("d", 4), ("e", 5)):
        pretrain(recipe(steps=8, seed=seed), data / "tokenizer", data / "shards", tmp_path / name)
        logs.append(comparable(tmp_path / name / "train.jsonl"))
    assert logs[0] == logs[1] == logs[2]
    losses = [[line["train_loss"] for line in log] for log in logs[2:]]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert max(abs(a - b) for a, b in zip(losses[one], losses[other], strict=True)) > 1e-4


# --- what must stop a run before the optimizer moves a weight -------------------------------------


def spoil_loss(trainer: Trainer) -> None:
    trainer.model.get_submodule("model.norm").register_forward_hook(
        lambda _module, _inputs, output: output * math.nan
    )


def spoil_gradient(trainer: Trainer) -> None:
    trainer.parameters[3].register_hook(  # type: ignore[no-untyped-call]
        lambda gradient: gradient * math.inf
    )


def spoil_parameter(trainer: Trainer) -> None:
    with torch.no_grad():
        trainer.parameters[2][0, 0] = math.nan


def spoil_optimizer(trainer: Trainer) -> None:
    trainer.optimizer.state[trainer.parameters[1]]["exp_avg_sq"][0, 0] = math.nan


INJECTIONS = [
    (spoil_loss, "non-finite train_loss", 8),
    (spoil_gradient, "non-finite grad_norm", 8),
    (spoil_parameter, "non-finite train_loss", 8),
    (spoil_optimizer, "non-finite optimizer_state", 9),
]
"""A broken moment is seen by the loss behind its first update; all else before any."""


@pytest.mark.parametrize(
    ("spoil", "reason", "refused"), INJECTIONS, ids=lambda value: getattr(value, "__name__", None)
)
def test_non_finite_figure_stops_before_the_step(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Trainer], None],
    reason: str,
    refused: int,
) -> None:
    """From step 8 on the figure is spoilt: the steps before are logged, the checkpoint of step 6 is good.

    The step behind the refused one is under way already when that is known; neither moves a weight.
    """
    honest = Trainer.take_step
    seen: list[tuple[Trainer, dict[str, torch.Tensor]]] = []

    def take_step(trainer: Trainer) -> Any:
        if trainer.step == 7:
            spoil(trainer)
        if trainer.step == refused - 1:
            state = {name: value.clone() for name, value in trainer.model.named_parameters()}
            seen.append((trainer, state))
        return honest(trainer)

    monkeypatch.setattr(Trainer, "take_step", take_step)
    outcome = pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")
    assert (outcome.status, outcome.steps_done) == ("aborted", refused - 1)
    assert outcome.reason.startswith(reason)
    assert len(lines(tmp_path / "run/train.jsonl")) == refused - 1
    event = lines(tmp_path / "run/events.jsonl")[-1]
    assert (event["event"], event["step"], event["reason"]) == ("aborted", refused, reason)
    assert checkpoints_of(tmp_path / "run")[-1][0] == 6
    assert read_run(tmp_path / "run").status == "aborted"
    (trainer, before) = seen[-1]
    assert not any(
        (value.detach() != before[name]).logical_and(~value.detach().isnan()).any()
        for name, value in trainer.model.named_parameters()
    )


def test_broken_moment_is_in_no_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks between the last step and the checkpoint, where no loss can tell."""
    honest = Trainer.save

    def save(trainer: Trainer, *arguments: Any, **named: Any) -> None:
        if trainer.step == 12:
            spoil_optimizer(trainer)
        honest(trainer, *arguments, **named)

    monkeypatch.setattr(Trainer, "save", save)
    outcome = pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")
    assert (outcome.status, outcome.steps_done) == ("aborted", 12)
    assert outcome.reason.startswith("non-finite optimizer_state")
    assert checkpoints_of(tmp_path / "run")[-1][0] == 6


def test_learning_rate_that_is_not_finite_stops(
    train: Callable[..., TrainingOutcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specship.pipeline.training.trainer.learning_rate", lambda *_, **__: math.nan)
    outcome = train()
    assert (outcome.status, outcome.steps_done) == ("aborted", 0)
    assert outcome.reason.startswith("non-finite lr")


def test_held_out_loss_that_is_not_finite_stops(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parameter that breaks between the last step and the evaluation."""
    honest = Trainer.evaluate

    def evaluate(trainer: Trainer, windows_WT: Any) -> Any:  # noqa: N803
        if trainer.step == 12:
            spoil_parameter(trainer)
        return honest(trainer, windows_WT)

    monkeypatch.setattr(Trainer, "evaluate", evaluate)
    outcome = pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")
    assert (outcome.status, outcome.steps_done) == ("aborted", 12)
    assert outcome.reason.startswith("non-finite held_out_loss")
    assert checkpoints_of(tmp_path / "run")[-1][0] == 6


def test_divergence_stops_with_its_reason(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    """A learning rate a thousand times too high."""
    outcome = train(peak_learning_rate=30.0, warmup_steps=1)
    assert outcome.status == "aborted"
    assert outcome.reason.startswith("divergence")
    assert lines(tmp_path / "run/events.jsonl")[-1]["reason"] == "divergence"


# --- ends that are no faults ----------------------------------------------------------------------


def test_halt_names_the_end_of_data(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    """374 windows are 46 steps of 8: a longer plan ends there, and says so."""
    outcome = train(steps=60, evaluate_every=20)
    assert (outcome.status, outcome.steps_done) == ("data_exhausted", 46)
    assert lines(tmp_path / "run/events.jsonl")[-1]["event"] == "end_of_data"


def test_cycle_announces_each_wrap(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    assert train(steps=60, evaluate_every=20, at_end="cycle").status == "completed"
    wraps = [line for line in lines(tmp_path / "run/events.jsonl") if line["event"] == "wrap"]
    assert [(wrap["step"], wrap["epoch"], wrap["tokens_seen"]) for wrap in wraps] == [(47, 1, 374 * 16)]


def test_early_stop_has_a_name_and_its_patience(
    train: Callable[..., TrainingOutcome], tmp_path: Path
) -> None:
    """An improvement nobody reaches ends the run after three evaluations beyond the first."""
    outcome = train(min_improvement=10.0, patience=3)
    assert (outcome.status, outcome.steps_done) == ("stopped_early", 18)
    assert lines(tmp_path / "run/events.jsonl")[-1]["event"] == "early_stop"


def test_noise_withholds_an_early_stop(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    """Below the standard error no lack of improvement is seen: the run goes on, and says why."""
    outcome = train(min_improvement=0.000001, patience=1, peak_learning_rate=1e-12, steps=12)
    assert outcome.status == "completed"
    events = [line["event"] for line in lines(tmp_path / "run/events.jsonl")]
    assert events == ["early_stop_withheld", "early_stop_withheld"]


# --- damage and refusals --------------------------------------------------------------------------


def interrupted(data: Path, run: Path, monkeypatch: pytest.MonkeyPatch, *, at_step: int) -> None:
    """A run that an exception nobody expected left behind."""
    honest = Trainer.take_step

    def take_step(trainer: Trainer) -> Any:
        if trainer.step == at_step:
            raise ZeroDivisionError
        return honest(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "take_step", take_step)
        with pytest.raises(ZeroDivisionError):
            pretrain(recipe(), data / "tokenizer", data / "shards", run)


def test_damaged_checkpoint_is_named_and_the_one_before_is_used(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[..., TrainingOutcome]
) -> None:
    """The newest weights lose their tail; the log loses half a line; both are reported."""
    run = tmp_path / "run"
    interrupted(data, run, monkeypatch, at_step=20)
    weights = checkpoint_path(run, 18) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with (run / "train.jsonl").open("ab") as log:
        log.write(b'{"step": 21, "train_lo')
    assert train().status == "completed"
    events = {line["event"]: line for line in lines(run / "events.jsonl")}
    assert events["checkpoint_refused"]["checkpoint"] == "step-000018"
    assert "model.safetensors" in events["checkpoint_refused"]["reason"]
    assert events["log_repaired"]["cut_bytes"] == 22
    assert events["resumed"]["checkpoint"] == "step-000012"
    whole = pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "whole")
    assert whole.status == "completed"
    assert comparable(run / "train.jsonl") == comparable(tmp_path / "whole/train.jsonl")
    assert weights_of(run, 24) == weights_of(tmp_path / "whole", 24)


def test_folder_of_another_run_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[..., TrainingOutcome]
) -> None:
    interrupted(data, tmp_path / "run", monkeypatch, at_step=8)
    with pytest.raises(UnusableInput, match="another run"):
        train(peak_learning_rate=0.02)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_cuda_by_name_is_never_a_cpu_run(
    train: Callable[..., TrainingOutcome], tmp_path: Path, device: str
) -> None:
    with pytest.raises(RequirementMissing, match=device):
        train(device=device)
    assert not (tmp_path / "run").exists()


def test_autocast_on_the_cpu_is_refused(train: Callable[..., TrainingOutcome]) -> None:
    with pytest.raises(UnusableInput, match="bfloat16"):
        train(precision="bfloat16-autocast")


@pytest.mark.parametrize(
    "limit", [60_000, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (3_000, 110_000))]
)
def test_full_disk_stops_and_leaves_nothing_half_visible(
    data: Path, tmp_path: Path, train: Callable[..., TrainingOutcome], limit: int
) -> None:
    """A real limit on file sizes in the child: the log, the weights and the optimizer hit it."""
    request = request_for(data, tmp_path / "run")
    assert finish(start(request, tmp_path / "log", "file-size", limit)) == 2
    assert "cannot write" in (tmp_path / "log").read_text()
    for _, checkpoint in checkpoints_of(tmp_path / "run"):
        assert (checkpoint / "manifest.json").exists()
    assert not list((tmp_path / "run").glob("checkpoints/.tmp-*"))
    assert train().status == "completed"
    assert [line["step"] for line in lines(tmp_path / "run/train.jsonl")] == list(range(1, 25))


def request_for(data: Path, run: Path) -> dict[str, Any]:
    return {
        "stage": "run",
        "settings": {"model": MODEL, "training": TRAINING},
        "inputs": {name: str(data / name) for name in ("tokenizer", "shards")},
        "output": str(run),
    }


def test_no_memory_on_the_host_is_a_reason_and_the_last_checkpoint_is_good(
    data: Path, tmp_path: Path, train: Callable[..., TrainingOutcome]
) -> None:
    """A real limit on the child's memory, met in the middle of the run; another process goes on."""
    run = tmp_path / "run"
    assert finish(start(request_for(data, run), tmp_path / "log", "memory", 16)) == 0
    record = read_run(run)
    assert (record.status, record.reason.split(":")[0]) == ("aborted", "out of memory on the host")
    assert lines(run / "events.jsonl")[-1]["reason"] == "out of memory on the host"
    assert len(lines(run / "train.jsonl")) == record.steps_done
    assert train().status == "completed"
    assert [line["step"] for line in lines(run / "train.jsonl")] == list(range(1, 25))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "out of memory on cpu"),
        (RuntimeError("CUDA error: unspecified launch failure"), "cpu failed"),
    ],
)
def test_a_device_that_gives_up_is_a_reason(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
) -> None:
    """As the driver's errors come: behind a step under way, whose figures are given up."""
    honest = Trainer.take_step

    def take_step(trainer: Trainer) -> Any:
        if trainer.step == 8:
            raise error
        return honest(trainer)

    monkeypatch.setattr(Trainer, "take_step", take_step)
    outcome = pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")
    assert (outcome.status, outcome.steps_done) == ("aborted", 7)
    assert outcome.reason == f"{reason}: {error}"
    assert len(lines(tmp_path / "run/train.jsonl")) == 7
    assert checkpoints_of(tmp_path / "run")[-1][0] == 6
    monkeypatch.undo()
    assert pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run").status == "completed"


def test_an_error_that_nobody_expected_is_none_of_these(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_trainer: Trainer) -> Any:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(Trainer, "_backward", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")


def test_a_model_that_does_not_fit_is_refused_before_its_first_step(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("specship.pipeline.training.trainer.build_model", full)
    with pytest.raises(RequirementMissing, match="out of memory on cpu before the first step"):
        pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")


def test_full_disk_is_a_reason_in_the_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses the weights of a checkpoint, and takes a line."""
    honest = Trainer.save

    def full(trainer: Trainer, *arguments: Any, **named: Any) -> None:
        if trainer.step == 12:
            raise CannotWrite("cannot write: no space left on device")
        honest(trainer, *arguments, **named)

    monkeypatch.setattr(Trainer, "save", full)
    with pytest.raises(CannotWrite):
        pretrain(recipe(), data / "tokenizer", data / "shards", tmp_path / "run")
    record = read_run(tmp_path / "run")
    assert (record.status, record.reason) == ("aborted", "cannot write: no space left on device")


def test_a_shard_that_is_cut_while_it_is_read_is_a_reason(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the end of the process by a signal, which a file that is mapped into memory would be."""
    shards = tmp_path / "shards"
    shutil.copytree(data / "shards", shards)
    cut, honest = shards / "train-00000.bin", Trainer.take_step
    whole = cut.read_bytes()

    def take_step(trainer: Trainer) -> Any:
        if trainer.step == 8:
            os.truncate(cut, 100)
        return honest(trainer)

    monkeypatch.setattr(Trainer, "take_step", take_step)
    with pytest.raises(DamagedArtifact, match="bytes could be read") as error:
        pretrain(recipe(), data / "tokenizer", shards, tmp_path / "run")
    record = read_run(tmp_path / "run")

    assert error.value.exit_status == 2
    assert (record.status, record.reason) == ("aborted", error.value.message)
    assert checkpoints_of(tmp_path / "run")[-1][0] == 6
    monkeypatch.undo()
    cut.write_bytes(whole)
    assert pretrain(recipe(), data / "tokenizer", shards, tmp_path / "run").status == "completed"
    assert [line["step"] for line in lines(tmp_path / "run/train.jsonl")] == list(range(1, 25))


def test_a_driver_that_vanishes_is_a_reason(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its library answers then; what comes after the step under way is not trained."""
    honest, figures, asked = Trainer.take_step, WorkDevice.figures, threading.Event()

    def gone(place: WorkDevice) -> dict[str, Any]:
        asked.set()
        return figures(place) | {"lost": "GPU is lost"}

    def take_step(trainer: Trainer) -> Any:
        if trainer.step == 8:
            monkeypatch.setattr(WorkDevice, "figures", gone)
        assert trainer.step < 10 or asked.wait(30)
        return honest(trainer)

    monkeypatch.setattr(WorkDevice, "answers", True)
    monkeypatch.setattr(Trainer, "take_step", take_step)
    many = recipe(steps=200, at_end="cycle", patience=200)
    outcome = pretrain(many, data / "tokenizer", data / "shards", tmp_path / "run")

    assert outcome.status == "aborted"
    assert re.fullmatch(r"driver lost: step \d+: rank 0: GPU is lost", outcome.reason)
    assert lines(tmp_path / "run/events.jsonl")[-1]["reason"] == "driver lost"
    assert checkpoints_of(tmp_path / "run")
    monkeypatch.undo()
    assert pretrain(many, data / "tokenizer", data / "shards", tmp_path / "run").status == "completed"


def test_run_of_before_its_execution_was_recorded_is_read_and_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[..., TrainingOutcome]
) -> None:
    """Fields that came later have their defaults; they make no other run of it."""
    run = tmp_path / "run"
    interrupted(data, run, monkeypatch, at_step=8)
    record = json.loads((run / "run.json").read_text())
    for name in ("deterministic", "tf32", "compile"):
        del record["config"]["training"][name]
    del record["execution"]
    (run / "run.json").write_text(json.dumps(record))
    assert read_run(run).execution is None
    assert train().status == "completed"


def test_the_execution_is_recorded(train: Callable[..., TrainingOutcome], tmp_path: Path) -> None:
    train(steps=6, deterministic=False)
    found = read_run(tmp_path / "run").execution
    assert found is not None
    assert (found.precision, found.compiled, found.deterministic) == ("float32", False, False)
    assert read_run(tmp_path / "run").config.training.precision == "float32"
