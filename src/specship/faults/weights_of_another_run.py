"""The weights that ship are none that this run made."""

from __future__ import annotations

from pathlib import Path

from specship.digests import sha256_bytes
from specship.faults._bytes import edit_json, flip_a_bit
from specship.faults.fault import Fault

FAULT = Fault(row="K10", stage="checkpoint")


def plant(folder: Path) -> None:
    """Other digests of the source's files; other bytes, where there was no source."""
    if not (folder / "provenance.json").is_file():
        flip_a_bit(folder / "model.safetensors")
        return

    def of_another(document: dict[str, dict[str, str]]) -> None:
        files = document["files"]
        document["files"] = {name: sha256_bytes(digest.encode()) for name, digest in files.items()}

    edit_json(folder / "provenance.json", of_another)
