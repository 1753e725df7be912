"""The export has no chat template, and everybody who runs it guesses one."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
