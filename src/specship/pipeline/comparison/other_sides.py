"""Sides of a comparison that may be computed by anybody: our decoder, live transformers, llama.cpp.

What they all give is the next token's distribution; blocks only our own decoder and its reference have.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.comparison.quantization_noise import ROUNDABLE, noisy
from specship.pipeline.comparison.sides import Ids, named_path
from specship.pipeline.gguf.elements import encoded
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.inference.llamacpp_decoder import OtherGguf
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.inference.transformers_decoder import TransformersDecoder
from specship.pipeline.model.reading import OURS

_MEND: Final = "compare each with a copy in F16, F32 or Q8_0, or with its checkpoint"


@dataclass(frozen=True, slots=True)
class OtherSide:
    """One side as it was named, and the model whose bytes it stands for, whoever computes it."""

    name: str
    model: AnyModel

    @property
    def kind(self) -> str:
        """`folder` or `gguf` where our decoder computes it, else `transformers` or `llama.cpp`."""
        return self.model.kind if self.model.engine == OURS else self.model.engine.partition(" ")[0]

    @property
    def types(self) -> set[str]:
        """Element types of its matrices."""
        return {one.dtype for one in self.model.tensors.values() if len(one.shape) > 1}

    def cut(self, texts: Sequence[str]) -> list[Ids]:
        """Texts as token ids, nothing put in front; llama.cpp cuts those of a file that it computes.

        Raises:
            UnusableInput: the tokenizer cannot be used.
            StageFailed: llama.cpp crashed.
        """
        if isinstance(self.model, OtherGguf):
            request = LlamaCppRequest(gguf=str(self.model.path), texts=tuple(texts))
            return list(ask_llama_cpp(request).tokenized)
        tokenizer = self.model.tokenizer()
        return [tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]

    def load(self, positions: int, device: str) -> TextDecoder:
        """The weights in memory.

        Raises:
            UnusableInput: so many positions do not fit, or whoever computes it refuses it.
            RequirementMissing: the device is not here.
            StageFailed: whoever computes it crashed.
        """
        decoder = load_decoder(self.model, device=device, context=positions)
        if decoder.context < positions:
            raise UnusableInput(
                f"{positions} positions are wanted, the model has {decoder.context}",
                at=self.model.path,
                mend="ask for fewer steps or shorter texts",
            )
        return decoder

    @property
    def can_be_disturbed(self) -> bool:
        """Whether its weights can be had with noise: by transformers, or in a copy of a file."""
        if isinstance(self.model, OtherGguf):
            return self.types <= ROUNDABLE
        return self.kind == "transformers"

    def disturbed(self, decoder: TextDecoder, relative: float, scratch: Path) -> TextDecoder:
        """The loaded model with noise of a relative size on every matrix; the other one is then no more."""
        if isinstance(decoder, TransformersDecoder):
            decoder.disturb(relative)
            return decoder
        if not isinstance(self.model, OtherGguf):
            raise UnusableInput("what rounding explains cannot be rehearsed", at=self.model.path, mend=_MEND)
        copy = scratch / "disturbed.gguf"
        shutil.copyfile(self.model.path, copy)
        with copy.open("r+b") as target:
            for name, tensor in self.model.file.tensors.items():
                if len(tensor.shape) > 1:
                    target.seek(tensor.offset)
                    array = noisy(self.model.file.array(name), relative, name)
                    target.write(encoded(array, tensor.type).tobytes())
        return load_decoder(replace(self.model, path=copy), context=decoder.context)


def open_other_side(name: str) -> OtherSide:
    """What a person named on the command line; nothing is loaded yet.

    Raises:
        UnusableInput: it cannot be opened.
    """
    return OtherSide(name, open_any_model(named_path(name)))


def the_one_to_disturb(a: OtherSide, b: OtherSide) -> OtherSide:
    """Which of two sides stands for what rounding does.

    Raises:
        UnusableInput: neither can be had with noise.
    """
    found = next((side for side in (a, b) if side.can_be_disturbed), None)
    if found is None:
        raise UnusableInput(
            f"what rounding explains cannot be rehearsed: {a.name} and {b.name} are stored in types that "
            "nobody here can write",
            at=a.model.path,
            why="without it no difference can be told from a fault",
            mend=_MEND,
        )
    return found
