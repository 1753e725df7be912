"""What `specship compare --format json` wrote, read with distrust."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from specship.exhibits.thinning import thinned
from specship.records import OpenRecord, checked, read_record
from specship.status.exhibits import ComparedBlock, ComparedPair

MOST_POSITIONS: Final = 400
_FIGURES: Final = {
    "tokens_compared": "tokens compared",
    "top1_agreement": "top-1 agreement",
    "mean_kl": "mean KL, nats/token",
    "max_kl": "largest KL, nats/token",
    "max_abs_logit": "largest centred logit apart",
    "logit_allowed": "logit apart that rounding explains",
    "tensors_compared": "tensors compared",
    "tensors_equal": "tensors equal",
    "tensors_departing": "tensors that diverge",
}


class _Position(OpenRecord):
    position: int
    kl: float | int | None


class _Block(OpenRecord):
    stage: str
    relative_difference: float | int | None
    allowed: float | int | None
    departs: bool


class _Compared(OpenRecord):
    a: str
    b: str
    first_diverging_block: str | None
    stages: list[_Block]
    positions: list[_Position]
    tokens_compared: int
    top1_agreement: float | int | None


def read_comparison(path: Path) -> ComparedPair:
    """A comparison that was written to a file.

    Raises:
        DamagedArtifact: it is none.
    """
    what = "no comparison"
    mend = "write one: specship compare A B --format json > FILE"
    known = read_record(_Compared, path, what=what, mend=mend)
    everything: dict[str, Any] = read_record(_Everything, path, what=what, mend=mend).model_extra or {}
    return _pair(known, everything)


class _Everything(OpenRecord):
    model_config = {**OpenRecord.model_config, "extra": "allow"}


def compared_pair(document: dict[str, Any]) -> ComparedPair:
    """The same of a comparison that was just made."""
    return _pair(checked(_Compared, document, Path("the comparison")), document)


def _pair(known: _Compared, everything: dict[str, Any]) -> ComparedPair:
    largest: dict[int, float] = {}  # of all sequences, at each position
    for one in known.positions:
        if one.kl is not None:
            largest[one.position] = max(largest.get(one.position, 0.0), float(one.kl))
    points = [(float(place), kl) for place, kl in sorted(largest.items())]
    first = known.first_diverging_block or ""
    return ComparedPair(
        a=known.a,
        b=known.b,
        figures={
            words: float(everything[name]) if isinstance(everything.get(name), int | float) else None
            for name, words in _FIGURES.items()
        },
        positions=thinned(points, MOST_POSITIONS, lambda point: point[1]),
        positions_of=len(points),
        blocks=tuple(
            ComparedBlock(
                block=one.stage,
                difference=one.relative_difference,
                allowed=one.allowed,
                diverges=one.departs,
            )
            for one in known.stages
        ),
        first_diverging=first,
        verdict=f"they diverge first in {first}" if first else "nothing diverges",
    )
