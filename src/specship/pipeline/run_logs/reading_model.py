"""Size and vocabulary of the model beside a Trainer's state, as far as its files leave no doubt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import SpecshipError
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.model.decoder_shape import EMBEDDING, elements
from specship.pipeline.model.reading import read_model
from specship.pipeline.run_logs.declared_settings import other_objective, predicted_vocabulary
from specship.pipeline.run_logs.facts import Line
from specship.pipeline.run_logs.record_lines import key_lines
from specship.strict_json import read_bytes, read_json

_CONFIG: Final = "config.json"
_WEIGHTS: Final = "model.safetensors"
_FLOATS: Final = {"F16", "BF16", "F32", "F64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What is certain of a model; None where it is not."""

    parameters: int | None
    vocabulary: int | None
    beside_embedding: int | None = None
    """Parameters but those of the embedding, which Trainer leaves out when it counts operations."""
    lines: dict[str, Line] = field(default_factory=dict)
    """Where the parameters and the vocabulary stand; what is counted in a binary file has no line."""
    notes: tuple[str, ...] = ()


def read_size(folder: Path) -> Size:
    """The size by `config.json` and `model.safetensors`.

    A family that is known has everything in its `config.json`. Of any other the field `vocab_size` is taken,
    which all of them name so, and the parameters are counted in `model.safetensors`: what is stored is what
    was trained, unless it is quantized or an adapter lies beside it.
    """
    path = folder / _CONFIG
    if not path.is_file():
        note = f"there is no {_CONFIG} beside the state: the vocabulary is not known"
        return Size(parameters=_stored(folder), vocabulary=None, notes=(note,))
    vocabulary, other = _vocabulary(path)
    try:
        model = read_model(path)
    except SpecshipError as error:
        return Size(
            parameters=_stored(folder),
            vocabulary=vocabulary,
            lines={"vocabulary": _line(path, "vocab_size")},
            notes=(f"{_CONFIG}: {error.message}; sizes are taken where they are plain", *other),
        )
    tensors = model.tensors()
    return Size(
        parameters=elements(tensors),
        vocabulary=None if other else model.shape.vocabulary,
        lines={"parameters": _line(path, "hidden_size"), "vocabulary": _line(path, "vocab_size")},
        beside_embedding=None if _adapted(folder) else elements(tensors) - math.prod(tensors[EMBEDDING]),
        notes=other,
    )


def _line(path: Path, key: str) -> Line:
    """Of a key in `config.json`, which `read_model` could read or which is not there."""
    text = read_bytes(path, JSON_REPORT_BYTES).decode("utf-8", errors="replace")
    return key_lines(path.name, text).get(key, Line(path.name, 1))


def _adapted(folder: Path) -> bool:
    return next(folder.glob("adapter_*"), None) is not None


def _vocabulary(path: Path) -> tuple[int | None, tuple[str, ...]]:
    """The vocabulary that losses are costs of tokens in, and why there is none in words."""
    try:
        config: Any = read_json(path)
    except SpecshipError:
        return None, ()
    if not isinstance(config, dict):
        return None, ()
    other = other_objective(config)
    why = f"{_CONFIG} names {other}: its loss need not be a cost of tokens, and is not held against ln V"
    return predicted_vocabulary(config), (why,) if other else ()


def _stored(folder: Path) -> int | None:
    """Elements of the stored tensors; None where they are in several files, or not numbers of a model."""
    if not (folder / _WEIGHTS).is_file() or _adapted(folder):
        return None
    try:
        tensors = read_safetensors_header(folder / _WEIGHTS).values()
    except SpecshipError:
        return None
    if not tensors or any(tensor.dtype not in _FLOATS for tensor in tensors):
        return None
    return sum(math.prod(tensor.shape) for tensor in tensors)
