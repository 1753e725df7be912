"""A pickle, which runs code when it is loaded, lies beside the weights."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="K11", stage="checkpoint")


def plant(folder: Path) -> None:
    """A file of torch's old kind."""
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
