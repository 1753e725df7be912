"""Parity is looked at after the first token, and later steps part."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="I6", stage="parity", settings={"parity": {"steps": 1}})
