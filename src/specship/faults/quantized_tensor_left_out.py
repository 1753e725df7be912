"""One tensor was not compared with its original; the others were called all."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="X8",
    described="whoever opens an export refuses one that lacks a tensor, so that there is nothing to judge",
)
