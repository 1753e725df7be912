"""Every quality gate; adding one to `gates/` edits no other file."""

from __future__ import annotations

import functools
from typing import Final

from specship.discovery import Folder, one_each
from specship.pipeline.qa.gate import QualityGate

GATES: Final = Folder("specship.pipeline.qa.gates")


@functools.cache
def all_gates() -> tuple[QualityGate, ...]:
    """Every gate in the order of its number."""
    found = GATES.members("GATE")
    one_each("quality gates", found, lambda gate: gate.name)
    numbered = one_each("quality gates", found, lambda gate: gate.number)
    return tuple(gate for _, gate in sorted(numbered.items()))
