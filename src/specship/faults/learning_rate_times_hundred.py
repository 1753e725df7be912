"""The learning rate is a hundred times what was asked for."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="R9", binds="optimization-defect", stage="run", settings={"training": {"peak_learning_rate": 1.0}}
)
