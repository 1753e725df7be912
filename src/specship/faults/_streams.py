"""Data that end before the plan does, for faults about what is made of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import spoil


def end_after(batches: int) -> None:
    """Let the reader of tokens have no more after so many batches."""
    from specship.pipeline.shards.token_reader import EndOfData, TokenReader

    def short(read: Callable[..., Any]) -> Callable[..., Any]:
        def next_batch(reader: TokenReader, sequences: int) -> Any:
            if reader.tokens_seen >= batches * sequences * reader.length:
                raise EndOfData(sequences, 0, reader.tokens_seen)
            return read(reader, sequences)

        return next_batch

    spoil(TokenReader, "next_batch", short)
