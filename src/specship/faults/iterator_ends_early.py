"""The data iterator ends, and the run says after a few steps that all of them were done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R24", binds="infrastructure-masking", stage="run")
_BATCHES = 43


def inject() -> None:
    """After 43 batches the reader has no more, which ends the loop as its plan would."""
    from specship.pipeline import training
    from specship.pipeline.token_reader import EndOfData, TokenReader

    def short(read: Callable[..., Any]) -> Callable[..., Any]:
        def next_batch(reader: TokenReader, sequences: int) -> Any:
            if reader.tokens_seen >= _BATCHES * sequences * reader.length:
                raise EndOfData(sequences, 0, reader.tokens_seen)
            return read(reader, sequences)

        return next_batch

    def content(steps: Callable[..., Any]) -> Callable[..., Any]:
        def done(run: Any, *arguments: Any) -> Any:
            try:
                return steps(run, *arguments)
            except EndOfData:
                run.evaluate()
                return training.Outcome("completed", "every planned step was done", run.trainer.step)

        return done

    spoil(TokenReader, "next_batch", short)
    spoil(training._Run, "steps", content)
