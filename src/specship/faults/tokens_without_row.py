"""The tokenizer has more tokens than the embedding has rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T1", stage="checkpoint")


def plant(folder: Path) -> None:
    """A hundred rows fewer are declared."""

    def fewer(config: Any) -> None:
        config["vocab_size"] -= 100

    edit_json(folder / "config.json", fewer)
