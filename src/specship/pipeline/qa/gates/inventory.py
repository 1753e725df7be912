"""Gate 2: the tensors that the architecture has are there, each with its shape and type, and no others."""

from __future__ import annotations

from collections import Counter
from typing import Final

from specship.pipeline.gguf.model import gguf_shape
from specship.pipeline.gguf.names import ROPE_FACTORS, renamed_tensors
from specship.pipeline.gguf.other_architectures import misnamed
from specship.pipeline.model.decoder_shape import elements, expected_tensors
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject

_UNITS: Final = {
    "expected": "tensors",
    "stored": "tensors",
    "missing": "tensors",
    "unexpected": "tensors",
    "misshapen": "tensors",
    "mistyped": "tensors",
    "parameters": "parameters",
}
_KINDS: Final = {
    "missing": "missing",
    "shard": "missing",
    "unexpected": "unexpected",
    "prefix": "unexpected",
    "adapter": "unexpected",
    "quantized": "unexpected",
    "head": "unexpected",
    "shape": "misshapen",
    "dtype": "mistyped",
}
"""Kinds of misfits that are about tensors; the others are about files, and gate 1 counts them."""


def _measure(subject: Subject) -> GateFindings:
    if subject.is_folder:
        return _folder(subject)
    return _other_gguf(subject) if subject.is_other_gguf else _gguf(subject)


def _folder(subject: Subject) -> GateFindings:
    found = subject.inventory
    counts = Counter[str]()
    for misfit in found.misfits:
        if misfit.kind in _KINDS:
            counts[_KINDS[misfit.kind]] += misfit.tensors
    figures = {
        "expected": len(found.model.tensors()),
        "stored": len(found.tensors.keys() - found.redundant),
        **{name: counts[name] for name in ("missing", "unexpected", "misshapen", "mistyped")},
        "parameters": found.stored_parameters,
    }
    told = [one for one in found.misfits if one.kind in _KINDS]
    mends = dict.fromkeys(f"mend: {one.mend}" for one in told)
    notes = (*(f"{one.name} {one.message}" for one in told), *mends)
    return findings(_UNITS, figures, checked="expected", notes=notes)


def _gguf(subject: Subject) -> GateFindings:
    file, shape = subject.gguf, gguf_shape(subject.gguf)
    wanted = expected_tensors(shape)
    names = {tensor.gguf: wanted[tensor.checkpoint] for tensor in renamed_tensors(shape)}
    stored = {name: tensor.shape for name, tensor in file.tensors.items() if name != ROPE_FACTORS}
    missing, unexpected = sorted(names.keys() - stored), sorted(stored.keys() - names)
    misshapen = [name for name in names if name in stored and stored[name] != names[name]]
    mistyped = [one for one in file.tensors.values() if len(one.shape) == 1 and one.type.name != "F32"]
    notes = (
        *(f"{name} is missing; it has shape {list(names[name])}" for name in missing),
        *(f"{name} belongs to no {shape.family} like this" for name in unexpected),
        *(f"{name} has shape {list(stored[name])}, not {list(names[name])}" for name in misshapen),
        *(f"{one.name} is stored as {one.type.name}; llama.cpp wants vectors in F32" for one in mistyped),
    )
    figures = {
        "expected": len(names),
        "stored": len(stored),
        "missing": len(missing),
        "unexpected": len(unexpected),
        "misshapen": len(misshapen),
        "mistyped": len(mistyped),
        "parameters": elements(stored),
    }
    return findings(_UNITS, figures, checked="expected", notes=notes)


def _other_gguf(subject: Subject) -> GateFindings:
    """Names by the table of the `gguf` package; what is missing or of another shape, llama.cpp refuses."""
    subject.decoder  # noqa: B018 - it opens the file, which is what is asked here
    file = subject.gguf
    unexpected, uneven = misnamed(file)
    mistyped = [one for one in file.tensors.values() if len(one.shape) == 1 and one.type.name != "F32"]
    stored = {name: tensor.shape for name, tensor in file.tensors.items()}
    notes = (
        *(f"{name} belongs to no {subject.shape.family} like this" for name in unexpected),
        *(f"{one.name} is stored as {one.type.name}; llama.cpp wants vectors in F32" for one in mistyped),
        *(f"{name} is in other layers and not here" for name in uneven),
    )
    figures = {
        "expected": len(stored) - len(unexpected),
        "stored": len(stored),
        "missing": 0,
        "unexpected": len(unexpected),
        "misshapen": 0,
        "mistyped": len(mistyped),
        "parameters": elements(stored),
    }
    return findings(_UNITS, figures, checked="expected", notes=notes)


def _limits(_: Subject) -> GateLimits:
    none = {name: limit("tensors", equals=0) for name in ("missing", "unexpected", "misshapen", "mistyped")}
    return {"expected": limit("tensors", at_least=1), **none}


GATE: Final = QualityGate(number=2, name="inventory", measure=_measure, limits=_limits)
