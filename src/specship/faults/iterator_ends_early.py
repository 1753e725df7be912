"""The data iterator ends and the run stops after a few steps with exit status 0."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
