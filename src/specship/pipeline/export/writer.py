"""Checkpoint to GGUF: what llama.cpp's architecture needs, and nothing left to its defaults.

Written beside its final name, a few megabytes in memory at a time, read back by our own strict reader,
and only then renamed. Neither torch nor the `gguf` package is imported, but for quantized types.
Source: ggml docs/gguf.md; llama.cpp src/llama-arch.cpp and src/llama-vocab.cpp.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from threading import Thread

from specship.files import sync_folder, temporary_beside, write_errors
from specship.pipeline.checkpoint.folder import CheckpointFolder, open_any_checkpoint
from specship.pipeline.export.metadata import About, architecture_keys, general_keys
from specship.pipeline.export.tensor_data import (
    ComputedTensor,
    PlannedTensor,
    TensorFiles,
    write_all,
    write_tensor,
)
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.gguf.elements import FILE_TYPES, Dtype, element_of, number_of
from specship.pipeline.gguf.format import DEFAULT_ALIGNMENT
from specship.pipeline.gguf.keys import GgufKey, TensorInfo, header_bytes, key_of
from specship.pipeline.gguf.names import ROPE_FACTORS, architecture_of, renamed_tensors
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.pipeline.model.rope_factors import rope_factors
from specship.pipeline.progress import Progress


def export_gguf(
    checkpoint: Path,
    output: Path,
    *,
    dtype: Dtype = "F32",
    name: str = "model",
    licence: str = "",
    sources: Sequence[str] = (),
    base_model: str = "",
    report: Progress = lambda *_: None,
    note: Callable[[str], None] = lambda _: None,
) -> GgufFile:
    """Write a checkpoint folder as one GGUF file; returns it as our reader sees it.

    `licence` is an SPDX expression, `sources` say where the training text came from, and `base_model`
    names the checkpoint that this one was taken over from; each goes into the metadata when given.

    `note` is told which texts llama.cpp will cut otherwise than the checkpoint's own tokenizer.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
        DamagedArtifact: bytes of the checkpoint are not what they promise.
        CannotWrite: the disk is full or refuses; nothing is left under `output`.
    """
    opened = open_any_checkpoint(checkpoint, tokenizer=False)
    digest = _started(opened.weights_digest)
    architecture = architecture_of(opened.shape, checkpoint).name
    sizes = architecture_keys(architecture, opened.shape, checkpoint)
    vocabulary = read_vocabulary(opened.path, opened.shape.vocabulary)
    for line in vocabulary.notes:
        note(line)
    tokens = [key_of(key, value) for key, value in vocabulary.metadata().items()]
    plans = list(_planned(opened, dtype))
    with _renamed_when_good(output) as partial, write_errors(output):
        about = About(
            name=name,
            licence=licence,
            sources=sources,
            base_model=base_model,
            weights_digest=digest.result(),
            parameters=sum(math.prod(plan.shape) for plan in plans),
        )
        _write(partial, general_keys(architecture, FILE_TYPES[dtype], about) + sizes + tokens, plans, report)
        written = read_gguf(partial)
    return replace(written, path=output)


def _started(work: Callable[[], str]) -> Future[str]:
    """A call in a daemon's thread: whoever fails first need not wait for a long digest."""
    outcome: Future[str] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the outcome
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome


@contextlib.contextmanager
def _renamed_when_good(output: Path) -> Iterator[Path]:
    with write_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    partial = temporary_beside(output)
    try:
        yield partial
        with write_errors(output):
            partial.replace(output)
            sync_folder(output.parent)
    finally:
        partial.unlink(missing_ok=True)


def _planned(opened: CheckpointFolder, dtype: Dtype) -> Iterator[PlannedTensor | ComputedTensor]:
    """Every tensor in the order in which it is written, with its type."""
    factors = rope_factors(opened.shape)
    if factors is not None:
        yield ComputedTensor(ROPE_FACTORS, factors.shape, element_of("F32", factors.shape), factors.tobytes())
    for tensor in renamed_tensors(opened.shape):
        held = opened.held[tensor.checkpoint]
        element = element_of(dtype, held.stored.shape)
        yield PlannedTensor(tensor.gguf, held.stored, opened.path / held.file, element, tensor.heads)


def _write(
    path: Path, keys: Sequence[GgufKey], plans: Sequence[PlannedTensor | ComputedTensor], report: Progress
) -> None:
    """Write a whole GGUF and flush it to the disk."""
    done, total = 0, sum(plan.size for plan in plans)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report(done, total, "bytes")

    with path.open("xb", buffering=0) as file, TensorFiles() as files:
        target = file.fileno()
        write_all(target, header_bytes(keys, list(_infos(plans)), DEFAULT_ALIGNMENT))
        for plan in plans:
            write_tensor(plan, files, target, advance)
            write_all(target, bytes(-plan.size % DEFAULT_ALIGNMENT))
        os.fsync(target)


def _infos(plans: Sequence[PlannedTensor | ComputedTensor]) -> Iterator[TensorInfo]:
    offset = 0
    for plan in plans:
        yield TensorInfo(plan.name, plan.shape, number_of(plan.element), offset)
        offset += plan.size + -plan.size % DEFAULT_ALIGNMENT
