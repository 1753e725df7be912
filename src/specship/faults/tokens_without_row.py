"""The tokenizer has more tokens than the embedding has rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json, edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="T1", stage="checkpoint")
_ROWS = 100


def plant(folder: Path) -> None:
    """The last hundred rows are cut off, and the config declares what is left."""

    def cut(tensors: dict[str, Any]) -> None:
        for name in {"model.embed_tokens.weight", "lm_head.weight"} & tensors.keys():
            tensors[name] = tensors[name][:-_ROWS]

    def fewer(config: Any) -> None:
        config["vocab_size"] -= _ROWS

    edit_tensors(folder / "model.safetensors", cut)
    edit_json(folder / "config.json", fewer)
