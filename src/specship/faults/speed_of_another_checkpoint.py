"""The speed that is shown was measured on other weights."""

from __future__ import annotations

from specship.faults._bytes import of_other_weights
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K10", stage="speed")


def inject() -> None:
    """The bench opens a folder whose weights are other ones."""
    from specship.pipeline.inference import decode_bench

    spoil(decode_bench, "bench", of_other_weights)
