"""A chat model is evaluated on raw text, without its chat template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E2", stage="humaneval")


def inject() -> None:
    """Whoever writes the prompts takes the checkpoint for a base model."""
    from specship.pipeline.evaluation.humaneval import prompting

    def plain(decide: Callable[..., Any]) -> Callable[..., Any]:
        return lambda path: replace(decide(path), wants=False)

    spoil(prompting, "chat_decision", plain)
