"""The template that came with the weights renders otherwise than its makers say."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="checkpoint")


def plant(folder: Path) -> None:
    """Turns begin with another mark, here and in every export."""
    path = folder / "chat_template.jinja"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("<|im_start|>", "<|turn|>"), encoding="utf-8")
