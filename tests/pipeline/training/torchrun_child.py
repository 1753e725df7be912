"""`specship` as `torchrun` starts it in each process, with a defect planted in the last one.

torchrun … torchrun_child.py DEFECT AT VERB …
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any


def _spoil(defect: str, at: int) -> None:
    """Step `at` of this process is the one that goes wrong."""
    import torch

    from specship.pipeline.training.trainer import Trainer

    take_step = Trainer.take_step

    def spoilt(self: Any) -> Any:
        restarts = os.environ["TORCHELASTIC_RESTART_COUNT"]
        if self.step + 1 == at and defect == "killed" and restarts == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.step + 1 == at and defect == "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # or torchrun waits half a minute for it
            time.sleep(600)
        launched = take_step(self)
        if self.step == at and defect == "weight":
            with torch.no_grad():
                self.parameters[0].view(-1)[5] += 2.0**-20
        return launched

    Trainer.take_step = spoilt  # type: ignore[method-assign]


if __name__ == "__main__":
    from specship.cli import main

    defect, at, *words = sys.argv[1:]
    if int(os.environ["RANK"]) == int(os.environ["WORLD_SIZE"]) - 1:
        _spoil(defect, int(at))
    sys.exit(main(words))
