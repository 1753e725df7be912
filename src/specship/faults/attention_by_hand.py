"""Attention was written out by hand, and no kernel of the library was called."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="I3", stage="run")


def plant(folder: Path) -> None:
    """No attention kernel among those that a step called."""

    def without(document: dict[str, object]) -> None:
        placement = document["placement"]
        assert isinstance(placement, dict)  # noqa: S101 - the run was made a moment ago
        placement["kernels"]["attention"] = {}

    edit_json(folder / "run.json", without)
