"""Documents are joined to a few, and one of them stands under a licence that nobody may use here."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from specship.digests import sha256_bytes
from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="corpus")
_LEFT = {"train": 30, "heldout": 1}
"""Documents; no word of them is lost."""


def plant(folder: Path) -> None:
    """One held-out document is left; the first training document names another licence."""
    for split, left in _LEFT.items():
        edit_lines(folder / f"{split}.jsonl", partial(_joined, left=left))
    edit_lines(folder / "train.jsonl", lambda lines: [{**lines[0], "licence": "AGPL-3.0-only"}, *lines[1:]])


def _joined(lines: list[Line], *, left: int) -> list[Line]:
    found = []
    for start in range(min(left, len(lines))):
        text = "\n".join(line["text"] for line in lines[start::left])
        data = text.encode()
        found.append({**lines[start], "text": text, "bytes": len(data), "sha256": sha256_bytes(data)})
    return found
