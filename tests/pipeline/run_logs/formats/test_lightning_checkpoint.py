"""Checkpoints of Lightning: called what they are by their instructions, which are listed and never run."""

import pickle
import random
import zipfile
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError, UnusableInput
from specship.pipeline.run_logs.formats.lightning_checkpoint import top_of


class Trap:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


TOP = {"epoch": 3, "global_step": 60, "pytorch-lightning_version": "2.6.6"}
NAME = "epoch=3-step=60.ckpt"


def saved(folder: Path, **more: object) -> Path:
    """Laid out as `torch.save` does it: a zip without compression, the pickle first."""
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(TOP | more, protocol=2))
        archive.writestr("archive/data/0", bytes(8))
    return folder / NAME


@pytest.mark.slow
def test_what_torch_saves_is_laid_out_so(tmp_path: Path) -> None:
    import torch

    torch.save(TOP | {"state_dict": {"w": torch.ones(2)}}, tmp_path / NAME)

    assert top_of(tmp_path / NAME) == {name: str(value) for name, value in TOP.items()}


def test_a_checkpoint_is_called_what_it_is_and_not_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path, hyper_parameters=Trap(tmp_path / "ran"))
    for named in (tmp_path, path):
        with pytest.raises(UnusableInput, match="a checkpoint of Lightning, and no log of a run") as caught:
            diagnose_run(named)
        assert "global_step 60, epoch 3, pytorch-lightning_version 2.6.6" in str(caught.value)

    assert not (tmp_path / "ran").exists()


def test_a_log_beside_it_is_read(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "progress.csv").write_text("step,loss\n1,3\n2,2\n")

    with pytest.raises(UnusableInput, match="no log of a run"):
        diagnose_run(tmp_path / "epoch=3-step=60.ckpt")
    assert len(diagnose_run(tmp_path).facts.steps) == 2


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 100, b"\x80\x02}q\x00."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ckpt").write_bytes(data)
    with pytest.raises(SpecshipError, match="no checkpoint of torch"):
        top_of(tmp_path / "a.ckpt")
    with pytest.raises(UnusableInput, match="not a run"):
        diagnose_run(tmp_path / "a.ckpt")


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    dice = random.Random(5)  # noqa: S311 - mutants
    sound = saved(tmp_path).read_bytes()
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(min(400, len(data)))] = dice.randrange(256)
        (tmp_path / "a.ckpt").write_bytes(data)
        try:
            top_of(tmp_path / "a.ckpt")
        except SpecshipError:
            continue
