"""The model under examination, opened as far as a gate needs it, each part once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder import read_shape
from specship.pipeline.checkpoint.inventory import Inventory, account
from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.checkpoint.weight_files import CONFIG
from specship.pipeline.gguf.model import gguf_shape, open_gguf
from specship.pipeline.gguf.other_architectures import is_other_architecture, text_shape
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.pipeline.gguf.tokenizer import rebuilt_tokenizer
from specship.pipeline.inference.any_model import AnyModel, is_ours, load_decoder
from specship.pipeline.inference.llamacpp_decoder import OtherGguf, open_other_gguf
from specship.pipeline.inference.open_model import OpenModel, open_model
from specship.pipeline.model.decoder_shape import DecoderShape, TextShape
from specship.pipeline.model.other_families import read_any_model
from specship.pipeline.model.reading import OURS
from specship.pipeline.model.transformers_process import TransformersProcess
from specship.pipeline.qa.texts import PLAIN_TEXT
from specship.pipeline.tokenizer.opening import open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from specship.pipeline.inference.text_decoder import TextDecoder
    from specship.pipeline.qa.layered import LayeredDecoder

MOST_CONTEXT = 512
"""Positions that any gate uses, whatever the model could."""


def _silent(done: float, total: float, unit: str, **figures: float | str) -> None:
    """Report to nobody."""


@dataclass(kw_only=True)
class Subject:
    """A path, and everything that was read of it so far.

    What cannot be opened raises our own errors again each time it is asked for.
    """

    path: Path
    golden: Path | None = None
    """Stored texts that the greedy ones must equal."""
    beside: Path | None = None
    """The same model for another runner: the GGUF of a folder, the folder of a GGUF."""
    recorded: dict[str, Any] | None = None
    """Answers of the second runner from before, by gate; it is then not asked again."""
    threads: int = 1
    device: str = "cpu"
    """Of the reference runner; the second runner works on the processor."""
    report: Callable[..., None] = _silent

    @property
    def is_folder(self) -> bool:
        """Whether it is a checkpoint folder; everything else is taken for a GGUF."""
        return self.path.is_dir()

    @cached_property
    def is_other(self) -> bool:
        """Whether it is a folder of a family without a decoder of ours."""
        try:
            return self.is_folder and not is_ours(self.path)
        except UnusableInput:
            return False

    @cached_property
    def is_other_gguf(self) -> bool:
        """Whether it is a GGUF of an architecture without a decoder of ours."""
        try:
            return not self.is_folder and is_other_architecture(self.gguf)
        except UnusableInput:
            return False

    @property
    def is_ours(self) -> bool:
        """Whether our own decoder computes it."""
        return not (self.is_other or self.is_other_gguf)

    @cached_property
    def process(self) -> TransformersProcess:
        """Whoever computes such a folder."""
        return TransformersProcess(self.path)

    @cached_property
    def engine(self) -> str:
        """What computes the model, as far as it can be known."""
        return OURS if self.is_ours else self.opened.engine

    @cached_property
    def inventory(self) -> Inventory:
        """Every tensor of a folder, accounted for."""
        return account(self.path, process=self.process if self.is_other else None)

    @cached_property
    def gguf(self) -> GgufFile:
        """The header of a GGUF file."""
        return read_gguf(self.path)

    @cached_property
    def other(self) -> OtherFolder:
        """A folder of a family without a decoder of ours."""
        return open_other_folder(self.path, self.process)

    @cached_property
    def other_gguf(self) -> OtherGguf:
        """A GGUF of an architecture without a decoder of ours."""
        return open_other_gguf(self.path)

    @property
    def opened(self) -> AnyModel:
        """The model, whoever computes it."""
        return self.other if self.is_other else self.other_gguf if self.is_other_gguf else self.model

    @cached_property
    def model(self) -> OpenModel:
        """The model as our own decoder sees it."""
        return open_model(self.path) if self.is_folder else open_gguf(self.path)

    @cached_property
    def shape(self) -> TextShape:
        """What the configuration or the metadata say, whatever the weights are."""
        if self.is_other:
            return read_any_model(self.path / CONFIG, self.process).shape
        return text_shape(self.gguf) if self.is_other_gguf else self.decoder_shape

    @cached_property
    def decoder_shape(self) -> DecoderShape:
        """The same of a model that our own decoder computes."""
        return read_shape(self.path / CONFIG) if self.is_folder else gguf_shape(self.gguf)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that belongs to the model, whatever the weights are."""
        if self.is_folder:
            return open_tokenizer(self.path)
        return rebuilt_tokenizer(self.gguf)

    @cached_property
    def context(self) -> int:
        """Positions that are used of the model's context."""
        return min(MOST_CONTEXT, self.shape.context)

    @cached_property
    def decoder(self) -> TextDecoder:
        """The reference runner with the model's weights in float32."""
        if self.is_ours:
            return self.layered
        import torch

        torch.set_num_threads(self.threads)
        return load_decoder(self.opened, device=self.device, context=self.context)

    @cached_property
    def layered(self) -> LayeredDecoder:
        """Our own decoder, which can be taken layer by layer."""
        import torch

        from specship.pipeline.qa.layered import LayeredDecoder

        torch.set_num_threads(self.threads)
        return LayeredDecoder(self.model, device=self.device, context=self.context)

    @cached_property
    def pieces(self) -> list[list[int]]:
        """The plain text in tokens, each piece cut to the context.

        Raises:
            UnusableInput: the context is too short for any text.
        """
        found = [self.given(text)[: self.context] for text in PLAIN_TEXT]
        if min(len(piece) for piece in found) < 16:
            raise UnusableInput(
                f"the context of {self.context} tokens is too short for a text",
                at=self.path,
                mend="use a model with a longer context",
            )
        return found

    def encoded(self, text: str) -> list[int]:
        """A text in tokens, without special ones in front."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def given(self, text: str) -> list[int]:
        """A text as the model wants to be given it: with the begin token where its tokenizer adds one."""
        ids = list(self.tokenizer.encode(text).ids)
        return ids[:-1] if ids and ids[-1] in self.shape.eos_ids else ids
