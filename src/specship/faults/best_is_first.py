"""The checkpoint called best holds the weights of the first evaluation."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K9", stage="checkpoint")


def inject() -> None:
    """The checkpoint of step 0 is called the best."""
    from specship.pipeline.training import checkpoint_export
    from specship.pipeline.training.run_reading import checkpoints_of

    spoil(checkpoint_export, "best_checkpoint", lambda _: lambda run: checkpoints_of(run)[0])
