"""The data begin again and nothing says so."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(
    row="C3",
    binds="infrastructure-masking",
    stage="run",
    settings={"corpus": {"file_bytes_limit": 1500}, "training": {"at_end": "cycle"}},
)


def inject() -> None:
    """Nobody listens to the reader when it begins again."""
    from specship.pipeline.training import training

    spoil(training._TrainingRun, "_wrapped", lambda _: lambda _run, _epoch, _seen: None)
