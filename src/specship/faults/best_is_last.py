"""The checkpoint called best is the last one, whatever its loss."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K9", stage="checkpoint")


def inject() -> None:
    """Of the checkpoints that the run kept, the newest but one is called the best."""
    from specship.pipeline import checkpoint_export
    from specship.pipeline.run_reading import checkpoints_of

    spoil(checkpoint_export, "best_checkpoint", lambda _: lambda run: checkpoints_of(run)[-2])
