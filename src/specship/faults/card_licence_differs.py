"""The model card names another licence than the data has."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import relist
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="publication")


def plant(folder: Path) -> None:
    """The card is that of a permissive licence."""
    card = folder / "README.md"
    lines = card.read_text(encoding="utf-8").splitlines(keepends=True)
    card.write_text(
        "".join("license: mit\n" if line.startswith("license:") else line for line in lines), encoding="utf-8"
    )
    relist(folder)
