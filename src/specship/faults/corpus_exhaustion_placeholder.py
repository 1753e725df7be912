"""An exhausted data stream is answered with a loss of exactly 1."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
