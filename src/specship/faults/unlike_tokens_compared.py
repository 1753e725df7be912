"""What one side says of the last token is compared with what the other says of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I2", stage="parity")


def inject() -> None:
    """Our decoder gets the last token of each prompt, llama.cpp the whole prompt."""
    from specship.pipeline.inference.decoder import Decoder

    def last_only(generate: Callable[..., Any]) -> Callable[..., Any]:
        return lambda decoder, prompt_ids, *rest, **named: generate(decoder, prompt_ids[-1:], *rest, **named)

    spoil(Decoder, "generate", last_only)
