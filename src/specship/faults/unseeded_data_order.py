"""The same seed gives another order of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R17", stage="replay")


def inject() -> None:
    """The order is drawn from the system's own randomness."""
    import numpy as np

    from specship.pipeline.shards.token_reader import TokenReader

    def unseeded(_order: Callable[..., Any]) -> Callable[..., Any]:
        return lambda reader, _epoch: np.random.default_rng().permutation(reader.windows)

    spoil(TokenReader, "_order_of", unseeded)
