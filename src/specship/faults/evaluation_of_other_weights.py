"""The evaluation is one of other weights than those that ship."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K10", stage="evaluation")


def plant(folder: Path) -> None:
    """Name other weights as those that were evaluated."""
    edit_json(folder / "evaluation.json", _other)


def _other(received: dict[str, dict[str, str]]) -> None:
    received["weights"] = {name: digest[::-1] for name, digest in received["weights"].items()}
