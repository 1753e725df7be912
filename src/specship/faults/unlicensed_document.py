"""A document whose licence is not allowed is in the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="corpus")


def plant(folder: Path) -> None:
    """A document is recorded under a licence that no contract allows."""

    def relicense(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        lines[0]["licence"] = "AGPL-3.0-only"
        return lines

    edit_lines(folder / "train.jsonl", relicense)
