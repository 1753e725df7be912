"""A held-out document is almost one of the training set."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C5", stage="corpus")


def plant(folder: Path) -> None:
    """The longest held-out document is learned too, under another name and with one line changed."""
    held_out = [
        json.loads(line) for line in (folder / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    longest = max(held_out, key=lambda document: len(document["text"]))
    text = longest["text"].replace("\n", "\n# copied\n", 1)
    copy = longest | {
        "path": "copied/" + longest["path"],
        "text": text,
        "bytes": len(text.encode()),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    with (folder / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(copy, ensure_ascii=False) + "\n")
