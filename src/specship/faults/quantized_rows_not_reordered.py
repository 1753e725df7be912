"""Rows of quantized queries and keys stand in the order of another rotary layout."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I1", stage="quantized")


def inject() -> None:
    """The rows of each head are quantized as transformers has them."""
    from specship.pipeline.export import tensor_data

    spoil(tensor_data, "interleave_rows", lambda _: lambda rows, _heads: rows)
