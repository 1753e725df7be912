"""GGUF in types that only llama.cpp makes (K-quants), through its own quantizer where that is installed.

The checkpoint is exported without loss beside the final name, llama.cpp quantizes that file in a process of
its own, and what it wrote is read by our reader and held against its source before it gets its name.
Source: llama.cpp, tools/quantize and include/llama.h (llama_ftype, llama_model_quantize).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.errors import RequirementMissing, StageFailed
from specship.files import scratch_beside, sync_folder, write_errors
from specship.interpreter import isolated
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.elements import Dtype
from specship.pipeline.gguf.reader import GgufFile, read_gguf

K_QUANTS: Final = {
    "Q2_K": 10,
    "Q3_K_S": 11,
    "Q3_K_M": 12,
    "Q3_K_L": 13,
    "Q4_K_S": 14,
    "Q4_K_M": 15,
    "Q5_K_S": 16,
    "Q5_K_M": 17,
    "Q6_K": 18,
}
"""`general.file_type` of each mixture, which is also the number that llama.cpp quantizes by."""
PROGRAM: Final = "llama-quantize"
BINDINGS: Final = "cyllama"
_TENSOR: Final = re.compile(r"\[ *([0-9]+)/ *([0-9]+)\]")
_TAIL_LINES: Final = 4


def export_quantized(
    checkpoint: Path,
    output: Path,
    *,
    dtype: str,
    tensors: Callable[[int, int], None] = lambda *_: None,
    **export: Any,
) -> GgufFile:
    """Write a checkpoint folder as a GGUF of one of the `K_QUANTS`; returns it as our reader sees it.

    `tensors` is told how many tensors of how many are quantized; the rest is as for `export_gguf`.

    Raises:
        RequirementMissing: llama.cpp's quantizer is not installed.
        StageFailed: it crashed, or wrote something else.
        UnusableInput, DamagedArtifact, CannotWrite: as `export_gguf`.
    """
    command = quantizer()
    with scratch_beside(output) as folder, write_errors(output):
        exact, made = folder / "exact.gguf", folder / "quantized.gguf"
        source = export_gguf(checkpoint, exact, dtype=_without_loss(checkpoint), **export)
        _run([*command, str(exact), str(made)], dtype, tensors)
        written = _checked(source, made, dtype)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(output)
        sync_folder(output.parent)
    return replace(written, path=output)


def quantizer() -> list[str]:
    """The command that quantizes, without its arguments: files, type and threads.

    Raises:
        RequirementMissing: there is none.
    """
    if program := shutil.which(PROGRAM):
        return [program]
    if importlib.util.find_spec(BINDINGS):
        return isolated("specship.pipeline.export.llamacpp_quantizer")
    raise RequirementMissing(
        "llama.cpp's quantizer is not installed",
        why="K-quants search their scales in a way of llama.cpp's own, which is not repeated here",
        mend=f"pip install 'specship[quantize]', or put {PROGRAM} on the PATH; or take --dtype Q8_0",
    )


def _without_loss(checkpoint: Path) -> Dtype:
    """The narrowest type that keeps every number of a checkpoint."""
    opened = open_any_checkpoint(checkpoint, tokenizer=False)
    stored = {tensor.dtype for tensor in opened.tensors.values() if len(tensor.shape) > 1}
    return "BF16" if stored == {"BF16"} else "F16" if stored == {"F16"} else "F32"


def _run(command: Sequence[str], dtype: str, tensors: Callable[[int, int], None]) -> None:
    threads = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own module, or the program of that name on the user's PATH
        [*command, dtype, threads],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout or ():
            lines = [*lines[1 - _TAIL_LINES :], line.strip()]
            if found := _TENSOR.match(line):
                tensors(int(found[1]), int(found[2]))
    if child.returncode:
        raise StageFailed(
            f"llama.cpp's quantizer ended with status {child.returncode}",
            at=command[0],
            why="; ".join(lines),
            mend="the log above is llama.cpp's own; another type may do, or another version of it",
        )


def _checked(source: GgufFile, made: Path, dtype: str) -> GgufFile:
    """What was written, once it is what was asked for."""
    written = read_gguf(made)
    faults = {
        "another file type": written.metadata.get("general.file_type") != K_QUANTS[dtype],
        "other tensors": {n: t.shape for n, t in written.tensors.items()}
        != {n: t.shape for n, t in source.tensors.items()},
        "other keys": _told(source) != _told(written),
    }
    if wrong := [name for name, present in faults.items() if present]:
        raise StageFailed(
            f"llama.cpp's quantizer wrote {wrong[0]} than it was given",
            at=made,
            mend="use another version of llama.cpp, or --dtype Q8_0",
        )
    return written


def _told(file: GgufFile) -> dict[str, Any]:
    """The metadata but for what quantizing changes."""
    changed = {"general.file_type", "general.quantization_version"}
    return {key: value for key, value in file.metadata.items() if key not in changed}
