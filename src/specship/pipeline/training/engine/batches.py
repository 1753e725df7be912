"""Batches of whole steps, made ready by a thread while the device works on those before.

What is read ahead is no part of the state: a place in the data is that behind the last batch handed out, so
that a run resumes as if nothing had been read ahead. Wrap-arounds and the end of the data are told when the
batch is asked for whose reading met them, in the order in which a reader without a thread tells them.

On a CUDA device the thread writes into pinned memory, which torch keeps and reuses once a copy from it is
through, and the copy is asynchronous.

Axes: A batches of a step, B sequences of a batch, T length of a window's inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from specship.pipeline.shards.token_reader import OnWrap, TokenReader

_AHEAD: Final = 2
"""Steps that are read ahead: one is ready while the next is being read."""


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """The tokens of a step in host memory, and what reading them met."""

    tokens_ABT: torch.Tensor  # noqa: N815 - axes of a tensor
    wraps: tuple[tuple[int, int], ...]
    """Arguments of `on_wrap`, once for each time that the data began again."""
    place: Mapping[str, int]
    """State of the reader behind it."""


class BatchStream:
    """Whole steps of a reader's batches, on a device."""

    def __init__(
        self,
        open_reader: Callable[[OnWrap], TokenReader],
        *,
        batches: int,
        sequences: int,
        device: torch.device,
        on_wrap: OnWrap | None = None,
    ) -> None:
        """Open the reader; nothing is read before it is asked for."""
        self.reader = open_reader(self._wrapped)
        self._batches, self._sequences, self._device = batches, sequences, device
        self._on_wrap = on_wrap
        self._wraps: list[tuple[int, int]] = []
        self._place: Mapping[str, int] = self.reader.state()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        self._ahead: deque[Future[StagedBatch]] = deque()

    def next(self) -> torch.Tensor:
        """The tokens of the next step, `tokens_ABT` of windows of T + 1, int64, on the device.

        Raises:
            EndOfData: fewer windows are left than a step takes and the policy is `halt`.
            DamagedArtifact: a window holds an id outside the vocabulary.
        """
        while len(self._ahead) < _AHEAD:
            self._ahead.append(self._thread.submit(self._staged))
        staged = self._ahead.popleft().result()
        for epoch, seen in staged.wraps:
            if self._on_wrap is not None:
                self._on_wrap(epoch, seen)
        self._place = staged.place
        return staged.tokens_ABT.to(self._device, non_blocking=True)

    def state(self) -> dict[str, int]:
        """Where the batches handed out end."""
        return dict(self._place)

    def restore(self, place: Mapping[str, int]) -> None:
        """Go on from a place; what was read ahead is forgotten.

        Raises:
            UnusableInput: see `TokenReader.restore`.
        """
        while self._ahead:
            self._ahead.popleft().exception()
        self._wraps.clear()
        self.reader.restore(place)
        self._place = self.reader.state()

    def _wrapped(self, epoch: int, tokens_seen: int) -> None:
        self._wraps.append((epoch, tokens_seen))

    def _staged(self) -> StagedBatch:
        """One step's tokens; runs in the thread, which alone moves the reader then."""
        read = [self.reader.next_batch(self._sequences) for _ in range(self._batches)]
        tokens_ABT = torch.from_numpy(np.stack(read))  # noqa: N806 - axes of a tensor
        if self._device.type == "cuda":
            tokens_ABT = tokens_ABT.pin_memory()  # noqa: N806
        wraps, self._wraps = tuple(self._wraps), []
        return StagedBatch(tokens_ABT, wraps, self.reader.state())
