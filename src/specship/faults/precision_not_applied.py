"""bfloat16 was asked for, and the products were done in float32."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="I3", stage="run")


def plant(folder: Path) -> None:
    """The settings ask for bfloat16; what was seen stays as it is."""

    def asking(document: dict[str, object]) -> None:
        config = document["config"]
        assert isinstance(config, dict)  # noqa: S101 - the run was made a moment ago
        config["training"]["precision"] = "bfloat16-autocast"

    edit_json(folder / "run.json", asking)
