"""The config lacks a field, and its readers each take a default of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K2", stage="checkpoint")


def plant(folder: Path) -> None:
    """No epsilon of the norms."""

    def without(config: Any) -> None:
        del config["rms_norm_eps"]

    edit_json(folder / "config.json", without)
