"""The data begin again from their first batch when a run is resumed."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R34", stage="replay")


def inject() -> None:
    """The place in the data is read and not taken up."""
    from specship.pipeline.shards.token_reader import TokenReader

    spoil(TokenReader, "restore", lambda _: lambda _reader, _state: None)
