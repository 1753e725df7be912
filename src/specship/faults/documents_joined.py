"""Documents are joined to a few, and one of them stands under a licence that nobody may use here."""

from __future__ import annotations

from pathlib import Path

from specship.digests import sha256_bytes
from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="corpus")
_LEFT = 30


def plant(folder: Path) -> None:
    """Thirty documents are left of each split; the first training document names another licence."""
    for split in ("train", "heldout"):
        edit_lines(folder / f"{split}.jsonl", _joined)
    edit_lines(folder / "train.jsonl", lambda lines: [{**lines[0], "licence": "AGPL-3.0-only"}, *lines[1:]])


def _joined(lines: list[Line]) -> list[Line]:
    found = []
    for start in range(_LEFT):
        text = "\n".join(line["text"] for line in lines[start::_LEFT])
        data = text.encode()
        found.append({**lines[start], "text": text, "bytes": len(data), "sha256": sha256_bytes(data)})
    return found
