"""Prompts of the parity do not stand in the held-out documents that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="C5", stage="parity")


def plant(folder: Path) -> None:
    """They name documents that nobody held out."""

    def edit(document: dict[str, Any]) -> None:
        for prompt in document["prompts"]:
            prompt["document_sha256"] = "0" * 64

    edit_json(folder / "parity.json", edit)
