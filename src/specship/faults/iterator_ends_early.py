"""The data iterator ends and the run stops after a few steps with exit status 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R24", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """After 43 batches the reader has no more."""
    from specship.pipeline.token_reader import EndOfData, TokenReader

    def short(read: Callable[..., Any]) -> Callable[..., Any]:
        def next_batch(reader: TokenReader, sequences: int) -> Any:
            if reader.tokens_seen >= 43 * sequences * reader.length:
                raise EndOfData(sequences, 0, reader.tokens_seen)
            return read(reader, sequences)

        return next_batch

    spoil(TokenReader, "next_batch", short)
