"""A run and the weights that ship: tied by their bytes, or by nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.measurement import Measurement
from specship.faults.catalogue import planting, read_fault
from specship.pipeline.registry import run_stage, stage_named
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models.foreign_checkpoints import foreign
from tests.models.trained_chain import copy_chain
from tests.projects.logged_project import write_run


def measured(folder: Path) -> Measurement:
    artifacts = {name: Artifact(name, folder / name, "0" * 64) for name in ("run", "checkpoint")}
    return measuring.measure(all_probes()["run.made_checkpoint"], artifacts)


def values(found: Measurement) -> dict[str, Any]:
    return {name: quantity.value for name, quantity in found.quantities.items()}


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A run with the weights of two checkpoints, of which the later one is received."""
    write_run(tmp_path / "theirs")
    foreign("llama", shards=2).write(tmp_path / "theirs/checkpoint-200")
    foreign("qwen2").write(tmp_path / "other")
    return receive(tmp_path, "theirs/checkpoint-200")


def receive(base: Path, weights: str) -> Path:
    settings = {
        "logged": {"folder": str(base / "theirs"), "source": "a Trainer"},
        "received": {"folder": str(base / weights), "source": "a Trainer"},
    }
    for name, output in (("logged", "run"), ("received", "checkpoint")):
        shutil.rmtree(base / output, ignore_errors=True)
        run_stage(stage_named(name), settings, {}, base / output, lambda *_, **__: None)
    return base


def test_weights_that_lay_beside_the_log_are_those_of_the_run(received: Path) -> None:
    assert values(measured(received)) == {"files": 2, "other_weights": 0, "weights_of": "checkpoint-200"}


def test_weights_of_another_run_are_seen(received: Path) -> None:
    assert values(measured(receive(received, "other")))["other_weights"] == 1


def test_a_log_without_weights_ties_nothing(received: Path) -> None:
    shutil.move(received / "theirs/checkpoint-200", received / "moved")
    found = measured(receive(received, "moved"))

    assert found.lacking.keys() == found.quantities.keys()
    assert "nothing ties the two" in found.lacking["files"]


def test_the_fault_is_seen(received: Path) -> None:
    plant = planting(read_fault("weights-of-another-run", None))
    assert plant is not None
    plant(received / "checkpoint")

    assert values(measured(received))["other_weights"] == 2


def test_a_run_of_ours_made_its_checkpoint_and_no_other(tmp_path: Path) -> None:
    folder = copy_chain(tmp_path / "chain")
    assert values(measured(folder)) == {"files": 1, "other_weights": 0, "weights_of": "checkpoints"}
    plant = planting(read_fault("weights-of-another-run", None))
    assert plant is not None
    plant(folder / "checkpoint")

    assert values(measured(folder))["other_weights"] == 1
