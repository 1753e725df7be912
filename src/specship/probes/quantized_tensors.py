"""The quantized file read back: where every tensor points, and what that model says of held-out text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.gguf.model import open_gguf
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.open_model import OpenModel, open_model
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    import numpy as np

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

    A cosine does not see a scale, so the relative change of the norms stands beside it. A tensor that is
    missing, or of another shape, is uncompared and pulls the lowest cosine to 0. `quantized_matrices`
    are those whose numbers really have few bits. The KL divergence is of the quantized model's next-token
    distribution from the original's, teacher-forced over held-out text. Raises DamagedArtifact.
    """
    original, path = open_model(checkpoint.path), quantized.path / _FILE
    stored = read_gguf(path).tensors.values()
    matrices = Counter(tensor.type.name for tensor in stored if len(tensor.shape) > 1)
    copy = open_gguf(path)
    compared = {name: _compared(original, copy, name) for name in original.tensors}
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


def _compared(original: OpenModel, copy: OpenModel, name: str) -> tuple[float, float] | None:
    """Cosine, and relative change of the norm; None where there is nothing to compare."""
    if name not in copy.tensors or tuple(copy.tensors[name].shape) != tuple(original.tensors[name].shape):
        return None
    a, b = original.array(name).ravel(), copy.array(name).ravel()
    aa, bb, ab = (math.fsum(found) for found in zip(*_products(a, b), strict=True))
    scale, other = math.sqrt(aa), math.sqrt(bb)
    cosine = ab / (scale * other) if scale and other else float(scale == other)
    return cosine, abs(other - scale) / scale if scale else float(other != 0)


def _products(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> Iterator[tuple[float, float, float]]:
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


def _read(original: OpenModel, copy: OpenModel, corpus: Path) -> _Agreement:
    """Both models over the beginnings of held-out documents."""
    from specship.pipeline.inference.decoder import Decoder

    context = min(_TOKENS, original.shape.context)
    ours, theirs = Decoder(original, context=context), Decoder(copy, context=context)
    divergences: list[float] = []
    same = 0
    for token_ids in islice(_beginnings(original, corpus, context), _TEXTS):
        p_TV, q_TV = (d.logits(token_ids).double().log_softmax(-1) for d in (ours, theirs))  # noqa: N806 - axes
        divergences += (p_TV.exp() * (p_TV - q_TV)).sum(-1).tolist()
        same += int((p_TV.argmax(-1) == q_TV.argmax(-1)).sum())
    if not divergences:
        return _Agreement()
    return _Agreement(
        len(divergences), math.fsum(divergences) / len(divergences), max(divergences), same / len(divergences)
    )


def _beginnings(model: OpenModel, corpus: Path, length: int) -> Iterator[list[int]]:
    tokenizer = model.tokenizer()
    for document in read_documents(corpus, "heldout"):
        ids = tokenizer.encode(document.text, add_special_tokens=False).ids[:length]
        if len(ids) == length:
            yield ids
