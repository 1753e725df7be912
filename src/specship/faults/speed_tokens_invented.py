"""Fewer tokens were generated than the speed was computed from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R12", stage="speed")


def inject() -> None:
    """Half of the tokens are decoded, and the last one is repeated to the full count."""
    from specship.pipeline.inference import decode_bench

    def padding(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            decode = make(*arguments)

            def halved(prompt_ids: Any, tokens: int) -> Any:
                seconds, found = decode(prompt_ids, tokens // 2)
                return seconds, (*found, *[found[-1]] * (tokens - len(found)))

            return halved

        return made

    spoil(decode_bench, "_ours", padding)
