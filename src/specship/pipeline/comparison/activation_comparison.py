"""Which blocks of two sides diverge: differ by more than float32, or a difference of types, explains.

Where both sides' tensors are the same numbers in different types, the finer side is rounded as the coarser
one is, and what is left must be float32's alone: a fault far below the noise of a quantization shows. Else,
where another quantizer was at work, a block may differ by about as much as the rehearsed rounding moves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from specship.errors import UnusableInput
from specship.pipeline.comparison.activations import HEAD, Activations, blocks_of, pooled_difference
from specship.pipeline.comparison.divergence import Divergence, diagnose
from specship.pipeline.comparison.quantization_noise import (
    SLACK,
    Allowance,
    Moves,
    Rehearsal,
    float32_tolerance,
    largest_centred,
    types_of,
)
from specship.pipeline.comparison.tensor_comparison import TensorComparison
from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.model.decoder_shape import DecoderShape

ActivationsOfBoth = tuple[Sequence[Activations], Sequence[Activations]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    """One block of both sides, over all sequences."""

    block: str
    tokens: int
    width: int
    relative_difference: float
    allowed: float
    """What rounding explains of it."""
    at_one_precision: float | None
    """The difference that is left when the finer side's weights are rounded as the coarser side's are."""
    diverges: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationComparison:
    """All blocks, and the two sides as they were compared: at one precision where that was possible."""

    rows: list[BlockRow]
    allowance: Allowance
    models: tuple[OpenModel, OpenModel]
    activations: ActivationsOfBoth

    def divergence(self, sequences: Sequence[tuple[int, ...]]) -> Divergence | None:
        """The first diverging block, examined; None when none diverges."""
        first = next((row for row in self.rows if row.diverges), None)
        if first is None:
            return None
        allowed = first.allowed if first.at_one_precision is None else self.allowance.floor
        return diagnose(*self.models, first.block, sequences, activations=self.activations, allowed=allowed)


def compare_activations(
    models: tuple[OpenModel, OpenModel],
    tensors: Sequence[TensorComparison],
    activations: ActivationsOfBoth,
    sequences: Sequence[tuple[int, ...]],
    vocabulary: int,
) -> ActivationComparison:
    """Compare every block; nothing is rehearsed where float32 explains all differences.

    Raises:
        UnusableInput: the sides have other blocks, tokens or shapes.
    """
    shape = models[0].shape
    allowance = allowance_of(shape, activations[0], [])
    found = ActivationComparison(
        rows=_rows(activations, shape, allowance), allowance=allowance, models=models, activations=activations
    )
    if not any(row.diverges for row in found.rows):
        return found
    rehearsals = [
        Rehearsal(model=models[0], exact=activations[0], types=types_of(models[1])),
        Rehearsal(model=models[1], exact=activations[1], types=types_of(models[0])),
    ]
    needed = [one for one in rehearsals if not one.changes_nothing]
    if not needed:
        return found
    rounded = [one.activations(sequences, vocabulary) for one in needed]
    moves = [one.moves(moved) for one, moved in zip(needed, rounded, strict=True)]
    allowance = allowance_of(shape, activations[0], moves)
    found = replace(found, rows=_rows(activations, shape, allowance), allowance=allowance)
    if len(needed) > 1 or not all(one.equal or one.diverges for one in tensors):
        return found
    return _at_one_precision(found, rehearsals.index(needed[0]), needed[0], rounded[0])


def _at_one_precision(
    found: ActivationComparison, side: int, rehearsal: Rehearsal, rounded: Sequence[Activations]
) -> ActivationComparison:
    """The same comparison with one side rounded as the other is."""
    activations = (rounded, found.activations[1]) if side == 0 else (found.activations[0], rounded)
    a, b = found.models
    models = (rehearsal.rounded_model(), b) if side == 0 else (a, rehearsal.rounded_model())
    left = _rows(activations, a.shape, replace(found.allowance, blocks={}))
    rows = [
        replace(row, at_one_precision=one.relative_difference, diverges=one.diverges)
        for row, one in zip(found.rows, left, strict=True)
    ]
    return ActivationComparison(rows=rows, allowance=found.allowance, models=models, activations=activations)


def allowance_of(
    shape: DecoderShape, activations: Sequence[Activations], moves: Sequence[Moves]
) -> Allowance:
    """What float32 explains, and what rounding moved in rehearsals."""
    blocks: dict[str, float] = {}
    for one in moves:
        blocks = {block: max(blocks.get(block, 0.0), by) for block, by in one.blocks.items()}
    logit = max((one.logit for one in moves), default=0.0)
    floor = float32_tolerance(shape)
    scale = max(largest_centred(one[HEAD].values_TX) for one in activations)
    return Allowance(floor=floor, blocks=blocks, logit=max(floor * scale, SLACK * logit))


def _rows(activations: ActivationsOfBoth, shape: DecoderShape, allowance: Allowance) -> list[BlockRow]:
    rows = []
    for block in blocks_of(shape.layers):
        if not all(block in one for side in activations for one in side):
            raise UnusableInput(f"a side has no block {block}", why="what is not there agrees with nothing")
        pairs = [(a[block], b[block]) for a, b in zip(*activations, strict=True)]
        apart, allowed = pooled_difference(pairs), allowance.of(block)
        rows.append(
            BlockRow(
                block=block,
                tokens=sum(a.shape[0] for a, _ in pairs),
                width=pairs[0][0].shape[1],
                relative_difference=apart,
                allowed=allowed,
                at_one_precision=None,
                diverges=not apart <= allowed,
            )
        )
    return rows
