"""Every byte becomes a token of its own: twice the tokens for a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C7", stage="shards")


def inject() -> None:
    """The encoder has the vocabulary and none of the merges."""
    from specship.pipeline.shards import encoding
    from specship.pipeline.tokenizer.opening import tokenizer_of

    def without_merges(opening: Callable[..., Any]) -> Callable[..., Any]:
        def opened(folder: Path) -> Any:
            whole = json.loads(opening(folder).to_str())
            whole["model"]["merges"] = []
            tokenizer = tokenizer_of(json.dumps(whole), folder)
            tokenizer.encode_special_tokens = True
            return tokenizer

        return opened

    spoil(encoding, "open_for_documents", without_merges)
