"""The one table from a checkpoint's tensors to those of a GGUF, for every family.

A family's GGUF carries llama.cpp's own name of the architecture, which decides how its rows stand and
what it can hold. What it cannot hold would be left out of the model without a word, so it is refused.
Source: llama.cpp, gguf-py/gguf/tensor_mapping.py, src/models/{llama,qwen2,qwen3}.cpp, conversion/llama.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.model.decoder_shape import EMBEDDING, HEAD, DecoderShape

ROPE_FACTORS: Final = "rope_freqs.weight"
"""A tensor that no checkpoint stores: what each pair of dimensions' frequency is divided by (`llama3`)."""
_FINAL_NORM: Final = "model.norm.weight"
_WHOLE_MODEL: Final = {
    EMBEDDING: "token_embd.weight",
    _FINAL_NORM: "output_norm.weight",
    HEAD: "output.weight",
}
_LAYER: Final = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What llama.cpp makes of a family: its name there, and what its files can hold."""

    name: str
    """`general.architecture`, and the first part of every key about sizes."""
    pairs: bool = False
    """Dimensions 2i and 2i + 1 of a head are turned together, so rows of queries and keys are reordered."""
    output_and_feed_forward_biases: bool = False
    rope_factors: bool = False
    """A factor for each pair of dimensions can be stored, which `llama3` scaling needs."""
    head_norms: bool = False
    any_head_size: bool = True
    """Heads need not split the hidden size."""


ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "llama": Architecture(name="llama", pairs=True, output_and_feed_forward_biases=True, rope_factors=True),
    "qwen2": Architecture(name="qwen2", any_head_size=False),
    "qwen3": Architecture(name="qwen3", head_norms=True),
}
"""By the `model_type` of a family."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A tensor's two names, and how many heads its rows are reordered in; 0 leaves them."""

    checkpoint: str
    gguf: str
    heads: int = 0


def architecture_of(shape: DecoderShape, at: Path) -> Architecture:
    """The architecture of llama.cpp that holds everything of a decoder; `at` is what a refusal names.

    Raises:
        UnusableInput: there is none.
    """
    found = ARCHITECTURES.get(shape.family)
    lost = [f"llama.cpp has no architecture for the family {shape.family!r}"] if found is None else []
    lost += _lost(shape, found) if found else []
    if found is None or lost:
        raise UnusableInput(
            lost[0],
            at=at,
            why="what a GGUF cannot hold would be missing from the model, and nothing would show it",
            mend="use the checkpoint in its own format; `specship run` takes it as it is",
        )
    return found


def _lost(shape: DecoderShape, architecture: Architecture) -> Iterator[str]:
    """In words, each thing of a decoder that a GGUF of this architecture cannot hold."""
    name = f"llama.cpp's architecture {architecture.name!r}"
    if not architecture.output_and_feed_forward_biases:
        if shape.biases.output:
            yield f"{name} has no bias on the attention's output (attention_bias is true)"
        if shape.biases.feed_forward:
            yield f"{name} has no biases in its feed-forward part (mlp_bias is true)"
    if shape.head_norms and not architecture.head_norms:
        yield f"{name} does not norm heads"
    if shape.rope.kind == "llama3" and not architecture.rope_factors:
        yield f"{name} has no place for rope scaling of the type 'llama3'"
    if shape.heads * shape.head_dim != shape.hidden and not architecture.any_head_size:
        yield (
            f"{name} needs heads that split the hidden size: "
            f"{shape.heads} heads of {shape.head_dim} are not {shape.hidden}"
        )


def renamed_tensors(shape: DecoderShape) -> list[Renamed]:
    """Every tensor of a decoder in the order in which it is written; a tied head is not written.

    `ROPE_FACTORS` is not among them: it follows from the configuration.
    """
    found = [
        Renamed(ours, theirs) for ours, theirs in _WHOLE_MODEL.items() if not (shape.tied and ours == HEAD)
    ]
    for index in range(shape.layers):
        found += [
            Renamed(f"model.layers.{index}.{ours}", f"blk.{index}.{theirs}", heads)
            for ours, theirs, heads in _layer(shape)
        ]
    return found


def expected_names(shape: DecoderShape) -> frozenset[str]:
    """Name of every tensor that a GGUF of a decoder has."""
    derived = {ROPE_FACTORS} if shape.rope.kind == "llama3" else set()
    return frozenset({tensor.gguf for tensor in renamed_tensors(shape)} | derived)


def _layer(shape: DecoderShape) -> Iterator[tuple[str, str, int]]:
    """Both names of each tensor of one layer, and the heads in which its rows are reordered."""
    pairs = shape.family in ARCHITECTURES and ARCHITECTURES[shape.family].pairs
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads} if pairs else {}
    for ours, theirs in _LAYER.items():
        if shape.head_norms or theirs not in {"attn_q_norm", "attn_k_norm"}:
            yield f"{ours}.weight", f"{theirs}.weight", heads.get(theirs, 0)
        if _has_bias(shape, theirs):
            yield f"{ours}.bias", f"{theirs}.bias", heads.get(theirs, 0)


def _has_bias(shape: DecoderShape, theirs: str) -> bool:
    if theirs == "attn_output":
        return shape.biases.output
    if theirs in {"attn_q", "attn_k", "attn_v"}:
        return shape.biases.query_key_value
    return theirs in {"ffn_gate", "ffn_up", "ffn_down"} and shape.biases.feed_forward
