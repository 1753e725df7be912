"""The file ends before its last tensor does."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="X4",
    described="the reader refuses such a file: there is no measurement to judge, which is ERROR and no pass",
)
