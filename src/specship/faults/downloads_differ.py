"""What a download brings is not what was published."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="P2", stage="readback")


def inject() -> None:
    """The server hands out an older copy, whose weights differ in one bit."""
    from specship.pipeline.publication import fetching

    def stale(
        served: Callable[..., AbstractContextManager[str]],
    ) -> Callable[..., AbstractContextManager[str]]:
        def older(folder: Path, address: str | None) -> AbstractContextManager[str]:
            copy = Path(tempfile.mkdtemp()) / "published"
            shutil.copytree(folder, copy)
            flip_a_bit(copy / "model.safetensors")
            return served(copy, address)

        return older

    spoil(fetching, "served", stale)
