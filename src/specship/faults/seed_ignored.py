"""Another seed gives the same run."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R18", stage="replay")


def inject() -> None:
    """The other seed is written down and not used."""
    from specship.pipeline.training import determinism_check

    spoil(determinism_check, "with_seed", lambda _: lambda recipe, _seed: recipe)
