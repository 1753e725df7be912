"""A model was taken over from a source that names no licence."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="checkpoint")


def plant(folder: Path) -> None:
    """The licence on record is nobody's."""
    edit_json(folder / "provenance.json", lambda record: record | {"licence": "unknown"})
