"""A model of a family without a decoder of ours, computed by live transformers in a process of its own.

Axes: T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.device import resolve_device
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.model.transformers_process import TransformersProcess


def in_transformers(folder: Path, *, device: str = "cpu", context: int | None = None) -> TransformersDecoder:
    """A checkpoint of any family in the process of transformers that this one shares; the last one is let go.

    Raises:
        UnusableInput: pickled weights, an unknown family, or transformers refuses it.
        DamagedArtifact: the configuration or the weights are missing, cut short or contradict each other.
        RequirementMissing: transformers, or the device, is not here.
        StageFailed: its process crashed or did not end.
    """
    opened = open_other_folder(folder, TransformersProcess.shared(folder))
    return TransformersDecoder(opened, device=device, context=context)


class TransformersDecoder(TextDecoder):
    """Weights in float32 in the process of the folder, which reads one sequence at a time."""

    def __init__(self, opened: OtherFolder, *, device: str = "cpu", context: int | None = None) -> None:
        """Load the weights.

        Raises:
            UnusableInput: transformers refuses them.
            StageFailed: its process crashed or did not end.
            RequirementMissing: the device is not here.
        """
        super().__init__(opened.shape, resolve_device(device), context)
        self.engine = opened.engine
        self._process = opened.process
        self._process.say(
            "load", folder=str(opened.path), device=str(self.device), threads=torch.get_num_threads()
        )
        self._length = 0

    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence; `step` goes on behind it."""
        self.refuse_ids(token_ids)
        flat = torch.from_numpy(self._process.numbers("logits", ids=list(token_ids)))
        self._length = len(token_ids)
        return flat.view(len(token_ids), -1)

    def prompt(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_V` after a sequence; `step` goes on behind it."""
        return self.logits(token_ids)[-1]

    def step(self, token_id: int) -> Tensor:
        """`logits_V` after one more token."""
        if self._length >= self.context:
            raise UnusableInput(
                f"the context of {self.context} positions is full",
                mend="give a shorter prompt, or ask for fewer tokens",
            )
        self._length += 1
        return torch.from_numpy(self._process.numbers("step", token=int(token_id)))

    def losses(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """`losses_T` in nats of every token of the sequences but the first of each, one after another."""
        for ids in sequences:
            self.refuse_ids(ids[:-1])
        return self.losses_with(sequences)

    def losses_with(
        self, sequences: Sequence[Sequence[int]], changes: Sequence[Mapping[str, Any]] = ()
    ) -> Tensor:
        """`losses_T` of the sequences while some matrices stand in another order.

        A change has the `name` of a parameter, its `order` (`turned`, `interleaved`, `separated`, `kept`),
        its `heads`, and the parameter `of` which it is made where that is another one.
        """
        plain = [list(ids) for ids in sequences]
        return torch.from_numpy(self._process.numbers("losses", sequences=plain, changes=list(changes)))

    def disturb(self, relative: float) -> None:
        """Noise of a relative size on every matrix, for good."""
        self._process.say("disturb", relative=relative)

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter, as the class has them."""
        found = self._process.say("parameters")["parameters"]
        return {name: tuple(shape) for name, shape in found.items()}
