"""The probe of the quality gates: sound, with planted faults, unreadable."""

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.errors import DamagedArtifact
from specship.pipeline.registry import all_stages, run_stage
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from specship.specs.project import load_project
from tests.models.once import base
from tests.models.trained_checkpoint import copied, exported, put, trained
from tests.places import ROOT


@functools.cache
def gguf() -> Path:
    folder = base() / "gguf"
    folder.mkdir()
    shutil.copy(exported(), folder / "model.gguf")
    return folder


@functools.cache
def made() -> Path:
    """What the stage makes of a sound model."""
    output = base() / "qa"
    inputs = {"checkpoint": trained(), "gguf": gguf()}
    run_stage(
        all_stages()["qa"], {"qa": {"threads": 1, "device": "cpu"}}, inputs, output, lambda *_, **__: None
    )
    return output


def measured(checkpoint: Path | None = None, qa: Path | None = None) -> Measurement:
    paths = {"checkpoint": checkpoint or trained(), "gguf": gguf(), "qa": qa or made()}
    return measure(
        all_probes()["qa.gates"], {name: Artifact(name, path, "digest") for name, path in paths.items()}
    )


def values_of(measurement: Measurement) -> dict[str, Any]:
    return {name: quantity.value for name, quantity in measurement.quantities.items()}


def verdict(measurement: Measurement) -> Verdict:
    """As the shipped contract judges it."""
    gates = [gate for file in load_project(ROOT).contracts for gate in file.contract.gates]
    wanted = next(gate for gate in gates if gate.id == "GATE-QUALITY-001")
    return judge(wanted.expect, measurement).verdict


def edited(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    folder = Path(shutil.copytree(made(), tmp_path / "qa"))
    document = json.loads((folder / "qa.json").read_text())
    change(document)
    (folder / "qa.json").write_text(json.dumps(document))
    return folder


def test_sixteen_of_sixteen_on_a_sound_model() -> None:
    found = measured()
    values = values_of(found)
    counts = ("models", "gates", "executed", "passed", "failed", "skipped", "differing_from_record")
    assert [values[name] for name in counts] == [2, 16, 16, 16, 0, 0, 0]
    assert (values["parity_steps"], values["differing_tokens"], values["altered_texts"]) == (192, 0, 0)
    assert verdict(found) is Verdict.PASS


def test_a_skipped_gate_counted_as_passed_does_not_help(tmp_path: Path) -> None:
    """E8: the record says PASS, and nobody asked the second runner."""

    def skip(document: dict[str, Any]) -> None:
        document["models"]["checkpoint"]["gates"][7] |= {"records": {}}

    found = measured(qa=edited(tmp_path, skip))
    values = values_of(found)
    assert [values[name] for name in ("executed", "skipped", "differing_from_record")] == [15, 1, 1]
    assert values["parity_steps"] is None
    assert "checkpoint: 8 parity       FAIL  not executed" in found.notes[0]
    assert verdict(found) is Verdict.FAIL


@pytest.mark.slow
def test_a_damage_after_the_stage_is_seen(tmp_path: Path) -> None:
    folder = copied(tmp_path / "model")
    put(folder, **{"model.norm.weight": np.full(64, np.nan, "f4")})
    found = measured(checkpoint=folder)
    values = values_of(found)
    assert values["unsound_values"] == 64
    assert values["failed"] + values["skipped"] >= 3
    assert verdict(found) is Verdict.FAIL


def drop_model(document: dict[str, Any]) -> None:
    del document["models"]["gguf"]


def invent_verdict(document: dict[str, Any]) -> None:
    document["models"]["gguf"]["gates"][0]["verdict"] = "FINE"


@pytest.mark.parametrize("change", [drop_model, invent_verdict, dict.clear])
def test_an_unreadable_record_is_an_error(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(DamagedArtifact):
        measured(qa=edited(tmp_path, change))
