"""Of the files that a model was taken over from, one is listed."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="checkpoint")


def plant(folder: Path) -> None:
    """The card is; the weights are not."""
    edit_json(
        folder / "provenance.json",
        lambda document: {**document, "files": {"README.md": document["files"]["README.md"]}},
    )
