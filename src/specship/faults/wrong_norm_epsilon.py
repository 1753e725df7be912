"""The stored config names another epsilon of the norms than the run used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R38", stage="checkpoint")


def plant(folder: Path) -> None:
    """A thousand times the epsilon."""

    def larger(config: Any) -> None:
        config["rms_norm_eps"] = 1000 * config["rms_norm_eps"]

    edit_json(folder / "config.json", larger)
