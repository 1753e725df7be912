"""What the second runner said is of another model, and of its first step alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="I6", stage="qa")


def plant(folder: Path) -> None:
    """Each prompt has one step, with another token and other probabilities."""

    def edit(document: dict[str, Any]) -> None:
        for model in document["models"].values():
            gate = next(gate for gate in model["gates"] if gate["name"] == "parity")
            for prompt in gate["records"]["prompts"]:
                prompt["steps"] = [_another(step) for step in prompt["steps"][:1]]

    edit_json(folder / "qa.json", edit)


def _another(step: dict[str, Any]) -> dict[str, Any]:
    unlikely = {token: value - 1.0 for token, value in step["logprobs"].items()}
    return {"token": int(min(unlikely, key=unlikely.__getitem__)), "logprobs": unlikely}
