"""Why a block diverges: each hypothesis of a fault is undone on one side, and the block is computed again.

Blocks before it agree, so the block is computed in isolation, on what side a feeds into it; what differs is
in the block itself: its tensors, the biases that it has, or the figures of the configuration that it uses. A
hypothesis is kept only when the block agrees after it was undone; else the kind is `unknown`, and what was
tried is listed with its figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from specship.pipeline.comparison.activations import Activations
from specship.pipeline.comparison.fault_hypotheses import BlockCase, FaultHypothesis
from specship.pipeline.comparison.quantization_noise import float32_tolerance
from specship.pipeline.inference.open_model import OpenModel

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first block that diverges, the kind of fault that explains it, and all that was tried."""

    block: str
    kind: str
    """`transposed`, `permuted`, `scaled`, `biased`, `wrong eps`, `wrong theta`, `wrong rope`, `unknown`."""
    what: str
    before: float
    after: float | None
    """What is left when it is undone; None for `unknown`."""
    allowed: float
    tried: tuple[FaultHypothesis, ...]


def diagnose(
    a: OpenModel,
    b: OpenModel,
    block: str,
    sequences: Sequence[tuple[int, ...]],
    *,
    activations: tuple[Sequence[Activations], Sequence[Activations]],
    allowed: float,
) -> Divergence:
    """Test every hypothesis about the first block that diverges; side b is taken for the faulty one."""
    case = BlockCase(a, b, block, sequences, activations)
    tried = [*case.by_weights(), *case.by_configuration(), *case.by_output()]
    best = _best([one for one in tried if one.after <= allowed], float32_tolerance(a.shape))
    return Divergence(
        block=block,
        kind=best.kind if best else UNKNOWN,
        what=best.what if best else _unexplained(tried),
        before=case.before,
        after=best.after if best else None,
        allowed=allowed,
        tried=tuple(tried),
    )


def _best(fitting: Sequence[FaultHypothesis], rounding: float) -> FaultHypothesis | None:
    """The first of those that leave as little as the best one does: weights come first, outputs last."""
    least = min((one.after for one in fitting), default=0.0)
    return next((one for one in fitting if one.after <= max(2 * least, rounding)), None)


def _unexplained(tried: Sequence[FaultHypothesis]) -> str:
    if not tried:
        return "no hypothesis applies to what differs"
    nearest = min(tried, key=lambda one: one.after)
    return f"none of {len(tried)} hypotheses explains it; nearest: {nearest.what}"
