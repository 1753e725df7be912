"""An initialised run judged from its bytes: sound, with weights that did not flow, and unreadable."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Verdict, judge
from specship.errors import DamagedArtifact
from specship.pipeline.registry import run_stage, stage_named
from specship.pipeline.training.run_reading import checkpoint_path
from tests.editing import edit_lines, edit_weights
from tests.models.initial_checkpoints import data_folder, initial_checkpoint
from tests.models.trained_chain import chain, measure, value
from tests.models.training_data import TRAINING

LIMITS = {
    "differing_tensors": Expectation(equals=0, unit="tensors"),
    "difference": Expectation(at_most=0.001, unit="nats/token"),
    "logged_difference": Expectation(at_most=0.001, unit="nats/token"),
    "improvement": Expectation(above=0, unit="nats/token"),
}
"""The rule of a fine-tuning, as a contract writes it."""


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards and a run of the stage, begun from a Qwen2 checkpoint through a profile's settings."""
    folder = tmp_path_factory.mktemp("tuned")
    data_folder(folder)
    theirs = initial_checkpoint(folder / "theirs", folder / "tokenizer", "qwen2")
    settings = {
        "initial": {"checkpoint": str(theirs)},
        "training": {**TRAINING, "steps": 12, "mode": "fine-tune", "peak_learning_rate": 3e-3},
    }
    inputs = {name: folder / name for name in ("tokenizer", "shards")}
    run_stage(stage_named("run"), settings, inputs, folder / "run", lambda *_, **__: None)
    return folder


def verdict(folder: Path) -> Verdict:
    return judge(LIMITS, measure("run.initialisation", folder)).verdict


def test_sound_run_passes(tuned: Path) -> None:
    found = measure("run.initialisation", tuned)
    assert value(found, "differing_tensors") == 0
    assert value(found, "tensors") == 27
    assert value(found, "held_out_tokens") == 512
    assert value(found, "difference") < 1e-4
    assert verdict(tuned) == Verdict.PASS


def spoil_all_but_the_embedding(weights: dict[str, Any]) -> None:
    for name, array in weights.items():
        if "embed_tokens" not in name:
            array[...] = array[..., ::-1] * 0.5


def drop_the_biases(weights: dict[str, Any]) -> None:
    for name, array in weights.items():
        if name.endswith(".bias"):
            array[...] = 0


def randomise(weights: dict[str, Any]) -> None:
    import numpy as np

    dice = np.random.default_rng(0)
    for array in weights.values():
        array[...] = dice.normal(size=array.shape) * 0.02


@pytest.mark.parametrize("fault", [spoil_all_but_the_embedding, drop_the_biases, randomise])
def test_weights_that_did_not_flow_fail(
    tuned: Path, tmp_path: Path, fault: Callable[[dict[str, Any]], None]
) -> None:
    """Step 0 holds something else than the checkpoint, whatever the run wrote about it."""
    spoilt = Path(shutil.copytree(tuned, tmp_path / "spoilt"))
    edit_weights(checkpoint_path(spoilt / "run", 0) / "model.safetensors", fault)
    found = measure("run.initialisation", spoilt)
    assert value(found, "differing_tensors") > 0
    assert value(found, "difference") > 0.001
    assert verdict(spoilt) == Verdict.FAIL


def test_invented_first_loss_fails(tuned: Path, tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(tuned, tmp_path / "spoilt"))
    edit_lines(spoilt / "run/evaluations.jsonl", lambda lines: lines[0].update(val_loss=2.0))
    assert value(measure("run.initialisation", spoilt), "logged_difference") > 1
    assert verdict(spoilt) == Verdict.FAIL


def test_run_that_made_it_worse_fails(tuned: Path, tmp_path: Path) -> None:
    """The shipped checkpoint of a public run was worse than its own start, and nobody looked."""
    spoilt = Path(shutil.copytree(tuned, tmp_path / "spoilt"))
    last = checkpoint_path(spoilt / "run", 12) / "model.safetensors"
    edit_weights(last, lambda weights: weights["model.norm.weight"].__imul__(3))
    found = measure("run.initialisation", spoilt)
    assert value(found, "difference") < 1e-4
    assert value(found, "improvement") < 0
    assert verdict(spoilt) == Verdict.FAIL


def test_run_from_scratch_and_missing_copy_are_unreadable(tuned: Path, tmp_path: Path) -> None:
    with pytest.raises(DamagedArtifact, match="random weights"):
        measure("run.initialisation", chain())
    spoilt = Path(shutil.copytree(tuned, tmp_path / "spoilt"))
    shutil.rmtree(spoilt / "run/initial")
    with pytest.raises(Exception, match="no such file or folder"):
        measure("run.initialisation", spoilt)


def test_other_probes_of_training_know_an_initialised_run(tuned: Path) -> None:
    """Its architecture is the checkpoint's, its first loss is recomputed, its replay is its own."""
    shutil.copytree(checkpoint_path(tuned / "run", 12), tuned / "checkpoint")
    (tuned / "checkpoint/optimizer.safetensors").unlink()
    found = measure("checkpoint.architecture", tuned)
    for name in ("wrong_tensors", "undeclared_fields", "parameters_unaccounted"):
        assert value(found, name) == 0, name
    assert value(measure("run.first_loss", tuned), "recomputed_difference") < 1e-4
    assert value(measure("run.weights_moved", tuned), "unmoved") == 0


def test_replay_of_an_initialised_run_begins_where_it_began(tuned: Path) -> None:
    """Bit for bit under the same seed and from its middle; another seed is another order of the data."""
    settings = {
        "training": {**TRAINING, "steps": 12, "mode": "fine-tune", "peak_learning_rate": 3e-3},
        "replay": {"same_seed_steps": 6, "other_seed_steps": 2, "resume_steps": 4},
    }
    inputs = {name: tuned / name for name in ("tokenizer", "shards", "run")}
    run_stage(stage_named("replay"), settings, inputs, tuned / "replay", lambda *_, **__: None)
    assert value(measure("run.seed_replay", tuned), "largest_difference") == 0
    assert value(measure("run.resume_replay", tuned), "largest_difference") == 0


def test_other_initial_weights_are_another_run(tuned: Path, tmp_path: Path) -> None:
    """What the stage reads beside artifacts is in its key: the checkpoint's files, or none."""
    outside = stage_named("run").outside
    assert outside is not None
    copy = Path(shutil.copytree(tuned / "theirs", tmp_path / "theirs"))
    digests = [outside({"initial": {"checkpoint": "theirs"}}, folder) for folder in (tuned, tmp_path)]
    edit_weights(copy / "model.safetensors", drop_the_biases)
    digests += [outside({"initial": {"checkpoint": "theirs"}}, tmp_path), outside({"initial": {}}, tmp_path)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
