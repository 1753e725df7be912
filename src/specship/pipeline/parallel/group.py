"""The processes that train one model together, by torch's own engine; a single process is a group of one.

Gradients are averaged by DistributedDataParallel, which keeps all of the model in each process, or weights,
gradients and moments are cut by `fully_shard` (FSDP2). Whatever the cut, a checkpoint is one whole folder, so
that another number of processes goes on from it. Source: torch.distributed, PyTorch documentation.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from specship.errors import StageFailed, UnusableInput
from specship.pipeline.device import resolve_device
from specship.pipeline.parallel.beats import BeatWriter, behind, read_beats, roll_call, waiter_path

T = TypeVar("T")
Sharing = Literal["ddp", "fsdp"]
ENVIRONMENT: Final = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""Variables by which `torchrun`, and `--nproc`, tell a process which one it is."""
_ROLL_CALL: Final = 5.0
"""Seconds in which those whose exchange failed say so; `torchrun` lets them live for 30 when one died."""


class RankGroup:
    """This process among those that train together."""

    def __init__(
        self,
        *,
        sharing: Sharing = "ddp",
        rank: int = 0,
        world: int = 1,
        local: int = 0,
        supervised: bool = False,
    ) -> None:
        self.sharing, self.supervised = sharing, supervised
        self.rank, self.world, self.local = rank, world, local
        self._beats: BeatWriter | None = None
        self._run: Path | None = None
        self.absent: list[int] = []
        """Who was missing when an exchange failed."""

    @classmethod
    def join(
        cls,
        asked: str,
        *,
        sharing: Sharing = "ddp",
        timeout_seconds: float = 600.0,
        supervised: bool = False,
    ) -> RankGroup:
        """Meet the others, as the environment says; alone where it says nothing.

        `supervised` says that a parent of ours watches them, who sees more than they see of each other.

        Raises:
            UnusableInput: the environment says a part of it.
            RequirementMissing: this process's device is not here.
            StageFailed: the others did not come.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls(sharing=sharing)
        if missing := [name for name in ENVIRONMENT if name not in os.environ]:
            raise UnusableInput(
                f"WORLD_SIZE is set, and {', '.join(missing)} are not",
                why="a process that does not know which one it is cannot meet the others",
                mend="start it with torchrun, or with `specship pretrain --nproc N`",
            )
        numbers = {name: int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
        group = cls(
            sharing=sharing,
            rank=numbers["RANK"],
            world=numbers["WORLD_SIZE"],
            local=numbers["LOCAL_RANK"],
            supervised=supervised,
        )
        device = group.device(asked)
        on_cuda = device.type == "cuda"
        if on_cuda:
            torch.cuda.set_device(device)
        timeout = timedelta(seconds=timeout_seconds)
        from torch.distributed.distributed_c10d import PrefixStore
        from torch.distributed.rendezvous import rendezvous

        # The launcher's store outlives a restart, and would lead to the addresses of those that are gone.
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        try:
            store, _, _ = next(rendezvous("env://", timeout=timeout))
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if on_cuda else "gloo",
                timeout=timeout,
                device_id=device if on_cuda else None,
                store=PrefixStore(f"attempt {attempt}", store),
                rank=group.rank,
                world_size=group.world,
            )
        except (RuntimeError, ValueError) as error:  # of torch: no store, no route, or not all came
            where = ":".join(os.environ[name] for name in ("MASTER_ADDR", "MASTER_PORT"))
            raise StageFailed(
                f"rank {group.rank} of {group.world} did not meet the others at {where}: {_first(error)}",
                why="they train together or not at all",
                mend="see that each host reaches that address, and that all were started",
            ) from error
        return group

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.world == 1

    @property
    def cut(self) -> bool:
        """Whether each process holds a part of every weight."""
        return self.sharing == "fsdp" and not self.alone

    @property
    def is_main(self) -> bool:
        """Whether this process writes logs, events and checkpoints."""
        return self.rank == 0

    @property
    def speaks(self) -> bool:
        """Whether this process writes the run's end: the first one, or the first that is left without it."""
        return self.rank == min(set(range(self.world)) - set(self.absent), default=0)

    @property
    def backend(self) -> str:
        """The libraries that carry what is exchanged; empty for a group of one."""
        return "" if self.alone else str(dist.get_backend_config())

    def device(self, asked: str) -> torch.device:
        """This process's device: of several on one host each takes its own.

        Raises:
            RequirementMissing: it is not here.
        """
        device = resolve_device(asked)
        if self.alone or device.type != "cuda":
            return device
        return resolve_device(f"cuda:{self.local}")

    @property
    def threads(self) -> int:
        """Threads of the processor for this process where the settings name none; 0 is all of them."""
        here = int(os.environ.get("LOCAL_WORLD_SIZE", self.world))
        return 0 if self.alone else max(1, len(os.sched_getaffinity(0)) // here)

    def share(self, micro_batch: int, accumulation: int, *, apart: bool = False) -> tuple[int, int]:
        """Micro-batch and accumulation of this process; together all do the sequences of one that is alone.

        `apart` says that the ends of documents matter, which are counted in one process alone.

        Raises:
            UnusableInput: the sequences of a step cannot be parted evenly, or documents are kept apart.
        """
        if apart and not self.alone:
            raise UnusableInput(
                f"documents are not kept apart by {self.world} processes",
                why="each would learn from another number of targets, and count its own documents alone",
                mend="train in one process, or take both settings of documents away",
            )
        sequences = micro_batch * accumulation
        if sequences % self.world:
            raise UnusableInput(
                f"a step of {sequences} sequences cannot be parted among {self.world} processes",
                why="each of them must do as much, or the mean of their gradients is another one",
                mend=f"make training.micro_batch times training.accumulation a multiple of {self.world}",
            )
        own = sequences // self.world
        micro = next(size for size in range(min(micro_batch, own), 0, -1) if own % size == 0)
        return micro, own // micro

    def spread(self, model: nn.Module) -> Callable[..., Any]:
        """The model as it is to be called; parameters stay those of `model`, cut where they are sharded."""
        if self.alone:
            return model
        if self.sharing == "ddp":
            device = next(model.parameters()).device
            return nn.parallel.DistributedDataParallel(
                model,
                device_ids=[device.index] if device.type == "cuda" else None,
                gradient_as_bucket_view=True,
            )
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(next(model.parameters()).device.type, (self.world,))
        for block in model.model.layers:  # type: ignore[union-attr]
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model

    def exchange(self, net: Any, *, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Around forward and backward of a micro-batch: gradients are exchanged behind the last one only."""
        if self.alone:
            return contextlib.nullcontext()
        if self.sharing == "ddp":
            quiet: contextlib.AbstractContextManager[Any] = net.no_sync()
            return contextlib.nullcontext() if last else quiet
        net.set_requires_gradient_sync(last)
        return contextlib.nullcontext()

    def each(self, figure: Tensor) -> Tensor:
        """The figure of each process in the order of ranks, on the device; nobody waits for it."""
        if self.alone:
            return figure.reshape(1)
        parts = torch.zeros(self.world, dtype=figure.dtype, device=figure.device)
        parts[self.rank] = figure.detach()
        dist.all_reduce(parts)
        return parts

    def from_main(self, make: Callable[[], T]) -> T:
        """What the first process makes, in all of them."""
        if self.alone:
            return make()
        box = [make() if self.is_main else None]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        made: Any = box[0]
        return made  # type: ignore[no-any-return]

    def all_of(self, value: T) -> list[T]:
        """The value of each process, in the order of ranks, through the host."""
        if self.alone:
            return [value]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found

    def any_of(self, flag: object) -> bool:
        """Whether it is true in one of them; all hear the same, through the host."""
        if self.alone:
            return bool(flag)
        told = torch.tensor([int(bool(flag))])
        dist.all_reduce(told, op=dist.ReduceOp.MAX)
        return bool(told)

    def watch(self, run: Path) -> None:
        """Begin to write beats beside the run."""
        if not self.alone:
            self._run, self._beats = run, BeatWriter(run, self.rank)
            waiter_path(run, self.rank).unlink(missing_ok=True)

    def beat(self, step: int, *, exchanging: bool) -> None:
        """Say how far this process is, for those that wait for it."""
        if self._beats is not None:
            self._beats.write(step, exchanging=exchanging)

    def who_is_missing(self, error: Exception) -> str:
        """Why an exchange failed: which processes the others waited for, by a roll call and by the beats."""
        cause = _first(error)
        if self._run is None:
            return f"an exchange failed: {cause}"
        if not self.supervised:
            self.absent = roll_call(self._run, self.rank, self.world, seconds=_ROLL_CALL)
        beats = read_beats(self._run, self.world)
        late = behind(beats)
        step = max(beats.values()).step
        if late and set(late) >= set(self.absent):
            named = ", ".join(map(str, self.absent or late))
            return f"rank {named} did not come to the exchange of step {step}: {cause}"
        if self.absent:
            named = ", ".join(map(str, self.absent))
            return f"rank {named} died or hangs in an exchange of step {step}: {cause}"
        return f"an exchange failed at step {step}, which every rank had reached: {cause}"

    def close(self) -> None:
        """Leave once all are done: under `torchrun` one that leaves with an error has the others ended."""
        with contextlib.suppress(RuntimeError):  # one of them is gone, and there is nobody to wait for
            self.any_of(False)
        if self._beats is not None:
            self._beats.close()
            self._beats = None
        if not self.alone and dist.is_initialized():
            dist.destroy_process_group()


ALONE: Final = RankGroup()


def _first(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def whole(tensor: Tensor) -> Tensor:
    """A tensor with all its parts; every process of a sharded one has to ask."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def weights_sum(parameters: Sequence[Tensor]) -> int:
    """A sum over the bits of all weights: the same in all processes that hold the same ones."""
    with torch.no_grad():
        bits = [whole(one).detach().contiguous().view(torch.int32) for one in parameters]
        parts = [one.sum(dtype=torch.int64) for one in bits]
        places = torch.arange(1, len(parts) + 1, device=parts[0].device)
        return int((torch.stack(parts) * places).sum())
