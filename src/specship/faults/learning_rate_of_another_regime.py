"""A run from scratch has the learning rate that belongs to fine-tuning."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="R40",
    stage="run",
    settings={"training": {"mode": "fine-tune", "peak_learning_rate": None, "warmup_steps": None}},
)
