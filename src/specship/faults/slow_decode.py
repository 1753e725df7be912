"""Decoding is slower than a reader can wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I3", stage="speed")


def inject() -> None:
    """Each step of the decoder waits for a host that copies weights."""
    from specship.pipeline import decode_bench

    def slower(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            decode = make(*arguments)

            def waiting(prompt_ids: Any, tokens: int) -> Any:
                seconds, found = decode(prompt_ids, tokens)
                wait = len(found) / 35
                time.sleep(wait)
                return seconds + wait, found

            return waiting

        return made

    spoil(decode_bench, "_ours", slower)
