"""What can be compared: a checkpoint folder or a GGUF file in our decoder, live transformers, llama.cpp.

    FOLDER   FILE.gguf   transformers:FOLDER   llama.cpp:FILE.gguf

The first three answer for every block; llama.cpp gives probabilities of next tokens only, and writes its
own continuation, which the other side then reads. It runs in a process of its own. A side that our decoder
does not compute (`OtherSide`) gives the next token's distribution alone, whoever computes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.recognition import refuse_unfetched
from specship.pipeline.comparison.activations import (
    Activations,
    decoder_activations,
    transformers_activations,
)
from specship.pipeline.comparison.quantization_noise import ROUNDABLE, noisy
from specship.pipeline.device import resolve_device
from specship.pipeline.gguf.elements import encoded
from specship.pipeline.gguf.model import open_gguf
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.pipeline.inference.decode_bench import reference_model, reference_tokens
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.inference.llamacpp_decoder import OtherGguf
from specship.pipeline.inference.open_model import OpenModel, TextModel, is_gguf, open_model
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.inference.transformers_decoder import TransformersDecoder
from specship.pipeline.model.reading import OURS

Ids = tuple[int, ...]
TRANSFORMERS: Final = "transformers:"
LLAMA_CPP: Final = "llama.cpp:"
_MEND: Final = "compare each with a copy in F16, F32 or Q8_0, or with its checkpoint"
_TOKENIZER_CONFIG: Final = "tokenizer_config.json"


class Reader(Protocol):
    """A loaded side."""

    def activations(self, token_ids: Ids) -> Activations:
        """The output of every block on a sequence."""

    def greedy(self, prompt: Ids, steps: int, barred: Collection[int]) -> Ids:
        """The likeliest continuation, some tokens barred."""


class ComparedSide(Protocol):
    """One side of a comparison, whoever computes it."""

    @property
    def name(self) -> str:
        """As a person named it."""

    @property
    def kind(self) -> str:
        """`folder`, `gguf`, `transformers` or `llama.cpp`."""

    @property
    def model(self) -> TextModel:
        """The model whose bytes it stands for."""

    def cut(self, texts: Sequence[str]) -> list[Ids]:
        """Texts as token ids, nothing put in front."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, as it was named, with the model whose bytes it stands for."""

    name: str
    kind: str
    """`folder`, `gguf`, `transformers` or `llama.cpp`."""
    model: OpenModel

    @property
    def has_blocks(self) -> bool:
        """Whether the output of each block can be had; llama.cpp gives probabilities only."""
        return self.kind != "llama.cpp"

    def cut(self, texts: Sequence[str]) -> list[Ids]:
        """Texts as token ids, nothing put in front.

        Raises:
            UnusableInput, StageFailed: the tokenizer cannot be used; llama.cpp crashed.
        """
        if self.kind == "llama.cpp":
            return list(
                ask_llama_cpp(LlamaCppRequest(gguf=str(self.model.path), texts=tuple(texts))).tokenized
            )
        if self.kind == "transformers" and (self.model.path / _TOKENIZER_CONFIG).exists():
            tokenizer = _live_tokenizer(self.model.path)
            return [tuple(tokenizer.encode(text, add_special_tokens=False)) for text in texts]
        tokenizer = self.model.tokenizer()
        return [tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]

    def load(self, positions: int, device: str) -> Reader:
        """The weights in memory; those of llama.cpp's file in our decoder.

        Raises:
            UnusableInput: so many positions do not fit, or transformers cannot load it.
            RequirementMissing: the device is not here.
        """
        if positions > self.model.shape.context:
            raise UnusableInput(
                f"{positions} positions are wanted, the model has {self.model.shape.context}",
                at=self.model.path,
                mend="ask for fewer steps or shorter texts",
            )
        if self.kind == "transformers":
            return _TransformersReader(self.model.path, device)
        return _DecoderReader(self.model, positions, device)


def open_side(name: str) -> Side:
    """What a person named on the command line; nothing is loaded yet.

    Raises:
        UnusableInput: it is none of the four, or cannot be opened.
    """
    path = named_path(name)
    if name.startswith(TRANSFORMERS):
        return Side(name, "transformers", open_any_checkpoint(path))
    if name.startswith(LLAMA_CPP):
        refuse_unfetched(path)
        return Side(name, "llama.cpp", open_gguf(path))
    model = open_model(path)
    return Side(name, model.kind, model)


def named_path(name: str) -> Path:
    """The folder or the file that a person named.

    Raises:
        UnusableInput: llama.cpp is to open what is no GGUF, or transformers what is no folder.
    """
    path = Path(name.removeprefix(TRANSFORMERS).removeprefix(LLAMA_CPP))
    if name.startswith(LLAMA_CPP) and not is_gguf(path):
        raise UnusableInput("llama.cpp opens GGUF files", at=path, mend="llama.cpp:FILE.gguf")
    if name.startswith(TRANSFORMERS) and is_gguf(path):
        raise UnusableInput("transformers opens checkpoint folders", at=path, mend="transformers:FOLDER")
    return path


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
            raise UnusableInput(
                "how much rounding alone changes cannot be measured", at=self.model.path, mend=_MEND
            )
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
            f"how much rounding alone changes cannot be measured: {a.name} and {b.name} are stored "
            "in element types that can be read here and not written",
            at=a.model.path,
            why="without that figure a fault cannot be told from rounding",
            mend=_MEND,
        )
    return found


class _DecoderReader:
    def __init__(self, model: OpenModel, positions: int, device: str) -> None:
        self._decoder = Decoder(model, device=device, context=positions)

    def activations(self, token_ids: Ids) -> Activations:
        return decoder_activations(self._decoder, token_ids)

    def greedy(self, prompt: Ids, steps: int, barred: Collection[int]) -> Ids:
        return self._decoder.generate(prompt, steps, banned_ids=barred).token_ids


class _TransformersReader:
    def __init__(self, folder: Path, device: str) -> None:
        on = resolve_device(device)
        try:
            self._model = reference_model(folder, on)
        except Exception as error:  # it raises whatever its parts raise
            raise UnusableInput(f"transformers cannot load it: {str(error)[:200]}", at=folder) from error

    def activations(self, token_ids: Ids) -> Activations:
        return transformers_activations(self._model, token_ids)

    def greedy(self, prompt: Ids, steps: int, barred: Collection[int]) -> Ids:
        return reference_tokens(self._model, prompt, steps, banned_ids=barred)


def _live_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        load: Any = AutoTokenizer.from_pretrained
        return load(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # it raises whatever its parts raise
        raise UnusableInput(
            f"transformers cannot load the tokenizer: {str(error)[:200]}", at=folder
        ) from error
