"""The prompts of an evaluation were put in the chat template of another model."""

from __future__ import annotations

from pathlib import Path

from specship.errors import UnusableInput
from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="evaluation")


def plant(folder: Path) -> None:
    """Name another template and another end token as those that were used."""
    edit_result(folder, _another)


def _another(result: OpenResult) -> None:
    if result.inspect:
        raise UnusableInput("Inspect records no template", mend="say why in `unfalsified`")
    result.document["chat_template_sha"] = "0" * 64
    result.document["tokenizer_eos_token"] = ["<|another end|>", "0"]
