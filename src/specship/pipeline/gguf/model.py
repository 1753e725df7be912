"""A GGUF file as a model that our decoder runs: shape from the metadata, tensors by checkpoint names.

Every key that decides a figure must be there or have the default that llama.cpp takes; every tensor
must belong to the architecture. What is not understood is refused: a decoder that ignored it would be
another model.  Source: llama.cpp, src/llama-model.cpp (load_hparams) and gguf-py/gguf/constants.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from specship.digests import sha256_file
from specship.errors import DamagedArtifact, UnknownName, UnusableInput
from specship.pipeline.gguf.names import ARCHITECTURES, ROPE_FACTORS, renamed_tensors
from specship.pipeline.gguf.reader import GgufFile, GgufTensor, read_gguf
from specship.pipeline.model.decoder_shape import (
    EMBEDDING,
    Biases,
    DecoderShape,
    RopeScaling,
    TextShape,
    expected_tensors,
)
from specship.pipeline.model.reading import OURS
from specship.pipeline.model.rotary_order import separate_rows

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

_FAMILIES: Final = {architecture.name: family for family, architecture in ARCHITECTURES.items()}
"""By llama.cpp's own names."""
_THETA: Final = 10_000.0
_NOT_OURS: Final = {
    "expert_count": (0, "a mixture of experts"),
    "expert_used_count": (0, "a mixture of experts"),
    "nextn_predict_layers": (0, "layers that guess several tokens at once"),
    "attention.causal": (True, "attention that sees the text behind a token"),
}
"""Keys of llama.cpp that make another model of a decoder: the value that does not, and what others mean."""
_BIASES: Final = {
    "query_key_value": "blk.0.attn_q.bias",
    "output": "blk.0.attn_output.bias",
    "feed_forward": "blk.0.ffn_gate.bias",
}


