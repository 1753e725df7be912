"""Of the parity's record one prompt and one text are left."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="I6", stage="parity")


def plant(folder: Path) -> None:
    """The others are not there."""
    edit_json(
        folder / "parity.json",
        lambda document: {**document, "prompts": document["prompts"][:1], "texts": document["texts"][:1]},
    )
