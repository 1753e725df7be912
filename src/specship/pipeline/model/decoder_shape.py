"""What a decoder is made of: sizes, biases, norms and rotation, and the tensors that follow from them.

Pure arithmetic, without torch: a checkpoint's bytes are held against this before any is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

TensorTable = dict[str, tuple[int, ...]]
"""Name and shape of each tensor."""
RopeKind = Literal["default", "linear", "llama3", "yarn", "factors"]

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class RopeScaling:
    """How the rotation was stretched after training; the default leaves it as it was."""

    kind: RopeKind = "default"
    factor: float = 1.0
    """By how much slow dimensions turn slower."""
    low_freq_factor: float = 1.0
    """`llama3`: wavelengths above the original context over this are stretched whole."""
    high_freq_factor: float = 4.0
    """`llama3`: wavelengths below the original context over this are left alone."""
    beta_fast: float = 32.0
    """`yarn`: dimensions that turn more often than this in the original context are left alone."""
    beta_slow: float = 1.0
    """`yarn`: dimensions that turn less often than this are stretched whole."""
    attention_factor: float = 0.0
    """`yarn`: by how much turned queries and keys are lengthened; 0 until the kind's rule is applied."""
    original_context: int = 0
    """`llama3`, `yarn`: positions of the first training."""
    factors: tuple[float, ...] = ()
    """`factors`: by how much each pair of dimensions turns slower, as a GGUF has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Biases:
    """Which projections add a bias."""

    query_key_value: bool = False
    output: bool = False
    feed_forward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextShape:
    """What every model that writes text has, whoever decodes it; every count is at least 1."""

    family: str
    """`model_type` of its family."""
    vocabulary: int
    """Rows of the embedding; often more than the tokenizer has tokens."""
    hidden: int
    layers: int
    heads: int
    context: int
    """Positions of the longest text."""
    tied: bool
    """Whether the head is the embedding."""
    bos_id: int | None
    eos_ids: tuple[int, ...]
    pad_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderShape(TextShape):
    """What `config.json` says of a decoder that is computed here; every count is at least 1."""

    family: str = "llama"
    intermediate: int
    kv_heads: int
    head_dim: int
    """Size of a head, which need not be `hidden / heads`."""
    rms_eps: float
    rope_theta: float
    rope: RopeScaling = field(default_factory=RopeScaling)
    biases: Biases = field(default_factory=Biases)
    head_norms: bool = False
    """Whether each query and key head is normed before it is turned."""


def expected_tensors(shape: DecoderShape) -> TensorTable:
    """Name and shape of every tensor a decoder of this shape has; a tied head is stored once."""
    found: TensorTable = {
        EMBEDDING: (shape.vocabulary, shape.hidden),
        "model.norm.weight": (shape.hidden,),
    }
    layer = _layer_weights(shape) | _layer_biases(shape) | _layer_head_norms(shape)
    for index in range(shape.layers):
        found |= {f"model.layers.{index}.{name}": size for name, size in layer.items()}
    if not shape.tied:
        found[HEAD] = (shape.vocabulary, shape.hidden)
    return found


def _layer_weights(shape: DecoderShape) -> TensorTable:
    hidden, inner = shape.hidden, shape.intermediate
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    return {
        "input_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (queries, hidden),
        "self_attn.k_proj.weight": (keys, hidden),
        "self_attn.v_proj.weight": (keys, hidden),
        "self_attn.o_proj.weight": (hidden, queries),
        "post_attention_layernorm.weight": (hidden,),
        "mlp.gate_proj.weight": (inner, hidden),
        "mlp.up_proj.weight": (inner, hidden),
        "mlp.down_proj.weight": (hidden, inner),
    }


def _layer_biases(shape: DecoderShape) -> TensorTable:
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    found: TensorTable = {}
    if shape.biases.query_key_value:
        found |= {f"self_attn.{name}_proj.bias": (keys,) for name in ("k", "v")}
        found["self_attn.q_proj.bias"] = (queries,)
    if shape.biases.output:
        found["self_attn.o_proj.bias"] = (shape.hidden,)
    if shape.biases.feed_forward:
        found |= {f"mlp.{name}_proj.bias": (shape.intermediate,) for name in ("gate", "up")}
        found["mlp.down_proj.bias"] = (shape.hidden,)
    return found


def _layer_head_norms(shape: DecoderShape) -> TensorTable:
    names = ("q_norm", "k_norm") if shape.head_norms else ()
    return {f"self_attn.{name}.weight": (shape.head_dim,) for name in names}


def elements(tensors: TensorTable) -> int:
    """Numbers that all tensors of a table hold together."""
    return sum(math.prod(shape) for shape in tensors.values())
