"""The tokenizer splits at white space and loses the indentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T5", stage="tokenizer")


def plant(folder: Path) -> None:
    """Words are split at white space, which is thrown away, before bytes are looked at."""

    def split(tokenizer: Any) -> None:
        tokenizer["pre_tokenizer"] = {
            "type": "Sequence",
            "pretokenizers": [{"type": "WhitespaceSplit"}, tokenizer["pre_tokenizer"]],
        }

    edit_json(folder / "tokenizer.json", split)
