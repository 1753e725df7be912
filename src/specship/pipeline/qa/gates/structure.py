"""Gate 1: every file that the model needs is there, readable, and consistent within itself.

A folder: `config.json`, every weights file that the index names and no other, `tokenizer.json`. A GGUF:
one header in which every length, offset and padding byte is in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.weight_files import (
    CONFIG,
    TOKENIZER,
    StoredWeights,
    read_weights,
    refuse_link,
)
from specship.pipeline.gguf.elements import FILE_TYPES
from specship.pipeline.gguf.reader import GgufFile
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.pipeline.tokenizer.files import require_tokenizer
from specship.strict_json import read_json

_UNITS: Final = {"files": "files", "tensors": "tensors", "bytes": "bytes", "faults": "faults"}


def _measure(subject: Subject) -> GateFindings:
    return _folder(subject.path) if subject.is_folder else _gguf(subject)


def _folder(path: Path) -> GateFindings:
    faults = [fault for name in (CONFIG, TOKENIZER) for fault in _json_faults(path / name)]
    files = sum((path / name).is_file() for name in (CONFIG, TOKENIZER))
    weights: StoredWeights | None = None
    try:
        weights = read_weights(path)
    except UnusableInput as error:
        faults.append(_said(error))
    tensors = {} if weights is None else weights.tensors
    if weights is not None:
        faults += [f"{misfit.name} {misfit.message}" for misfit in weights.misfits]
        files += sum((path / name).is_file() for name in weights.files)
    figures = {
        "files": files,
        "tensors": len(tensors),
        "bytes": sum(held.stored.size for held in tensors.values()),
        "faults": len(faults),
    }
    return findings(_UNITS, figures, checked="files", notes=tuple(faults))


def _json_faults(path: Path) -> Iterator[str]:
    try:
        if path.name == TOKENIZER:
            require_tokenizer(path.parent)
        refuse_link(path)
        if not isinstance(read_json(path), dict):
            yield f"{path.name}: not a JSON object"
    except UnusableInput as error:
        yield _said(error)


def _gguf(subject: Subject) -> GateFindings:
    try:
        file = subject.gguf
    except UnusableInput as error:
        figures = {"files": 1, "tensors": 0, "bytes": subject.path.stat().st_size, "faults": 1}
        return findings(_UNITS, figures, checked="files", notes=(_said(error),))
    faults = tuple(_stale_file_type(file))
    figures = {"files": 1, "tensors": len(file.tensors), "bytes": file.size, "faults": len(faults)}
    return findings(_UNITS, figures, checked="files", notes=faults)


def _stale_file_type(file: GgufFile) -> Iterator[str]:
    """`general.file_type` names the type of most matrices; another one is told to whoever loads it."""
    said = file.metadata.get("general.file_type")
    names = {number: name for name, number in FILE_TYPES.items()}
    if said not in names:
        return
    stored = {tensor.type.name for tensor in file.tensors.values() if len(tensor.shape) > 1}
    if stored and names[said] not in stored:
        listed = ", ".join(sorted(stored))
        yield f"general.file_type says {names[said]}, and the matrices are stored as {listed}"


def _said(error: UnusableInput) -> str:
    said = f"{error.at}: {error.message}" if error.at else error.message
    return f"{said}; mend: {error.mend}" if error.mend else said


def _limits(_: Subject) -> GateLimits:
    return {"files": limit("files", at_least=1), "tensors": limit("tensors", at_least=1)} | {
        "faults": limit("faults", equals=0)
    }


GATE: Final = QualityGate(number=1, name="structure", measure=_measure, limits=_limits)
