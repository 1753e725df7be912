"""A chat model is evaluated on raw text, without its chat template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="completions")


def plant(folder: Path) -> None:
    """The record says that the model wants no template."""

    def unwanted(about: Any) -> None:
        about["chat"]["wants"] = not about["chat"]["wants"]

    edit_json(folder / "generations.json", unwanted)
