"""First and last checkpoint of a run, tensor by tensor."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from specship.pipeline.run_logs.reading_weights import compared_weights
from specship.pipeline.training.run_reading import checkpoint_path

FIRST = {"moved": np.zeros((2, 3), np.float32), "still": np.ones(4, np.float32)}


def store(run: Path, step: int, **tensors: np.ndarray) -> Path:
    folder = checkpoint_path(run, step)
    folder.mkdir(parents=True)
    save_file(FIRST | tensors, folder / "model.safetensors")
    return folder / "model.safetensors"


def test_tensors_that_kept_their_bytes_are_counted(tmp_path: Path) -> None:
    store(tmp_path, 0)
    store(tmp_path, 5, still=FIRST["still"] + 1)
    store(tmp_path, 10, moved=FIRST["moved"] + 1, new=FIRST["moved"])
    notes: list[str] = []
    assert compared_weights(tmp_path, notes) == (2, 1)
    assert not notes


def test_without_a_checkpoint_of_step_0_nothing_is_compared(tmp_path: Path) -> None:
    store(tmp_path, 5)
    store(tmp_path, 10)
    assert compared_weights(tmp_path, []) == (None, None)


def test_weights_that_cannot_be_read_are_noted(tmp_path: Path) -> None:
    store(tmp_path, 0)
    last = store(tmp_path, 10)
    last.write_bytes(last.read_bytes()[:-1])
    notes: list[str] = []
    assert compared_weights(tmp_path, notes) == (None, None)
    assert len(notes) == 1
    assert notes[0].startswith("checkpoints were not compared: ")
