"""The template renders as another model's does."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
