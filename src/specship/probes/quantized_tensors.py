"""The quantized file read back: where every tensor points, and what that model says of held-out text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.pipeline.checkpoint.folder import CheckpointFolder, StoredFolder
from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.export.converted_tensors import COMPUTED, aligned_tensors
from specship.pipeline.gguf.model import GgufModel, StoredGguf
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    import numpy as np

    _Array = np.ndarray[Any, Any]

_FILE: Final = "quantized.gguf"
_TEXTS: Final = 8
_TOKENS: Final = 128
"""Held-out documents that are read, and the first tokens of each."""
_PIECE: Final = 1 << 20


@probe(
    "quantized.tensors",
    checked="compared_tensors",
    expected_tensors="tensors",
    compared_tensors="tensors",
    uncompared_tensors="tensors",
    quantized_matrices="tensors",
    lowest_cosine="ratio",
    largest_norm_change="ratio",
    predictions="tokens",
    mean_kl="nats/token",
    largest_kl="nats",
    same_likeliest="fraction",
    element_types="text",
)
def quantized_tensors(checkpoint: Artifact, quantized: Artifact, corpus: Artifact) -> Figures:
    """Cosines in float64 between original and read-back numbers, over all tensors and not some of them.

    A family that our decoder does not compute is read by transformers, and a file of such an architecture by
    llama.cpp; tensors may then be transposed, larger by one, in pairs or stacked, as converters write them.

    A cosine does not see a scale, so the relative change of the norms stands beside it. A tensor that is
    missing, or of another shape, is uncompared and pulls the lowest cosine to 0. `quantized_matrices`
    are those whose numbers really have few bits. The KL divergence is of the quantized model's next-token
    distribution from the original's, teacher-forced over held-out text. Raises DamagedArtifact.
    """
    path = quantized.path / _FILE
    original, copy = open_any_model(checkpoint.path), open_any_model(path)
    stored = read_gguf(path).tensors.values()
    matrices = Counter(tensor.type.name for tensor in stored if len(tensor.shape) > 1)
    compared = {name: _compared(*pair) for name, pair in _pairs(original, copy)}
    lost = sorted(name for name, found in compared.items() if found is None)
    cosines = [found[0] if found else 0.0 for found in compared.values()]
    changes = [found[1] for found in compared.values() if found]
    worst = min(compared, key=lambda name: (compared[name] or (0.0, 0.0))[0])
    agreement = _Agreement() if lost else _read(original, copy, corpus.path)
    return {
        "expected_tensors": len(compared),
        "compared_tensors": len(compared) - len(lost),
        "uncompared_tensors": len(lost),
        "quantized_matrices": sum(count for name, count in matrices.items() if name.startswith("Q")),
        "lowest_cosine": min(cosines),
        "largest_norm_change": max(changes, default=None),
        "predictions": agreement.predictions,
        "mean_kl": agreement.mean_kl,
        "largest_kl": agreement.largest_kl,
        "same_likeliest": agreement.same_likeliest,
        "element_types": " ".join(sorted(matrices)),
        "notes": [f"{name}: missing, or of another shape" for name in lost[:5]]
        + [f"the furthest is {worst}, cosine {min(cosines):.6f}"],
    }


def _pairs(original: AnyModel, copy: AnyModel) -> Iterator[tuple[str, tuple[_Array | None, _Array | None]]]:
    """Every tensor of the checkpoint beside its copy; None where there is none of its shape."""
    if isinstance(original, CheckpointFolder) and isinstance(copy, GgufModel):
        for name, stored in original.tensors.items():
            there = name in copy.tensors and tuple(copy.tensors[name].shape) == tuple(stored.shape)
            yield name, (original.array(name), copy.array(name) if there else None)
        return
    assert isinstance(original, StoredFolder)  # noqa: S101 - a checkpoint is a folder
    assert isinstance(copy, StoredGguf)  # noqa: S101 - and its copy a file
    for one in aligned_tensors(original, copy.file):
        if one.relation != COMPUTED:
            yield one.name, (one.original, one.copy)


def _compared(original: _Array | None, copy: _Array | None) -> tuple[float, float] | None:
    """Cosine, and relative change of the norm; None where there is nothing to compare."""
    if original is None or copy is None:
        return None
    aa, bb, ab = (math.fsum(found) for found in zip(*_products(original.ravel(), copy.ravel()), strict=True))
    scale, other = math.sqrt(aa), math.sqrt(bb)
    cosine = ab / (scale * other) if scale and other else float(scale == other)
    return cosine, abs(other - scale) / scale if scale else float(other != 0)


def _products(a: _Array, b: _Array) -> Iterator[tuple[float, float, float]]:
    """Squares of both and their product, piece by piece: no tensor is there a second time in float64."""
    for begin in range(0, a.size, _PIECE):
        x, y = (array[begin : begin + _PIECE].astype("<f8") for array in (a, b))
        yield float(x @ x), float(y @ y), float(x @ y)


@dataclass(frozen=True, slots=True)
class _Agreement:
    predictions: int = 0
    mean_kl: float | None = None
    largest_kl: float | None = None
    same_likeliest: float | None = None


def _read(original: AnyModel, copy: AnyModel, corpus: Path) -> _Agreement:
    """Both models over the beginnings of held-out documents."""
    from specship.pipeline.comparison.next_token_distributions import compare_distributions, distributions_of

    context = min(_TOKENS, original.shape.context)
    rows = min(original.shape.vocabulary, copy.shape.vocabulary)
    ours, theirs = load_decoder(original, context=context), load_decoder(copy, context=context)
    length = min(ours.context, theirs.context)
    positions = [
        compare_distributions(0, a, b, rows)
        for ids in islice(_beginnings(original, corpus, length), _TEXTS)
        for a, b in zip(*(distributions_of(one.logits(ids), rows) for one in (ours, theirs)), strict=True)
    ]
    if not positions:
        return _Agreement()
    same = sum(one.likeliest[0] == one.likeliest[1] for one in positions)
    return _Agreement(
        len(positions),
        math.fsum(one.kl for one in positions) / len(positions),
        max(one.kl for one in positions),
        same / len(positions),
    )


def _beginnings(model: AnyModel, corpus: Path, length: int) -> Iterator[list[int]]:
    tokenizer = model.tokenizer()
    for document in read_documents(corpus, "heldout"):
        ids = tokenizer.encode(document.text, add_special_tokens=False).ids[:length]
        if len(ids) == length:
            yield ids
