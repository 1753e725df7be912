"""Documents are separated by an ordinary token instead of the end token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C6", stage="shards")


def inject() -> None:
    """The literal spelling is looked up as an ordinary vocabulary entry."""
    from specship.pipeline.shards import encoding

    def ordinary(finding: Callable[..., Any]) -> Callable[..., Any]:
        def found(folder: Any, tokenizer: Any) -> Any:
            spelling, _ = finding(folder, tokenizer)
            return spelling, tokenizer.token_to_id("s")

        return found

    spoil(encoding, "separator_of", ordinary)
