"""The biases of queries, keys and values are not exported."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="K3",
    described="the model that is trained here has none; it takes a model that was imported",
)
