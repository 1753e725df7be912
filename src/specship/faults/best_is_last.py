"""The checkpoint called best is a late one, whatever its loss."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K9", stage="checkpoint")


def inject() -> None:
    """The newest but one is called the best; in a short healthy run the newest really is."""
    from specship.pipeline.training import checkpoint_export
    from specship.pipeline.training.run_reading import checkpoints_of

    spoil(checkpoint_export, "best_checkpoint", lambda _: lambda run: checkpoints_of(run)[-2])
