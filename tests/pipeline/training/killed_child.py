"""A real training stage that dies by SIGKILL at one exact call, in a process of its own.

The processes fork from a server that has imported torch once, so that a test starts many. Calls
that can be deadly: `forward` (inside a step, between two accumulated batches too), `tensors`
(before a safetensors file), `rename` (before a folder gets its name), `prune` (before checkpoints that
are not kept go), and `os` functions such as `fsync`, `write` and `open`. `memory` and `file-size` are no deaths but limits.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from tests.places import SOURCE

_SERVER = multiprocessing.get_context("forkserver")
_STAGES: Final = [
    f"specship.pipeline.stages.{path.stem}" for path in (SOURCE / "pipeline/stages").glob("[!_]*.py")
]
# torch's optimizers import its compiler at their first step.
_SERVER.set_forkserver_preload(["torch", "torch._dynamo", "specship.pipeline.training.training", *_STAGES])


def _dies_at(number: int, call: Callable[..., Any]) -> Callable[..., Any]:
    count = 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)

    return counted


def _without_memory(number: int, forward: Callable[..., Any]) -> Callable[..., Any]:
    """From one call on the process gets no more memory than it has, and asks for a gigabyte."""
    count = 0

    def hungry(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count >= number:
            import torch

            pages = int(Path("/proc/self/statm").read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (64 << 20), -1))
            torch.empty(1 << 30, dtype=torch.uint8)
        return forward(*arguments, **named)

    return hungry


def _replace(owner: Any, name: str, number: int) -> None:
    setattr(owner, name, _dies_at(number, getattr(owner, name)))


def _plant(call: str, number: int) -> None:
    from specship.pipeline.training import checkpoints, training
    from specship.pipeline.training.network.trained_decoder import TrainedDecoder

    if call == "forward":
        _replace(TrainedDecoder, "forward", number)
    elif call == "tensors":
        _replace(checkpoints, "save_file", number)
    elif call == "prune":
        _replace(training, "prune", number)
    elif call == "rename":
        _replace(Path, "rename", number)
    elif call == "memory":
        TrainedDecoder.forward = _without_memory(number, TrainedDecoder.forward)  # type: ignore[method-assign]
    elif call == "file-size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    elif call:
        _replace(os, call, number)


def _child(request: dict[str, Any], log: str, call: str, number: int) -> None:
    """Be the stage's child process, as `python -m specship.pipeline` is."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdin = io.StringIO(json.dumps(request))
    from specship.pipeline import __main__ as stage

    _plant(call, number)
    status = stage.main()
    sys.stdout.flush()
    os._exit(status)


def start(request: dict[str, Any], log: Path, call: str = "", number: int = 0) -> ForkServerProcess:
    """Start the stage; it dies at the given call, or not at all."""
    process = _SERVER.Process(target=_child, args=(request, str(log), call, number), daemon=True)
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Exit status; negative is the signal that ended it."""
    process.join(timeout=90)
    assert process.exitcode is not None, "the child did not end"
    return process.exitcode
