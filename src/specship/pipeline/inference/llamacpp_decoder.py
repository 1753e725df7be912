"""A GGUF of an architecture without a decoder of ours, computed by llama.cpp in a process of its own.

Axes: T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.pipeline.gguf.model import StoredGguf
from specship.pipeline.gguf.other_architectures import text_shape
from specship.pipeline.gguf.reader import GgufTensor, read_gguf
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.resident_child import ResidentChild

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class OtherGguf(StoredGguf):
    """A GGUF as its header describes it; llama.cpp opens the rest."""

    engine: str

    @property
    def tensors(self) -> Mapping[str, GgufTensor]:
        """Every tensor of the file, by its own name."""
        return self.file.tensors

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor as float32 or float16.

        Raises:
            UnusableInput: the installed `gguf` package does not read its type.
        """
        return self.file.array(name)


def open_other_gguf(path: Path) -> OtherGguf:
    """Open a GGUF of an architecture that only llama.cpp computes; nothing is loaded yet.

    Raises:
        RequirementMissing: llama.cpp is not installed.
        UnusableInput: it is no whole model.
        DamagedArtifact: against a rule of the format, or sizes are missing.
    """
    file = read_gguf(path)
    return OtherGguf(path, text_shape(file), file, _engine(path))


def _engine(path: Path) -> str:
    try:
        return f"llama.cpp (xllamacpp {version('xllamacpp')})"
    except PackageNotFoundError as error:
        raise RequirementMissing(
            "llama.cpp is not installed",
            at=path,
            why="an architecture without a decoder of ours is computed by it",
            mend="pip install xllamacpp",
        ) from error


class LlamaCppDecoder(TextDecoder):
    """The file in a process of llama.cpp, on the processor; log-probabilities stand for logits.

    They are told for the some thousand likeliest tokens; what is beyond them is never drawn.
    """

    def __init__(self, opened: OtherGguf, *, context: int | None = None) -> None:
        """Load the file.

        Raises:
            UnusableInput: llama.cpp refuses it.
            DamagedArtifact: it opened other bytes.
            StageFailed: its process crashed or did not end.
        """
        most = opened.shape.context - 1  # llama.cpp wants room for the token that it writes
        super().__init__(opened.shape, torch.device("cpu"), min(context or most, most))
        self.engine = opened.engine
        self._child = ResidentChild(
            "specship.pipeline.inference.llamacpp_child",
            opened.path,
            "llama.cpp",
            mend="open it with llama.cpp's own llama-cli; a newer one may know it: pip install -U xllamacpp",
        )
        threads = torch.get_num_threads()
        told = self._child.say("load", gguf=str(opened.path), positions=self.context, threads=threads)
        if told["sha256"] != opened.weights_digest():
            raise DamagedArtifact("the file changed while llama.cpp opened it", at=opened.path)
        self._length = 0

    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence, asked for one position after another."""
        return torch.stack([self.prompt(token_ids[: at + 1]) for at in range(len(token_ids))])

    def prompt(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_V` after a sequence; `step` goes on behind it."""
        self.refuse_ids(token_ids)
        self._length = len(token_ids)
        return torch.from_numpy(self._child.numbers("prompt", ids=list(token_ids)))

    def step(self, token_id: int) -> Tensor:
        """`logits_V` after one more token."""
        if self._length >= self.context:
            raise UnusableInput(
                f"the context of {self.context} positions is full",
                mend="give a shorter prompt, or ask for fewer tokens",
            )
        self._length += 1
        return torch.from_numpy(self._child.numbers("step", token=int(token_id)))

    def losses(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """`losses_T` in nats of every token of the sequences but the first of each, one after another."""
        plain = [list(ids) for ids in sequences]
        for ids in plain:
            self.refuse_ids(ids[:-1])
        return torch.from_numpy(self._child.numbers("losses", sequences=plain))
