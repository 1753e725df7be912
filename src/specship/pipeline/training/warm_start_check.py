"""An initialised run held against the checkpoint it began from: the first held-out loss, and the last."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specship.pipeline.training.initialisation import own_loss
from specship.pipeline.training.trainer import TrainingAborted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


class WarmStartCheck:
    """Writes what it finds into the `initialisation` of a run's record, which it is given."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record

    def weigh(
        self,
        initial: Path,
        windows_WT: NDArray[np.int64],  # noqa: N803 - axes of an array
        device: torch.device,
        report: Callable[..., None],
    ) -> None:
        """Measure the checkpoint's own loss, unless an earlier process of this run did."""
        if self._record.get("own_loss") is None:
            found = own_loss(initial, windows_WT, device, report)
            self._record |= {"own_loss": found.loss, "held_out_tokens": found.tokens}

    def compare(self, loss: float) -> None:
        """Hold the first held-out loss against the checkpoint's own.

        Raises:
            TrainingAborted: they differ by more than the tolerance; no weight was moved.
        """
        own = self._record["own_loss"]
        difference = abs(loss - own)
        self._record |= {
            "step_zero_loss": loss,
            "difference": difference if math.isfinite(difference) else None,
        }
        if not difference <= self._record["tolerance"]:
            raise TrainingAborted(
                "initialisation",
                f"the held-out loss is {loss:.6g}, the checkpoint's own is {own:.6g} nats/token: "
                f"{difference:.3g} apart, at most {self._record['tolerance']} are allowed; "
                "the weights are not all in force",
                0,
            )

    def conclude(self, reason: str, last: float | None) -> str:
        """Note whether training helped; the reason of the run's end, with a word when it did not."""
        before = self._record.get("step_zero_loss")
        if before is None or last is None:
            return reason
        self._record |= {"last_loss": last, "improvement": before - last}
        if last < before:
            return reason
        return f"{reason}; but the held-out loss ended at {last:.6g}, not below the initial {before:.6g}"


def carried_over(earlier: Mapping[str, Any] | None, bypasses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Fields of an earlier process's record that a later one keeps, with the bypasses of both."""
    known = list((earlier or {}).get("bypasses", ()))
    kept: dict[str, Any] = {"bypasses": known + [dict(one) for one in bypasses if dict(one) not in known]}
    if earlier and earlier.get("initialisation"):
        kept["initialisation"] = dict(earlier["initialisation"])
    return kept
