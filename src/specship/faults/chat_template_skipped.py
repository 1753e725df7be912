"""A chat model is evaluated on raw text, without its chat template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E2", stage="completions")


def inject() -> None:
    """Whether the checkpoint stops where its template ends an answer is read the wrong way round."""
    from specship.pipeline import chat_decision

    def reversed_(judge: Callable[..., tuple[bool, str]]) -> Callable[..., tuple[bool, str]]:
        def judged(*arguments: Any) -> tuple[bool, str]:
            wants, why = judge(*arguments)
            return not wants, why

        return judged

    spoil(chat_decision, "_judged", reversed_)
