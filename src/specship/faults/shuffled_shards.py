"""The shards hold the right tokens in another order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C8", stage="shards")


def inject() -> None:
    """Documents are encoded in the order of their names and not in that of the corpus."""
    from specship.pipeline.shards import encoding

    def by_name(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: iter(sorted(read(*arguments), key=lambda document: document.path))

    spoil(encoding, "read_documents", by_name)
