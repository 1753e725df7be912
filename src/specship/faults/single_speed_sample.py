"""One sample of a speed is taken for the speed."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="E11", stage="speed", settings={"speed": {"samples": 1}})
