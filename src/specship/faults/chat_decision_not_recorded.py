"""An evaluation does not say whether the chat template was used."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="completions")


def plant(folder: Path) -> None:
    """The decision is not in the record."""
    edit_json(folder / "generations.json", lambda about: {key: about[key] for key in about if key != "chat"})
