"""A real training stage that dies by SIGKILL at one exact call; a test starts it as a child.

    python -m tests.pipeline.killed_child CALL NUMBER < request.json

CALL is `forward` (inside a step, between two accumulated batches too), `fsync`, `rename`,
`open` or `write` of the checkpoint and log writing, or `none`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _dies_at(number: int, call: Callable[..., Any]) -> Callable[..., Any]:
    count = 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)

    return counted


def main() -> int:
    """Plant the kill and run the stage as its parent would."""
    call, number = sys.argv[1], int(sys.argv[2])
    import torch

    from specship.pipeline import __main__ as child
    from specship.pipeline import checkpoints, trainer

    torch.set_num_interop_threads(1)
    if call == "forward":
        trainer.mean_loss = _dies_at(number, trainer.mean_loss)
    elif call == "tensors":
        checkpoints.save_file = _dies_at(number, checkpoints.save_file)
    elif call == "rename":
        Path.rename = _dies_at(number, Path.rename)  # type: ignore[method-assign]
    elif call != "none":
        setattr(os, call, _dies_at(number, getattr(os, call)))
    return child.main()


if __name__ == "__main__":
    sys.exit(main())
