"""Matrices of a family without a decoder of ours, each tried in another order.

What each matrix is for follows from its name alone, as far as families agree: every matrix of a layer may
have been transposed, the rows of queries and keys may stand in another order, and two of one shape may have
changed places. The whole text is read again for each, by transformers.

Axes: T tokens.
"""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from specship.errors import UnusableInput
from specship.pipeline.qa.likelihood import Trial, difference

if TYPE_CHECKING:
    from torch import Tensor

    from specship.pipeline.qa.subject import Subject

FEWEST_TOKENS: Final = 64
WORK: Final = {"cpu": 4e12, "cuda": 4e15}
"""Floating-point operations that all trials may cost: a minute or two on two cores, or on a GPU."""
_LAYER: Final = re.compile(r"(?<=\.)\d+(?=\.)")
_PAIRS: Final = (("k_proj", "v_proj"), ("gate_proj", "up_proj"))
NOTHING: Final = 1e-5
"""Nats: below this on every token an order changes nothing, as where nothing turns queries and keys."""

Change = Mapping[str, Any]
Shapes = Mapping[str, tuple[int, ...]]


def first_tokens(pieces: Sequence[list[int]], tokens: int) -> list[list[int]]:
    """As many pieces as come to so many tokens, the last one cut."""
    found = list[list[int]]()
    for piece in pieces:
        found.append(piece[: tokens - sum(map(len, found))])
        if sum(map(len, found)) >= tokens - FEWEST_TOKENS // 2:
            break
    return found


def other_trials(subject: Subject) -> tuple[list[list[int]], Tensor, list[Trial], list[Trial]]:
    """The text that was read, its `losses_T`, every hypothesis in each layer, and in all layers at once.

    Raises:
        UnusableInput: the model has no matrix in a layer, or transformers refuses it.
        StageFailed: its process crashed or did not end.
    """
    from specship.pipeline.inference.transformers_decoder import TransformersDecoder

    decoder = subject.decoder
    assert isinstance(decoder, TransformersDecoder)  # noqa: S101 - what `is_other` means
    shapes = decoder.parameters()
    kinds = list(_kinds(shapes, subject.shape.heads))
    if not kinds:
        raise UnusableInput(
            "no matrix of it stands in a layer",
            at=subject.path,
            mend="use a model whose layers hold matrices",
        )
    weights = sum(math.prod(shape) for name, shape in shapes.items() if _LAYER.search(name))
    trials = len(kinds) + sum(len(layers) for _, layers in kinds)
    tokens = int(WORK[decoder.device.type] / (2 * weights * trials))
    pieces = first_tokens(subject.pieces, max(FEWEST_TOKENS, tokens))
    base_T = decoder.losses_with(pieces)
    single, joint = list[Trial](), list[Trial]()
    for done, (name, layers) in enumerate(kinds):
        subject.report(done, len(kinds), "hypotheses")
        every = [change for changes in layers.values() for change in changes]
        losses_T = decoder.losses_with(pieces, every)
        if float((losses_T - base_T).abs().max()) < NOTHING:
            continue
        joint.append(Trial(name, "all layers", difference(losses_T, base_T)))
        if tokens >= FEWEST_TOKENS and len(layers) > 1:
            for layer, changes in layers.items():
                found = difference(decoder.losses_with(pieces, changes), base_T)
                single.append(Trial(name, f"layer {layer}", found))
    return pieces, base_T, single, joint


def _kinds(shapes: Shapes, heads: int) -> Iterator[tuple[str, dict[str, list[Change]]]]:
    """What may have happened, in words, and the changes that undo it, layer by layer."""
    matrices = {name: shape for name, shape in shapes.items() if len(shape) > 1 and _LAYER.search(name)}
    for kind in dict.fromkeys(map(_kind, matrices)):
        named = [name for name in matrices if _kind(name) == kind]
        changes: list[Change] = [{"name": name, "order": "turned"} for name in named]
        yield f"{_last(kind)} is transposed", _by_layer(changes)
    queries = {name: shape for name, shape in shapes.items() if ".q_proj." in name and _LAYER.search(name)}
    keys = {name: shape for name, shape in shapes.items() if ".k_proj." in name and _LAYER.search(name)}
    if queries and keys and all(shape[0] % (2 * heads) == 0 for shape in queries.values()):
        size = next(iter(queries.values()))[0] // heads
        for order, said in (("separated", "stand in pairs"), ("interleaved", "were separated twice")):
            turned = [
                {"name": name, "order": order, "heads": shape[0] // size}
                for name, shape in (*queries.items(), *keys.items())
            ]
            yield f"rows of q_proj and k_proj {said}", _by_layer(turned)
    for one, other in _PAIRS:
        names = [name for name in matrices if f".{one}." in name]
        pairs = [(name, name.replace(f".{one}.", f".{other}.")) for name in names]
        swapped: list[Change] = [
            change
            for a, b in pairs
            if matrices.get(b) == matrices[a]
            for change in ({"name": a, "order": "kept", "of": b}, {"name": b, "order": "kept", "of": a})
        ]
        if swapped:
            yield f"{one} and {other} changed places", _by_layer(swapped)


def _by_layer(changes: Sequence[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        number = _LAYER.search(change["name"])
        found.setdefault(number.group() if number else "", []).append(change)
    return found


def _kind(name: str) -> str:
    """A name with a sign for its numbers: what it is in every layer."""
    return _LAYER.sub("N", name)


def _last(kind: str) -> str:
    """The end of a name, from its last number on."""
    return kind.rpartition(".N.")[2].removesuffix(".weight")
