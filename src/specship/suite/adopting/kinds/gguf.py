"""A GGUF: one file for llama.cpp, with or without the checkpoint that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.pipeline.gguf.reader import read_gguf
from specship.suite.adopting.adopted_kind import (
    AS_MEASURED,
    ZERO,
    AdoptedCriterion,
    AdoptedGate,
    AdoptedKind,
    AskedLimit,
    Told,
)

_SUFFIX: Final = ".gguf"
_WAYS: Final = "received_gguf"


def _recognise(path: Path, _told: Told) -> str:
    if path.suffix != _SUFFIX or not path.is_file():
        return ""
    file = read_gguf(path)
    architecture = file.metadata.get("general.architecture", "no architecture")
    return f"a GGUF of {architecture}, {len(file.tensors)} tensors"


def _settings(path: Path, name: str, _told: Told) -> Mapping[str, Mapping[str, Any]]:  # noqa: ARG001 - as all kinds
    return {_WAYS: {"file": name, "source": "say where it came from"}}


_QUALITY: Final = AdoptedGate(
    rule="The quality gates that the file can be asked alone are executed, and all of those pass.",
    stage="export",
    probe="gguf.quality",
    expect={
        "executed": AskedLimit("at_least"),
        "passed": AskedLimit("at_least"),
        "failed": ZERO,
        "values": AS_MEASURED,
        "unsound_values": ZERO,
        "altered_texts": ZERO,
        "likelier_undone": ZERO,
    },
    faults={
        "gguf-weight-not-a-number": ("unsound_values",),
        "gguf-byte-without-token": ("altered_texts",),
        "gguf-transposed-projection": ("likelier_undone",),
        "gguf-tensor-dropped": ("executed", "passed", "failed", "values"),
    },
)

KIND: Final = AdoptedKind(
    name="gguf",
    recognise=_recognise,
    settings=_settings,
    criteria=(
        AdoptedCriterion(
            statement="The GGUF is sound, and what it writes is language.",
            because="A file that loads can still hold values, texts or layouts that no training made.",
            weight=60,
            gates=(_QUALITY,),
        ),
    ),
)
