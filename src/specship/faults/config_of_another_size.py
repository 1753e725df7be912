"""The configuration beside the weights is that of a model of another size."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K7", stage="checkpoint")


def plant(folder: Path) -> None:
    """Every size is another one."""
    sizes = {
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 8,
        "num_key_value_heads": 1,
        "intermediate_size": 128,
        "vocab_size": 640,
    }
    edit_json(folder / "config.json", lambda document: {**document, **sizes})
