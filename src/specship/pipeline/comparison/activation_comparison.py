"""Which stages of two sides depart: by more than float32, and by more than a difference of types, explains.

Where both sides' tensors are the same numbers in different types, the finer side is rounded as the coarser
one is, and what is left must be float32's alone: a fault far below the noise of a quantization shows. Else,
where another quantizer was at work, a stage may differ by about as much as the rehearsed rounding moves it.
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

Both = tuple[Sequence[Activations], Sequence[Activations]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    """One stage of both sides, over all sequences."""

    stage: str
    tokens: int
    width: int
    relative_difference: float
    allowed: float
    """What rounding explains of it."""
    at_one_precision: float | None
    """The difference that is left when the finer side's weights are rounded as the coarser side's are."""
    departs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationComparison:
    """All stages, and the two sides as they were judged: at one precision where that was possible."""

    rows: list[BlockRow]
    allowance: Allowance
    models: tuple[OpenModel, OpenModel]
    taps: Both

    def departure(self, sequences: Sequence[tuple[int, ...]]) -> Divergence | None:
        """The first departing stage, examined; None when none departs."""
        first = next((row for row in self.rows if row.departs), None)
        if first is None:
            return None
        allowed = first.allowed if first.at_one_precision is None else self.allowance.floor
        return diagnose(*self.models, first.stage, sequences, taps=self.taps, allowed=allowed)


def compare_activations(
    models: tuple[OpenModel, OpenModel],
    tensors: Sequence[TensorComparison],
    taps: Both,
    sequences: Sequence[tuple[int, ...]],
    vocabulary: int,
) -> ActivationComparison:
    """Judge every stage; nothing is rehearsed where float32 explains all differences.

    Raises:
        UnusableInput: the sides have other stages, tokens or shapes.
    """
    shape = models[0].shape
    allowance = allowance_of(shape, taps[0], [])
    judged = ActivationComparison(
        rows=_rows(taps, shape, allowance), allowance=allowance, models=models, taps=taps
    )
    if not any(row.departs for row in judged.rows):
        return judged
    rehearsals = [
        Rehearsal(model=models[0], exact=taps[0], types=types_of(models[1])),
        Rehearsal(model=models[1], exact=taps[1], types=types_of(models[0])),
    ]
    needed = [one for one in rehearsals if not one.changes_nothing]
    if not needed:
        return judged
    said = [one.taps(sequences, vocabulary) for one in needed]
    moves = [one.moves(rounded) for one, rounded in zip(needed, said, strict=True)]
    allowance = allowance_of(shape, taps[0], moves)
    judged = replace(judged, rows=_rows(taps, shape, allowance), allowance=allowance)
    if len(needed) > 1 or not all(one.equal or one.departs for one in tensors):
        return judged
    return _at_one_precision(judged, rehearsals.index(needed[0]), needed[0], said[0])


def _at_one_precision(
    judged: ActivationComparison, side: int, rehearsal: Rehearsal, rounded: Sequence[Activations]
) -> ActivationComparison:
    """The same with one side rounded as the other is."""
    taps = (rounded, judged.taps[1]) if side == 0 else (judged.taps[0], rounded)
    a, b = judged.models
    models = (rehearsal.rounded(), b) if side == 0 else (a, rehearsal.rounded())
    left = _rows(taps, a.shape, replace(judged.allowance, stages={}))
    rows = [
        replace(row, at_one_precision=one.relative_difference, departs=one.departs)
        for row, one in zip(judged.rows, left, strict=True)
    ]
    return ActivationComparison(rows=rows, allowance=judged.allowance, models=models, taps=taps)


def allowance_of(shape: DecoderShape, taps: Sequence[Activations], moves: Sequence[Moves]) -> Allowance:
    """What float32 explains, and what rounding moved in rehearsals."""
    stages: dict[str, float] = {}
    for one in moves:
        stages = {stage: max(stages.get(stage, 0.0), by) for stage, by in one.stages.items()}
    logit = max((one.logit for one in moves), default=0.0)
    floor = float32_tolerance(shape)
    scale = max(largest_centred(one[HEAD].values_TX) for one in taps)
    return Allowance(floor=floor, stages=stages, logit=max(floor * scale, SLACK * logit))


def _rows(taps: Both, shape: DecoderShape, allowance: Allowance) -> list[BlockRow]:
    rows = []
    for stage in blocks_of(shape.layers):
        if not all(stage in one for side in taps for one in side):
            raise UnusableInput(f"a side has no stage {stage}", why="what is not there agrees with nothing")
        pairs = [(a[stage], b[stage]) for a, b in zip(*taps, strict=True)]
        apart, allowed = pooled_difference(pairs), allowance.of(stage)
        rows.append(
            BlockRow(
                stage=stage,
                tokens=sum(a.shape[0] for a, _ in pairs),
                width=pairs[0][0].shape[1],
                relative_difference=apart,
                allowed=allowed,
                at_one_precision=None,
                departs=not apart <= allowed,
            )
        )
    return rows
