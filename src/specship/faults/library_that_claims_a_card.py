"""A library of the driver's name claims a card that the kernel does not have."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


_CLAIMED = "GPU-11111111-1111-1111-1111-111111111111"


def plant(folder: Path) -> None:
    """Everything agrees, with a card that is on no machine."""
    edit_lines(
        folder / "devices.jsonl", lambda lines: [{**line, "kind": "cuda", "uuid": _CLAIMED} for line in lines]
    )
    claims = {"kind": "cuda", "source": "nvml", "computed_on": _CLAIMED, "known_to_kernel": False}

    def claimed(document: dict[str, object]) -> dict[str, object]:
        placement = document["placement"]
        assert isinstance(placement, dict)  # noqa: S101 - the run was made a moment ago
        card = {**placement["card"], "name": "NVIDIA H200", "uuid": _CLAIMED}
        return {**document, "placement": {**placement, **claims, "card": card}}

    edit_json(folder / "run.json", claimed)
