"""Every prompt gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E7", stage="generations")


def inject() -> None:
    """The first completion is given again to everybody."""
    from specship.pipeline.inference.decoder import Decoder

    first: list[Any] = []

    def same(generate: Callable[..., Any]) -> Callable[..., Any]:
        def generated(*arguments: Any, **named: Any) -> Any:
            first.append(first[0] if first else generate(*arguments, **named))
            return first[0]

        return generated

    spoil(Decoder, "generate", same)
