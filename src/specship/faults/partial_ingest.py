"""One of several corpus files was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C10", stage="corpus")


def inject() -> None:
    """The list of files ends after a quarter of them."""
    from specship.pipeline import corpus_source

    def quarter(listing: Callable[..., Any]) -> Callable[..., Any]:
        def listed(*arguments: Any) -> Any:
            found = listing(*arguments)
            return found[: max(1, len(found) // 4)]

        return listed

    spoil(corpus_source, "list_files", quarter)
