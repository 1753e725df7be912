"""Some of the corpus files were not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C10", stage="corpus")


def inject() -> None:
    """Every third file is left out of the list."""
    from specship.pipeline.corpus import source

    def some(listing: Callable[..., Any]) -> Callable[..., Any]:
        def listed(*arguments: Any) -> Any:
            found = listing(*arguments)
            return [file for place, file in enumerate(found) if place % 3]

        return listed

    spoil(source, "list_files", some)
