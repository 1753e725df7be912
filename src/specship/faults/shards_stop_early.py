"""Encoding stops after half of the documents and says that it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C10", stage="shards")


def inject() -> None:
    """The second half of the documents is left out."""
    from specship.pipeline.shards import encoding

    def half(read: Callable[..., Any]) -> Callable[..., Any]:
        def some(*arguments: Any) -> Any:
            documents = list(read(*arguments))
            return iter(documents[: len(documents) // 2])

        return some

    spoil(encoding, "read_documents", half)
