"""A run from scratch has the learning rate that belongs to fine-tuning."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="R40",
    binds="optimization-defect",
    stage="run",
    settings={"training": {"peak_learning_rate": 5e-5, "warmup_steps": 100}},
)
