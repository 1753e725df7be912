"""The tokens of the prompt are counted as tokens that were decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E9", stage="speed")


def inject() -> None:
    """A sample's tokens begin with those of the prompt."""
    from specship.pipeline.inference import decode_bench

    def with_prompt(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            decode = make(*arguments)

            def counted(prompt_ids: Any, tokens: int) -> Any:
                seconds, found = decode(prompt_ids, tokens)
                return seconds, (*prompt_ids, *found)

            return counted

        return made

    spoil(decode_bench, "_ours", with_prompt)
