"""A chat model is evaluated on raw text, without its chat template."""

from __future__ import annotations

from specship.faults.fault import Fault

FAULT = Fault(
    row="E2",
    described="no gate with a probe looks at the chat template yet",
)
