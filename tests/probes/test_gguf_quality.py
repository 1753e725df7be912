"""The gates on a GGUF that is all there is."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.faults._bytes import rewrite_gguf
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models import trained_checkpoint


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    shutil.copy(trained_checkpoint.exported(), tmp_path / "model.gguf")
    return tmp_path


def figures(gguf: Path) -> dict[str, Any]:
    found = measure(all_probes()["gguf.quality"], {"gguf": Artifact("gguf", gguf, "0" * 64)})
    return {name: one.value for name, one in found.quantities.items()}


def test_a_sound_file_passes_all_that_it_can_be_asked(gguf: Path) -> None:
    found = figures(gguf)

    assert (found["gates"], found["executed"], found["passed"], found["failed"]) == (8, 8, 8, 0)
    assert (found["unsound_values"], found["altered_texts"], found["likelier_undone"]) == (0, 0, 0)
    assert found["values"] > 80_000


def test_a_number_that_is_none_is_seen(gguf: Path) -> None:
    def spoil(tensors: dict[str, Any]) -> None:
        tensors["output_norm.weight"][0] = float("nan")

    rewrite_gguf(gguf / "model.gguf", tensors=spoil)
    found = figures(gguf)

    assert found["unsound_values"] == 1
    assert found["failed"] > 0


def test_a_figure_of_the_gates_has_one_unit_in_both_probes() -> None:
    alone, both = (all_probes()[name].units for name in ("gguf.quality", "qa.gates"))

    assert alone.items() <= both.items()
