"""Training begins from a foreign checkpoint of each family, whole, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint, read_shape
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training import trainer as trainer_module
from specship.pipeline.training.evaluation import evaluate
from specship.pipeline.training.run_reading import RunRecord, checkpoint_path, read_run
from specship.pipeline.training.settings import Recipe
from specship.pipeline.training.training import TrainingOutcome, pretrain
from tests.models.initial_checkpoints import CASES, damaged, data_folder, initial_checkpoint
from tests.models.training_data import comparable, recipe

TUNED: dict[str, Any] = {"mode": "fine-tune", "steps": 12, "peak_learning_rate": 3e-3}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def checkpoints(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("checkpoints")
    return {name: initial_checkpoint(base / name, data / "tokenizer", **case) for name, case in CASES.items()}


def tune(data: Path, run: Path, initial: Path, **changes: Any) -> TrainingOutcome:
    tuned = Recipe(None, recipe(**{**TUNED, **changes}).training)
    return pretrain(tuned, data / "tokenizer", data / "shards", run, initial=initial)


def by_transformers(checkpoint: Path, data: Path) -> float:
    """The checkpoint's held-out loss in live transformers, on the windows that a run scores."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    reader = TokenReader(data / "shards", "heldout", length=16, seed=0, at_end="halt", tokenizer=None)
    return evaluate(model, reader.heldout_windows(16, 512), sequences=8).loss


def beginning(record: RunRecord) -> Any:
    assert record.initialisation is not None
    return record.initialisation


