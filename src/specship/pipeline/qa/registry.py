"""Every quality gate; adding one to `gates/` edits no other file."""

from __future__ import annotations

import functools
from typing import Final

from specship.discovery import Folder
from specship.pipeline.qa.gate import QualityGate

GATES: Final = Folder("specship.pipeline.qa.gates")


@functools.cache
def all_gates() -> tuple[QualityGate, ...]:
    """Every gate in the order of its number."""
    return tuple(sorted(GATES.members("GATE").values(), key=lambda gate: gate.number))
