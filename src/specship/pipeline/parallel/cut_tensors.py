"""Tensors of which each process holds a part: written to one safetensors file, and read from one.

By torch.distributed.checkpoint each process writes what it holds into a file of its own, and reads what it is
to hold from a checkpoint. The first process joins the files, one tensor in memory at a time, so that nobody
ever has the whole state, and the checkpoint is the one that all readers know. Its Hugging Face storage is
used, since the usual one is a pickle. What it joins itself has a wrong value in tensors without dimensions
(torch 2.13), and no place for the format that `transformers` asks for.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from specship.errors import CannotWrite, DamagedArtifact
from specship.files import make_folder, temporary_beside, write_errors
from specship.pipeline.parallel.group import RankGroup

Join = Callable[[Path, Mapping[str, Tensor]], None]
"""Writes some of the tensors into one file; the first process calls it."""
_TYPES: Final = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.float16: "F16"}
_FILE_BYTES: Final = 64 << 20
_OS_ERROR: Final = re.compile(r"os error (\d+)")


@contextlib.contextmanager
def parts_beside(group: RankGroup, final: Path, tensors: Mapping[str, Tensor]) -> Iterator[Join]:
    """Have every process write its parts on the disk of `final`; they are gone with the block.

    All of the group enter it.

    Raises:
        CannotWrite: the disk of one of them is full or refuses; all of them hear it.
    """
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    def made() -> Path:
        with write_errors(final):
            make_folder(final.parent)
            scratch = temporary_beside(final)
            scratch.mkdir()
        return scratch

    scratch = group.from_main(made)
    cut = {name: tensor for name, tensor in tensors.items() if _is_cut(tensor)}
    try:
        try:
            writer = HuggingFaceStorageWriter(str(scratch), _in_files(cut), save_distributed=True)
            save(cut, storage_writer=writer)
        except CheckpointException as error:
            raise _refused(error, final) from error
        yield lambda path, wanted: _join(scratch, path, wanted)
    finally:
        if group.is_main:
            shutil.rmtree(scratch, ignore_errors=True)


def read_parts(folder: Path, into: Mapping[str, Tensor]) -> None:
    """Fill tensors, cut or not, from the safetensors files of a folder; each process reads its parts.

    All of the group call it.

    Raises:
        DamagedArtifact: a file cannot be read, or lacks one of them.
    """
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.state_dict_loader import load

    try:
        with torch.no_grad():
            load(dict(into), storage_reader=HuggingFaceStorageReader(str(folder)))
    except CheckpointException as error:
        raise DamagedArtifact(f"cannot be read in parts: {_cause(error)}", at=folder) from error


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors of a safetensors file, by name.

    Raises:
        DamagedArtifact: it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DamagedArtifact(f"cannot be read as safetensors: {error}", at=path) from error


def held(tensor: Tensor) -> Tensor:
    """What of a tensor lies in this process."""
    part: Tensor = tensor.to_local() if _is_cut(tensor) else tensor  # type: ignore[attr-defined]
    return part


def _in_files(cut: Mapping[str, Tensor]) -> dict[str, int] | None:
    """Which file each tensor's parts go to, from 1 on: what goes to one is in memory once more."""
    files, size = {}, 0
    for name, tensor in cut.items():
        files[name] = 1 + size // _FILE_BYTES
        size += tensor.numel() * tensor.element_size()
    return files or None


def _is_cut(tensor: Tensor) -> bool:
    from torch.distributed.tensor import DTensor

    return isinstance(tensor, DTensor)


def _join(scratch: Path, path: Path, wanted: Mapping[str, Tensor]) -> None:
    """One safetensors file of the parts that lie in a folder, and of what is whole here."""
    from safetensors import safe_open

    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in sorted(wanted):
        size = wanted[name].numel() * wanted[name].element_size()
        fields = {"dtype": _TYPES[wanted[name].dtype], "shape": list(wanted[name].shape)}
        header[name] = {**fields, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    places: dict[str, list[tuple[Path, list[int]]]] = {}
    for part_path in sorted(scratch.glob("*.safetensors")):
        with safe_open(part_path, "pt") as file:
            for name, place in json.loads(file.metadata()["DCP_SHARDING_INFO"]).items():
                places.setdefault(name, []).append((part_path, place["saved_offsets"]))
    with write_errors(path), path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(wanted):
            one = wanted[name].detach()
            whole = _whole(name, one, places[name]) if _is_cut(one) else one.cpu()
            stream.write(whole.contiguous().reshape(-1).view(torch.uint8).numpy().data)


def _whole(name: str, cut: Tensor, places: list[tuple[Path, list[int]]]) -> Tensor:
    """A tensor from its parts; each file is let go at once, since what is mapped of it counts as memory."""
    from safetensors import safe_open

    found = torch.empty(cut.shape, dtype=cut.dtype)
    for path, begin in places:
        with safe_open(path, "pt") as file:
            part = file.get_tensor(name)
            found[tuple(slice(b, b + size) for b, size in zip(begin, part.shape, strict=True))] = part
    return found


def _cause(error: BaseException) -> str:
    """What went wrong in the first process that failed."""
    failures = getattr(error, "failures", {})
    first = next((one[0] for _, one in sorted(failures.items())), error)
    return (str(first).strip().splitlines() or [type(first).__name__])[0][:200]


def _refused(error: BaseException, at: Path) -> CannotWrite:
    """A disk that refuses, in words of ours; DCP carries what each process met."""
    for failure, _ in getattr(error, "failures", {}).values():
        match = _OS_ERROR.search(str(failure))
        if isinstance(failure, OSError) or match:
            number = int(match[1]) if match else (failure.errno or errno.EIO)
            return CannotWrite(
                f"cannot write: {os.strerror(number)}",
                at=at,
                why="the operating system refused a part of the checkpoint; nothing was left half-written",
                mend="make room, and run the same command again",
            )
    return CannotWrite(
        f"cannot write in parts: {_cause(error)}",
        at=at,
        why="one process could not write what it holds; nothing was left half-written",
        mend="mend that, and run the same command again",
    )
