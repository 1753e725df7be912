"""Early stopping reacts to the noise of a held-out set of two batches."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="R4",
    binds="optimization-defect",
    stage="run",
    settings={"training": {"evaluation_tokens": 1024, "patience": 2}},
)
