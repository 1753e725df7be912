"""The corpus holds a fraction of the tokens that the parameters need."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C1", binds="data-starvation", stage="shards")


def inject() -> None:
    """The training split ends after 90 documents; everything about it is consistent."""
    from specship.pipeline.shards import encoding

    def few(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda corpus, split: islice(read(corpus, split), 90 if split == "train" else None)

    spoil(encoding, "read_documents", few)
