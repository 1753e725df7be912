"""The configuration declares the context of another model."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K7", stage="checkpoint")
_CONTEXT = 300
"""Tokens; held-out text is scored in windows of the declared context."""


def plant(folder: Path) -> None:
    """The weights are those that were trained."""
    edit_json(folder / "config.json", lambda config: {**config, "max_position_embeddings": _CONTEXT})
