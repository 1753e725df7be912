"""Query and key rows stand in the order of another rotary layout."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I1", stage="gguf")


def inject() -> None:
    """The rows of each head stay as transformers has them: all first halves before all second ones."""
    from specship.pipeline.export import tensor_data

    spoil(tensor_data, "interleave_rows", lambda _: lambda rows, _heads: rows)
