"""The driver was asked about another card than the one that computed."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


_COMPUTED = "GPU-11111111-1111-1111-1111-111111111111"
_ASKED = "GPU-22222222-2222-2222-2222-222222222222"


def plant(folder: Path) -> None:
    """Samples and record name two cards, and neither is here."""
    edit_lines(folder / "devices.jsonl", lambda lines: [{**line, "uuid": _ASKED} for line in lines])
    edit_json(
        folder / "run.json",
        lambda document: {**document, "placement": {**document["placement"], "computed_on": _COMPUTED}},
    )
