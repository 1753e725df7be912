"""Decoding is slower than a reader can wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I3", stage="speed")
_SECONDS = 1 / 28
"""A token; slower than the lowest rate that a contract calls fast enough, 30 tokens a second."""


def inject() -> None:
    """Each token waits for a host that copies weights."""
    from specship.pipeline.inference.text_decoder import TokenStream

    def slower(draw: Callable[[Any], int]) -> Callable[[Any], int]:
        def drawn(stream: Any) -> int:
            time.sleep(_SECONDS)
            return draw(stream)

        return drawn

    spoil(TokenStream, "next", slower)
