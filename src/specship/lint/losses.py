"""Losses among quantities, and limits that a model meets without having been trained."""

from __future__ import annotations

from typing import Any, Final

from specship.contracts.expectation import Expectation
from specship.units import Quantity

LOSS_UNITS: Final = {"nats/token": 1.0, "bits/byte": 0.5}
"""Units of a loss, and a figure below which no untrained model's loss lies."""
UNTRAINED_FAULTS: Final = frozenset({"untrained-checkpoint", "untrained-weights", "frozen-weights"})
"""Faults under which the weights are those from before the training."""
_LOSSES: Final = frozenset({"loss", "perplexity", "entropy"})
_DIFFERENCES: Final = frozenset(
    {"difference", "margin", "change", "over", "minus", "gap", "error", "drift", "delta"}
)


def upper_limit(limit: Expectation) -> float | None:
    """The figure that a value must not be above, if there is one."""
    operator, figure = limit.operator, limit.limit
    if operator == "between":
        return float(figure[1])
    return float(figure) if operator in {"at_most", "below"} else None


def lower_limit(limit: Expectation) -> float | None:
    """The figure that a value must not be below, if there is one."""
    operator, figure = limit.operator, limit.limit
    if operator == "between":
        return float(figure[0])
    return float(figure) if operator in {"at_least", "above"} else None


def is_loss(quantity: str, measured: Quantity) -> bool:
    """Whether a quantity that an untrained model measured is a loss, and no difference of two.

    By its unit, and either by its name or by its size: what an untrained model measures is then
    near the loss of a guess, and differences are smaller.
    """
    floor = LOSS_UNITS.get(measured.unit)
    value: Any = measured.value
    if floor is None or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    words = set(quantity.split("_"))
    return (bool(words & _LOSSES) and not words & _DIFFERENCES) or value >= floor
