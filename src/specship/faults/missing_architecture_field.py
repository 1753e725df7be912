"""The config lacks a field that a reader needs to build the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K2", stage="checkpoint")


def plant(folder: Path) -> None:
    """No hidden size."""

    def without(config: Any) -> None:
        del config["hidden_size"]

    edit_json(folder / "config.json", without)
