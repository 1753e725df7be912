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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from specship.pipeline.shards.boundaries import IGNORED, Boundaries
from specship.pipeline.shards.token_reader import OnWrap, TokenReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AHEAD: Final = 2
"""Steps that are read ahead: one is ready while the next is being read."""


@dataclass(frozen=True, slots=True)
class StepTokens:
    """The tokens of a step, with what is known of their documents."""

    tokens_ABT: torch.Tensor  # noqa: N815 - axes of a tensor
    """Windows of T + 1, int64."""
    documents_ABT: torch.Tensor | None = None  # noqa: N815
    """Numbers of their documents, int32, where those are kept apart."""
    learned_ABT: torch.Tensor | None = None  # noqa: N815
    """Whether each of T targets is learned, where not all are."""
    counted: Mapping[str, int] = field(default_factory=dict)
    """For the step's record: `documents_begun` inside windows, and `targets` that are learned."""

    def each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> StepTokens:
        """The same with every tensor changed."""
        documents, learned = self.documents_ABT, self.learned_ABT
        return StepTokens(
            change(self.tokens_ABT),
            None if documents is None else change(documents),
            None if learned is None else change(learned),
            self.counted,
        )


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """The tokens of a step in host memory, and what reading them met."""

    tokens: StepTokens
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
        part: int = 0,
        parts: int = 1,
        boundaries: Boundaries = IGNORED,
    ) -> None:
        """Open the reader; nothing is read before it is asked for.

        Of `parts` processes this one has the windows of number `part`: `batches` times `sequences` of them.
        """
        self.reader = open_reader(self._wrapped)
        self._batches, self._sequences, self._device = batches, sequences, device
        self._part, self._parts = part, parts
        self._on_wrap = on_wrap
        self._boundaries = boundaries
        self._wraps: list[tuple[int, int]] = []
        self._place: Mapping[str, int] = self.reader.state()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        self._ahead: deque[Future[StagedBatch]] = deque()

    def next(self) -> StepTokens:
        """The tokens of the next step, on the device.

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
        return staged.tokens.each(lambda one: one.to(self._device, non_blocking=True))

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

    def _read(self) -> Any:
        """The step's windows for this process, `[batches, sequences, T + 1]`."""
        if self._parts == 1:
            return np.stack([self.reader.next_batch(self._sequences) for _ in range(self._batches)])
        everybodys = self._batches * self._sequences * self._parts
        own_RT = self.reader.next_batch(everybodys, part=self._part, parts=self._parts)  # noqa: N806 - axes
        return own_RT.reshape(self._batches, self._sequences, -1)

    def _staged(self) -> StagedBatch:
        """One step's tokens; runs in the thread, which alone moves the reader then."""
        tokens = self._with_documents(self._read())
        if self._device.type == "cuda":
            tokens = tokens.each(torch.Tensor.pin_memory)
        wraps, self._wraps = tuple(self._wraps), []
        return StagedBatch(tokens, wraps, self.reader.state())

    def _with_documents(self, read_ABT: NDArray[np.int64]) -> StepTokens:  # noqa: N803 - axes of an array
        """Tokens as they were read, with their documents where those matter."""
        tokens_ABT = torch.from_numpy(read_ABT)  # noqa: N806
        if not self._boundaries.matter:
            return StepTokens(tokens_ABT)
        documents_ABT = self.reader.documents(read_ABT) if self._boundaries.apart else None  # noqa: N806
        learned_ABT = None if self._boundaries.after_separator else self.reader.learned(read_ABT)  # noqa: N806
        begun = 0 if documents_ABT is None else int(documents_ABT[..., -2].sum())
        targets = read_ABT[..., 1:].size if learned_ABT is None else int(learned_ABT.sum())
        return StepTokens(
            tokens_ABT,
            None if documents_ABT is None else torch.from_numpy(documents_ABT),
            None if learned_ABT is None else torch.from_numpy(learned_ABT),
            {"documents_begun": begun, "targets": targets},
        )