@pytest.mark.parametrize("name", CASES)
def test_first_loss_is_the_checkpoints_own(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """By our decoder, by transformers, and by the run; the shape survives, and training helps."""
    outcome = tune(data, tmp_path / "run", checkpoints[name])
    record = read_run(tmp_path / "run")
    found = beginning(record)
    theirs = by_transformers(checkpoints[name], data)

    assert outcome == TrainingOutcome("completed", "every planned step was done", 12)
    assert found.own_loss == pytest.approx(theirs, abs=1e-4)
    assert found.step_zero_loss == pytest.approx(theirs, abs=1e-4)
    assert found.difference < 1e-4
    assert found.improvement == found.step_zero_loss - found.last_loss > 0.05
    assert (found.family, record.config.model) == (CASES[name]["family"], None)
    assert found.parameters == record.parameters == record.declared_parameters
    for step in (0, 12):
        path = checkpoint_path(tmp_path / "run", step)
        assert read_shape(path / "config.json") == read_shape(checkpoints[name] / "config.json")
        assert len(open_any_checkpoint(path).tensors) == found.tensors
    assert by_transformers(checkpoint_path(tmp_path / "run", 12), data) == pytest.approx(
        found.last_loss, abs=1e-4
    )


def test_defaults_of_fine_tuning_travel_with_the_mode_and_are_recorded(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    tune(data, tmp_path / "run", checkpoints["qwen2"], steps=2, warmup_steps=1, peak_learning_rate=None)
    settings = read_run(tmp_path / "run").config.training
    assert (settings.mode, settings.peak_learning_rate, settings.warmup_steps) == ("fine-tune", 5e-5, 1)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("missing", "model.layers.0.self_attn.q_proj.bias is not stored"),
        ("shape", "model.layers.1.mlp.up_proj.weight has shape [40, 32], the configuration says [48, 32]"),
        ("two", "model.norm.weight is not stored"),
        ("unknown", "model.layers.0.adapter.weight is stored in"),
        ("family", "model.layers.0.self_attn.q_proj.bias is stored in"),
        (
            "tokenizer",
            "the tokenizer of the data is not the checkpoint's: 257 tokens against 257, of which 2 ",
        ),
        ("no tokenizer", "the checkpoint has no tokenizer.json"),
        ("rows", "gives ids up to 256; the embedding has 200 rows"),
        ("context", "sequence_length 16 exceeds the checkpoint's 8 positions"),
        ("pickle", "pickled weights are not opened"),
    ],
)
def test_unfit_beginning_is_refused_before_anything_is_written(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path, fault: str, said: str
) -> None:
    spoilt = damaged(checkpoints["qwen2"], tmp_path / "spoilt", fault)
    with pytest.raises(UnusableInput) as caught:
        tune(data, tmp_path / "run", spoilt)
    assert said in str(caught.value)
    assert fault != "two" or "model.layers.0.self_attn.q_proj.bias is not stored" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_data_of_another_tokenizer_are_refused(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    """The tokenizer beside the data is the checkpoint's, and the shards were made by another."""
    shutil.copytree(data, tmp_path / "data")
    manifest = tmp_path / "data/shards/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"tokenizer_sha256": "1" * 64}))
    with pytest.raises(UnusableInput, match="encoded with another tokenizer"):
        tune(tmp_path / "data", tmp_path / "run", checkpoints["qwen2"])


def test_mode_and_beginning_must_agree(data: Path, checkpoints: dict[str, Path], tmp_path: Path) -> None:
    inputs = (data / "tokenizer", data / "shards", tmp_path / "run")
    with pytest.raises(UnusableInput, match="'fine-tune' without an initial checkpoint"):
        pretrain(recipe(mode="fine-tune"), *inputs)
    with pytest.raises(UnusableInput, match="'scratch' and there is an initial checkpoint"):
        tune(data, tmp_path / "run", checkpoints["llama"], mode="scratch")
    with pytest.raises(UnusableInput, match="an architecture and an initial checkpoint"):
        pretrain(recipe(mode="fine-tune"), *inputs, initial=checkpoints["llama"])


def embeddings_only(model: torch.nn.Module, checkpoint: Any) -> int:
    """A loader of the kind that once shipped: it knows one name and skips the rest."""
    with torch.no_grad():
        model.get_parameter("model.embed_tokens.weight").copy_(
            torch.from_numpy(checkpoint.array("model.embed_tokens.weight"))
        )
    return 1


def without_biases(model: torch.nn.Module, checkpoint: Any) -> int:
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, parameter in own.items():
            if not name.endswith(".bias"):
                parameter.copy_(torch.from_numpy(checkpoint.array(name)))
    return len(own)


def nothing_at_all(_model: torch.nn.Module, _checkpoint: Any) -> int:
    return 0


@pytest.mark.parametrize("loader", [embeddings_only, without_biases, nothing_at_all])
def test_weights_that_do_not_flow_abort_the_run(
    data: Path,
    checkpoints: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loader: Callable[..., int],
) -> None:
    """A loader that skips tensors in the live run: no step is taken, no checkpoint is left."""
    monkeypatch.setattr(trainer_module, "load_checkpoint", loader)
    outcome = tune(data, tmp_path / "run", checkpoints["qwen2"])
    record = read_run(tmp_path / "run")
    assert (outcome.status, outcome.steps_done) == (record.status, record.steps_done) == ("aborted", 0)
    assert record.reason.startswith("initialisation: step 0: the held-out loss is ")
    assert beginning(record).difference > 1e-3
    assert not list((tmp_path / "run/checkpoints").glob("*"))


def test_run_that_ends_above_its_beginning_says_so(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    """Trained to its best, then with a rate that spoils it."""
    tune(data, tmp_path / "good", checkpoints["llama"], steps=40, peak_learning_rate=1e-2)
    best = checkpoint_path(tmp_path / "good", 40)
    outcome = tune(
        data, tmp_path / "bad", best, steps=4, peak_learning_rate=0.1, warmup_steps=0, floor_share=1.0
    )
    found = beginning(read_run(tmp_path / "bad"))
    assert outcome.status == "completed"
    assert "not below the initial" in outcome.reason
    assert found.improvement < 0


def test_resumed_run_equals_the_uninterrupted(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at step 8 by an exception that nothing expects, then continued by the same call."""
    tune(data, tmp_path / "whole", checkpoints["qwen3"])
    honest = trainer_module.Trainer.take_step

    def killed(trainer: trainer_module.Trainer) -> Any:
        if trainer.step == 7:
            raise KeyboardInterrupt
        return honest(trainer)

    with monkeypatch.context() as patched:
        patched.setattr(trainer_module.Trainer, "take_step", killed)
        with pytest.raises(KeyboardInterrupt):
            tune(data, tmp_path / "cut", checkpoints["qwen3"])
    assert tune(data, tmp_path / "cut", checkpoints["qwen3"]).status == "completed"
    whole, cut = (comparable(tmp_path / name / "train.jsonl") for name in ("whole", "cut"))
    assert whole == cut
    assert beginning(read_run(tmp_path / "whole")) == beginning(read_run(tmp_path / "cut"))
    last = [
        (checkpoint_path(tmp_path / name, 12) / "model.safetensors").read_bytes() for name in ("whole", "cut")
    ]
    assert last[0] == last[1]


def test_run_goes_on_with_its_own_checkpoint_only(
    data: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    tune(data, tmp_path / "run", checkpoints["llama"], steps=4)
    with pytest.raises(UnusableInput, match="another run: its initial_sha256 differs"):
        tune(data, tmp_path / "run", checkpoints["llama tied"], steps=4)
    copy = tmp_path / "run/initial/model.safetensors"
    raw = bytearray(copy.read_bytes())
    raw[-1] ^= 1
    copy.write_bytes(raw)
    record = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps(record | {"status": "preempted"}))
    with pytest.raises(DamagedArtifact):
        tune(data, tmp_path / "run", checkpoints["llama"], steps=4)
