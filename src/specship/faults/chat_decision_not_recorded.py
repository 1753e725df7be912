"""An evaluation does not say whether the chat template was used."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
