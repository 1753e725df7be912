"""Query and key rows stand in the order of another rotary layout."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="X4", stage="gguf")


def inject() -> None:
    """The writer leaves the rows in the checkpoint's order, as a converter does that knows no llama.cpp."""
    from specship.pipeline import gguf_writer

    spoil(gguf_writer, "interleave_rows", lambda _: lambda array, _heads: array)
