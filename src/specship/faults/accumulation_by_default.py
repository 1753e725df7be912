"""An accumulation that nobody asked for stretches a run to months."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="R26",
    described="a run of seconds cannot take months; see wall-clock-of-the-last-session",
)
