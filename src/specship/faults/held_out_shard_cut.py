"""The held-out tokens were cut in the middle of a document."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="shards")
_TOKENS = 1000


def plant(folder: Path) -> None:
    """A thousand tokens are left, the last of them none that ends a document."""
    import numpy as np

    from specship.strict_json import read_json

    manifest = read_json(folder / "manifest.json")
    entry = next(entry for entry in manifest["shards"] if entry["split"] == "heldout")
    tokens = np.fromfile(folder / entry["file"], dtype=manifest["dtype"])[:_TOKENS]
    tokens[-1] = manifest["separator_id"] + 1
    tokens.tofile(folder / entry["file"])
