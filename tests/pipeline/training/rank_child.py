"""Processes that train one model together, as `torchrun` starts them, with a defect planted in one of them.

They fork from a server that has imported torch once, so that a test starts many.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["torch", "specship.pipeline.training.training"])


def _spoil(defect: str, at: int) -> None:
    """Step `at` of this process is the one that goes wrong."""
    import torch

    from specship.pipeline.training.trainer import Trainer

    take_step = Trainer.take_step

    def spoilt(self: Any) -> Any:
        if self.step + 1 != at:
            return take_step(self)
        if defect == "gone":
            os._exit(0)
        if defect == "loss":
            hook = self.model.register_forward_hook(lambda _model, _given, loss: loss * float("nan"))
            launched = take_step(self)
            hook.remove()
            return launched
        launched = take_step(self)
        with torch.no_grad():
            self.parameters[0].view(-1)[5] += 2.0**-20
        return launched

    if defect:
        Trainer.take_step = spoilt  # type: ignore[method-assign]


def _train(request: Mapping[str, Any], rank: int, world: int, port: int) -> None:
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    from specship.pipeline.parallel.group import RankGroup
    from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
    from specship.pipeline.training.training import pretrain

    if rank == world - 1:
        _spoil(request["defect"], request["at"])
    recipe = Recipe(ModelSettings(**request["model"]), TrainingSettings(**request["training"]))
    group = RankGroup.join("cpu", sharing=request["sharing"], timeout_seconds=20)
    data, output = Path(request["data"]), Path(request["output"])
    outcome = pretrain(recipe, data / "tokenizer", data / "shards", output, group=group)
    output.with_name(f"{output.name}-{rank}.json").write_text(json.dumps(asdict(outcome)))
    os._exit(0)


def together(request: Mapping[str, Any], world: int) -> list[dict[str, Any] | None]:
    """Have so many processes train; the outcome of each, None where it left without one."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=20))
    started = [
        _SERVER.Process(target=_train, args=(request, rank, world, store.port)) for rank in range(world)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    output = Path(request["output"])
    written = [output.with_name(f"{output.name}-{rank}.json") for rank in range(world)]
    return [json.loads(path.read_text()) if path.is_file() else None for path in written]
