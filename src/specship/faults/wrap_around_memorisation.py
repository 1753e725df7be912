"""A small corpus is read so often that the model learns it by heart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C3", binds="data-starvation", stage="shards", settings={"training": {"at_end": "cycle"}})


def inject() -> None:
    """The training split ends after 2 documents; everything about it is consistent."""
    from specship.pipeline.shards import encoding

    def few(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda corpus, split: islice(read(corpus, split), 2 if split == "train" else None)

    spoil(encoding, "read_documents", few)
