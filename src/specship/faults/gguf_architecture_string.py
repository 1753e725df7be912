"""The GGUF names a Python class where llama.cpp expects an architecture."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(row="", described="nobody has written yet how it is planted")
