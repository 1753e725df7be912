"""A contract cites a measurement that does not exist."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="S5",
    described="reading such a contract ends with its place and exit status 2, before anything is measured",
)