@dataclass(frozen=True, slots=True)
class StoredGguf:
    """An opened GGUF, whoever computes it."""

    kind: ClassVar[str] = "gguf"
    path: Path
    shape: TextShape
    file: GgufFile

    def weights_digest(self) -> str:
        """Hex sha256 of the file."""
        return sha256_file(self.path)

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the metadata describe.

        Raises:
            UnusableInput: its kind, or the way it splits text, is not known here.
            DamagedArtifact: its tokens contradict each other.
        """
        from specship.pipeline.gguf.tokenizer import rebuilt_tokenizer

        return rebuilt_tokenizer(self.file)


@dataclass(frozen=True, slots=True)
class GgufModel(StoredGguf):
    """One of an architecture that is computed here, under its checkpoint's names."""

    engine: ClassVar[str] = OURS
    shape: DecoderShape
    tensors: Mapping[str, GgufTensor]
    heads: Mapping[str, int]
    """Heads of those tensors whose rows stand in llama.cpp's order of pairs."""

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor as float32 or float16, its rows in the order of a checkpoint.

        Raises:
            UnusableInput: the installed `gguf` package does not read its type.
        """
        found = self.file.array(self.tensors[name].name)
        if not (heads := self.heads.get(name, 0)):
            return found
        rows_NC = found.reshape(len(found), -1)  # noqa: N806 - axes
        return separate_rows(rows_NC, heads).reshape(found.shape)


def open_gguf(path: Path) -> GgufModel:
    """Open a GGUF file of a known architecture; nothing is loaded yet.

    Raises:
        UnknownName: no architecture of ours.
        UnusableInput: a feature that the decoder does not have.
        DamagedArtifact: against a rule of the format, or metadata and tensors contradict each other.
    """
    file = read_gguf(path)
    shape = gguf_shape(file)
    renamed = renamed_tensors(shape)
    wanted = expected_tensors(shape)
    _check_tokens(file, shape)
    for tensor in renamed:
        stored = file.tensors.get(tensor.gguf)
        if stored is None:
            _contradiction(path, f"{tensor.gguf} is missing")
        if stored.shape != wanted[tensor.checkpoint]:
            _contradiction(
                path,
                f"{tensor.gguf} has shape {list(stored.shape)}, the metadata say "
                f"{list(wanted[tensor.checkpoint])}",
            )
        if len(stored.shape) == 1 and stored.dtype != "F32":
            _contradiction(
                path, f"{tensor.gguf} is stored as {stored.dtype}; llama.cpp computes with vectors in F32"
            )
    surplus = file.tensors.keys() - {tensor.gguf for tensor in renamed} - {ROPE_FACTORS}
    if surplus:
        _contradiction(path, f"{len(surplus)} tensors are not of this architecture, first {min(surplus)}")
    return GgufModel(
        path,
        shape,
        file,
        {tensor.checkpoint: file.tensors[tensor.gguf] for tensor in renamed},
        {tensor.checkpoint: tensor.heads for tensor in renamed if tensor.heads},
    )


def _check_tokens(file: GgufFile, shape: DecoderShape) -> None:
    listed = len(file.metadata.get("tokenizer.ggml.tokens", ()))
    if listed and listed != shape.vocabulary:
        _contradiction(
            file.path, f"{listed} tokens are listed, and the embedding has {shape.vocabulary} rows"
        )


def gguf_shape(file: GgufFile) -> DecoderShape:
    """What the metadata, and the presence of some tensors, say of a decoder.

    Raises:
        UnknownName: no architecture of ours.
        UnusableInput: a feature that the decoder does not have.
        DamagedArtifact: a key is missing or impossible.
    """
    keys = _Keys(file)
    heads, hidden = keys.count("attention.head_count"), keys.count("embedding_length")
    kv_heads = keys.count("attention.head_count_kv", heads)
    head_dim = keys.count("attention.key_length", hidden // heads)
    if heads % kv_heads or head_dim % 2:
        _contradiction(file.path, f"{heads} heads of {head_dim} do not fit {kv_heads} key-value heads")
    for key in ("attention.value_length", "rope.dimension_count"):
        keys.only(key, head_dim)
    keys.refuse_others()
    has = file.tensors.keys()
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        _contradiction(file.path, f"there is no matrix token_embd.weight ({EMBEDDING})")
    vocabulary = embedding.shape[0]
    keys.only("vocab_size", vocabulary)
    return DecoderShape(
        family=_FAMILIES[keys.architecture],
        vocabulary=vocabulary,
        hidden=hidden,
        intermediate=keys.count("feed_forward_length"),
        layers=keys.count("block_count"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        context=keys.count("context_length"),
        rms_eps=keys.positive("attention.layer_norm_rms_epsilon"),
        rope_theta=keys.positive("rope.freq_base", _THETA),
        rope=_scaling(keys, head_dim),
        biases=Biases(**{name: tensor in has for name, tensor in _BIASES.items()}),
        head_norms="blk.0.attn_q_norm.weight" in has,
        tied="output.weight" not in has,
        bos_id=keys.token("bos", vocabulary),
        eos_ids=tuple(
            dict.fromkeys(
                token for name in ("eos", "eot") if (token := keys.token(name, vocabulary)) is not None
            )
        ),
        pad_id=keys.token("padding", vocabulary),
    )


def _scaling(keys: _Keys, head_dim: int) -> RopeScaling:
    """How the rotation was stretched: by kind and factor, or by a tensor with a factor for each pair."""
    kind, path = keys.get("rope.scaling.type", "linear"), keys.file.path
    factor = 1.0 if kind == "none" else _stretch(keys)
    if kind != "yarn" and keys.positive("rope.scaling.attn_factor", 1.0) != 1.0:
        raise UnusableInput(
            f"{keys.architecture}.rope.scaling.attn_factor beside the scaling {str(kind)[:40]!r}",
            at=path,
            why="llama.cpp lengthens queries and keys by it; the decoder here does so for yarn alone",
            mend="use a file with the scaling yarn, or without this key",
        )
    if ROPE_FACTORS in keys.file.tensors:
        factors = keys.file.array(ROPE_FACTORS)
        if factors.shape != (head_dim // 2,) or not all(0 < value < math.inf for value in factors.tolist()):
            _contradiction(path, f"{ROPE_FACTORS} is no list of {head_dim // 2} factors above 0")
        if kind not in {"none", "linear"} or factor != 1.0:
            raise UnusableInput(
                f"{ROPE_FACTORS} beside the scaling {kind!r}",
                at=path,
                mend="use a file with the one or the other",
            )
        return RopeScaling(kind="factors", factors=tuple(factors.tolist()))
    if kind == "none" or (kind == "linear" and factor == 1.0):
        return RopeScaling()
    if kind == "linear":
        return RopeScaling(kind="linear", factor=factor)
    if kind != "yarn":
        raise UnusableInput(
            f"the rotation is scaled by the rule {str(kind)[:40]!r}",
            at=path,
            why="known are none, linear, yarn and a tensor of factors; another rotation gives other logits",
            mend="use a file with one of these",
        )
    # llama.cpp lengthens by its own rule, and by the file's factor on top of it.
    length = keys.positive("rope.scaling.attn_factor", 1.0) * (0.1 * math.log(max(factor, 1.0)) + 1.0)
    return RopeScaling(
        kind="yarn",
        factor=factor,
        beta_fast=keys.positive("rope.scaling.yarn_beta_fast", 32.0),
        beta_slow=keys.positive("rope.scaling.yarn_beta_slow", 1.0),
        attention_factor=length,
        original_context=keys.count("rope.scaling.original_context_length", keys.count("context_length")),
    )


def _stretch(keys: _Keys) -> float:
    """The factor of a stretched rotation, under its name or its older one; 0 is none, as for llama.cpp."""
    key = next((one for one in ("rope.scaling.factor", "rope.scale_linear") if keys.get(one) is not None), "")
    return 1.0 if not key or keys.get(key) == 0 else keys.positive(key)


class _Keys:
    """The metadata of one architecture, taken key by key and none of it believed."""

    def __init__(self, file: GgufFile) -> None:
        self.file = file
        name = file.metadata.get("general.architecture")
        if name not in _FAMILIES:
            said = (
                "there is no general.architecture"
                if name is None
                else f"general.architecture is {name[:60]!r}"
            )
            raise UnknownName(
                said,
                at=file.path,
                why=f"architectures that are known: {', '.join(_FAMILIES)}",
                mend="use a file of one of these",
            )
        self.architecture: Final = str(name)

    def get(self, key: str, default: Any = None) -> Any:
        return self.file.metadata.get(f"{self.architecture}.{key}", default)

    def count(self, key: str, default: int | None = None) -> int:
        value = self.get(key, default)
        if type(value) is not int or not 1 <= value < 2**31:
            self._impossible(key, value)
        return value

    def positive(self, key: str, default: float | None = None) -> float:
        value = self.get(key, default)
        if type(value) not in {int, float} or not 0 < value < math.inf:
            self._impossible(key, value)
        return float(value)

    def only(self, key: str, wanted: int) -> None:
        """Refuse another value than the one that follows from the rest."""
        if self.get(key, wanted) != wanted:
            self._impossible(key, f"{self.get(key)}, and {wanted} follows from the rest")

    def refuse_others(self) -> None:
        """Refuse what makes another model of the decoder.

        Raises:
            UnusableInput: a key says so.
        """
        for key, (ours, what) in _NOT_OURS.items():
            if (value := self.get(key, ours)) != ours:
                raise UnusableInput(
                    f"{self.architecture}.{key} is {value}: {what}",
                    at=self.file.path,
                    why="our decoder does not compute this, and without it the model is another one",
                    mend="use a model without it",
                )

    def token(self, name: str, vocabulary: int) -> int | None:
        """A special token's id; one that has no row is refused."""
        key = f"tokenizer.ggml.{name}_token_id"
        value = self.file.metadata.get(key)
        if value is not None and (type(value) is not int or not 0 <= value < vocabulary):
            _contradiction(self.file.path, f"{key} is {value}, and there are {vocabulary} tokens")
        return value

    def _impossible(self, key: str, value: Any) -> NoReturn:
        said = f"there is no {self.architecture}.{key}" if value is None else None
        _contradiction(self.file.path, said or f"{self.architecture}.{key} is {str(value)[:60]}")


def _contradiction(path: Path, message: str) -> NoReturn:
    raise DamagedArtifact(
        message,
        at=path,
        why="the metadata and the tensors do not describe one model that our decoder knows",
        mend="export the checkpoint again: specship export",
    )
