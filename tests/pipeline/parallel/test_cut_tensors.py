"""Tensors that are held in parts: what is joined is what was held, and what is read is what was written."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from specship.errors import CannotWrite, DamagedArtifact
from specship.pipeline.parallel.cut_tensors import held, parts_beside, read_parts, shapes_in
from specship.pipeline.parallel.group import RankGroup


@pytest.fixture(scope="module")
def tensors() -> Iterator[dict[str, torch.Tensor]]:
    """Cut ones and whole ones, with and without dimensions, in a group of one process."""
    from torch.distributed import HashStore  # type: ignore[attr-defined]
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    dist.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
    mesh = init_device_mesh("cpu", (1,))
    draw = torch.Generator().manual_seed(0)
    cut = {
        "block.weight": torch.randn(7, 5, generator=draw),
        "half": torch.randn(3, generator=draw).to(torch.bfloat16),
    }
    found = {name: distribute_tensor(one, mesh, [Shard(0)]) for name, one in cut.items()}
    yield {**found, "block.weight.step": torch.tensor(4.0)}
    dist.destroy_process_group()


def write(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    path = folder / "model.safetensors"
    with parts_beside(RankGroup(), folder / "final", tensors) as join:
        join(path, tensors)
    return path


def test_a_joined_file_is_read_whole_and_in_parts(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path = write(tmp_path, tensors)

    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    found = load_file(path)
    for name, one in tensors.items():
        assert torch.equal(found[name], held(one))
        assert found[name].dtype == one.dtype
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt"}
    assert shapes_in(path) == {"block.weight": (7, 5), "half": (3,), "block.weight.step": ()}
    blank = {name: torch.zeros_like(one) for name, one in tensors.items()}
    read_parts(tmp_path, blank)
    for name, one in tensors.items():
        assert torch.equal(held(blank[name]), held(one))


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    path = write(tmp_path, tensors)
    with pytest.raises(DamagedArtifact, match="cannot be read in parts"):
        read_parts(tmp_path, {"other": torch.zeros(3)})
    save_file({"half": torch.zeros(5, dtype=torch.bfloat16)}, path)
    with pytest.raises(DamagedArtifact, match="cannot be read in parts"):
        read_parts(tmp_path, {"half": torch.zeros_like(tensors["half"])})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DamagedArtifact, match="cannot be read as safetensors"):
        shapes_in(path)
    with pytest.raises(DamagedArtifact, match="cannot be read in parts"):
        read_parts(tmp_path, {"half": torch.zeros_like(tensors["half"])})


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))  # as a full disk: a write fails in the middle
    try:
        with pytest.raises(CannotWrite, match="cannot write"):
            write(tmp_path, tensors)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.name for one in tmp_path.iterdir()] == []
