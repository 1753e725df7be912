"""Checkpoints of a run: a plain Hugging Face folder with what a resume needs beside it.

    checkpoints/step-000100/
        config.json  model.safetensors  generation_config.json  tokenizer.json …
        metadata.json            losses, tokens seen, optimizer state digest, wall seconds
        optimizer.safetensors    moments of AdamW, by parameter name
        training_state.json      step, place in the data, generators of Python, NumPy and torch
        manifest.json            sha256 of every file

A checkpoint exists once its folder has its name and its manifest verifies. safetensors writes
in place, so it only ever writes into the temporary folder. No pickle anywhere.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from specship.digests import sha256_file
from specship.errors import DamagedArtifact, SpecshipError
from specship.files import publish_folder, scratch_beside, temporary_beside, write_errors, write_json
from specship.pipeline.checkpoint.folder_manifest import verify_manifest, write_manifest
from specship.pipeline.tokenizer.copying import copy_tokenizer
from specship.pipeline.training.run_reading import checkpoints_of

STATE_FILES: Final = ("optimizer.safetensors", "training_state.json")
"""What only a resume needs; a published checkpoint leaves them out."""
_OS_ERROR: Final = re.compile(r"os error (\d+)")


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors as safetensors into a folder that nobody reads yet.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with write_errors(path):
        try:
            save_file(plain, path, metadata={"format": "pt"})
        except SafetensorError as error:
            number = int(match[1]) if (match := _OS_ERROR.search(str(error))) else errno.EIO
            raise OSError(number, os.strerror(number)) from error


def write_checkpoint(
    final: Path,
    *,
    weights: Mapping[str, torch.Tensor],
    config: Mapping[str, Any],
    tokenizer: Path,
    moments: Mapping[str, torch.Tensor],
    state: Mapping[str, Any],
    metadata: Mapping[str, Any],
    save: Callable[[Path, Mapping[str, torch.Tensor]], None] = save_tensors,
) -> None:
    """Write a checkpoint under a temporary name, verify it, and rename it into place.

    A damaged folder under that name is replaced. `save` writes one file of tensors.

    Raises:
        CannotWrite: the disk is full or refuses; nothing is left under the final name.
    """
    with scratch_beside(final) as partial:
        save(partial / "model.safetensors", weights)
        save(partial / "optimizer.safetensors", moments)
        write_json(partial / "config.json", config)
        ends = {name: config[name] for name in ("bos_token_id", "eos_token_id")}
        write_json(partial / "generation_config.json", {"_from_model_config": True, **ends})
        copy_tokenizer(tokenizer, partial)
        write_json(partial / "training_state.json", state)
        digest = sha256_file(partial / "optimizer.safetensors")
        write_json(partial / "metadata.json", {**metadata, "optimizer_state_sha256": digest})
        write_manifest(partial)
        verify_manifest(partial)
        if final.exists():
            remove_checkpoint(final)
        publish_folder(partial, final)


def read_moments(folder: Path) -> dict[str, torch.Tensor]:
    """The optimizer's tensors of a checkpoint.

    Raises:
        DamagedArtifact: they cannot be read, or one is not finite.
    """
    path = folder / "optimizer.safetensors"
    try:
        moments = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedArtifact(f"cannot be read as safetensors: {error}", at=path) from error
    for name, tensor in moments.items():
        if not torch.isfinite(tensor).all():
            raise DamagedArtifact(f"the optimizer state {name} is not finite", at=path)
    return moments


def usable_checkpoints(
    folder: Path, *, logged_steps: int
) -> Iterator[tuple[int, Path, SpecshipError | None]]:
    """Checkpoints from the newest on, each with what is wrong with it, up to the first good one.

    One that lies beyond the last logged step cannot be continued: steps would be missing.
    """
    for step, path in reversed(checkpoints_of(folder)):
        fault: SpecshipError | None = None
        try:
            verify_manifest(path)
        except SpecshipError as error:
            fault = error
        if fault is None and step > logged_steps:
            fault = DamagedArtifact(f"the log ends at step {logged_steps}, before this checkpoint", at=path)
        yield step, path, fault
        if fault is None:
            return


def sweep(folder: Path) -> int:
    """Remove what a killed writer left under temporary names; returns how many there were."""
    left = list((folder / "checkpoints").glob(".tmp-*"))
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def prune(folder: Path, *, best_step: int) -> None:
    """Keep the initial checkpoint, the best and the last two; called once the newest verified."""
    steps = [step for step, _ in checkpoints_of(folder)]
    keep = {0, best_step, *steps[-2:]}
    for step, path in checkpoints_of(folder):
        if step not in keep:
            remove_checkpoint(path)


def remove_checkpoint(path: Path) -> None:
    """Take a checkpoint's name away before its files, so that a kill leaves no half of one under it."""
    gone = temporary_beside(path)
    path.rename(gone)
    shutil.rmtree(gone)
