"""A checksum is stored and compared by nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K6", stage="checkpoint")


def inject() -> None:
    """A bit of the weights turns over behind the manifest, and what should verify them looks away."""
    from specship.pipeline.training import checkpoint_export

    def blind(verify: Callable[[Path], None]) -> Callable[[Path], None]:
        def verified(folder: Path) -> None:
            if folder.parent.name == "checkpoints":  # the run's own checkpoint, from which it is copied
                verify(folder)
            else:
                flip_a_bit(folder / "model.safetensors")

        return verified

    spoil(checkpoint_export, "verify_manifest", blind)
