"""A gate, and how all of them are found: every file in `gates/` has one `GATE`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specship.pipeline.qa.records import GateFindings, GateLimits
from specship.pipeline.qa.subject import Subject

if TYPE_CHECKING:
    # A digest of code follows imports and no scan; without this line a changed gate would leave
    # evidence fresh. The scan below needs none of it.
    from specship.pipeline.qa.gates import (  # noqa: F401
        golden,
        inventory,
        layout,
        metadata,
        parity,
        statistics,
        structure,
        tokenizer,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGate:
    """One question to a model: what is measured, and within which limits the answer is yes."""

    number: int
    """Its place in the report, from 1."""
    name: str
    measure: Callable[[Subject], GateFindings]
    """Raises our own errors where it cannot measure; the runner turns them into verdicts."""
    limits: Callable[[Subject], GateLimits]


@functools.cache
def all_gates() -> tuple[QualityGate, ...]:
    """Every gate in the order of its number."""
    package = importlib.import_module("specship.pipeline.qa.gates")
    found = [
        importlib.import_module(f"{package.__name__}.{entry.name}").GATE
        for entry in pkgutil.iter_modules(package.__path__)
    ]
    return tuple(sorted(found, key=lambda gate: gate.number))
