"""The stored config names another rotary base than the run used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R38", stage="checkpoint")


def plant(folder: Path) -> None:
    """A base a hundred times as large, wherever the config names it."""

    def rebase(config: Any) -> None:
        config["rope_theta"] = 100 * config["rope_theta"]
        if isinstance(config.get("rope_parameters"), dict):
            config["rope_parameters"]["rope_theta"] = config["rope_theta"]

    edit_json(folder / "config.json", rebase)
