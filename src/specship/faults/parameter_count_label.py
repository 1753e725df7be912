"""The label says another number of parameters than the tensors have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K7", stage="checkpoint")


def plant(folder: Path) -> None:
    """The config declares a layer more than is stored."""

    def one_more(config: Any) -> None:
        config["num_hidden_layers"] += 1

    edit_json(folder / "config.json", one_more)
