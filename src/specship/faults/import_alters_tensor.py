"""A tensor of an imported checkpoint has other numbers than its source."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
