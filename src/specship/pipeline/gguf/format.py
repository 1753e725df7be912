"""Figures of the GGUF format: types, and which type each known key must have.

How much of everything a file may hold stands in `specship.bounds`.  llama.cpp has crashed on files
that broke nearly every rule, so it only ever opens what passed `reader`.
Source: ggml docs/gguf.md and include/ggml.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
DEFAULT_ALIGNMENT: Final = 32
"""Where `general.alignment` does not say."""

STRING: Final = 8
ARRAY: Final = 9
BOOL: Final = 7
UINT8: Final = 0
UINT16: Final = 2
UINT32: Final = 4
INT32: Final = 5
FLOAT32: Final = 6
SCALARS: Final = {
    UINT8: "<B",
    1: "<b",
    UINT16: "<H",
    3: "<h",
    UINT32: "<I",
    INT32: "<i",
    FLOAT32: "<f",
    BOOL: "<B",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""struct format by value type."""


@dataclass(frozen=True, slots=True)
class ElementType:
    """A tensor's element type: its name, elements a block, bytes a block."""

    name: str
    block: int
    bytes: int


ELEMENT_TYPES: Final = {
    0: ElementType("F32", 1, 4),
    1: ElementType("F16", 1, 2),
    2: ElementType("Q4_0", 32, 18),
    3: ElementType("Q4_1", 32, 20),
    6: ElementType("Q5_0", 32, 22),
    7: ElementType("Q5_1", 32, 24),
    8: ElementType("Q8_0", 32, 34),
    10: ElementType("Q2_K", 256, 84),
    11: ElementType("Q3_K", 256, 110),
    12: ElementType("Q4_K", 256, 144),
    13: ElementType("Q5_K", 256, 176),
    14: ElementType("Q6_K", 256, 210),
    20: ElementType("IQ4_NL", 32, 18),
    30: ElementType("BF16", 1, 2),
}

KNOWN_KEYS: Final[dict[str, int | tuple[int, int]]] = {
    "general.architecture": STRING,
    "general.name": STRING,
    "general.license": STRING,
    "general.alignment": UINT32,
    "general.file_type": UINT32,
    "split.no": UINT16,
    "split.count": UINT16,
    "split.tensors.count": INT32,
    "tokenizer.ggml.model": STRING,
    "tokenizer.ggml.pre": STRING,
    "tokenizer.ggml.tokens": (ARRAY, STRING),
    "tokenizer.ggml.token_type": (ARRAY, INT32),
    "tokenizer.ggml.scores": (ARRAY, FLOAT32),
    "tokenizer.ggml.merges": (ARRAY, STRING),
    "tokenizer.ggml.bos_token_id": UINT32,
    "tokenizer.ggml.eos_token_id": UINT32,
    "tokenizer.ggml.unknown_token_id": UINT32,
    "tokenizer.ggml.seperator_token_id": UINT32,
    "tokenizer.ggml.padding_token_id": UINT32,
    "tokenizer.ggml.mask_token_id": UINT32,
    "tokenizer.ggml.eot_token_id": UINT32,
    "tokenizer.ggml.add_bos_token": BOOL,
    "tokenizer.ggml.add_eos_token": BOOL,
    "tokenizer.ggml.add_space_prefix": BOOL,
    "tokenizer.ggml.remove_extra_whitespaces": BOOL,
    "tokenizer.chat_template": STRING,
    "tokenizer.chat_templates": (ARRAY, STRING),
}
"""The type each known key must have; llama.cpp reads some of them without asking."""
KNOWN_ENDINGS: Final = {
    ".context_length": UINT32,
    ".embedding_length": UINT32,
    ".block_count": UINT32,
    ".feed_forward_length": UINT32,
    ".attention.head_count": UINT32,
    ".attention.head_count_kv": UINT32,
    ".attention.key_length": UINT32,
    ".attention.value_length": UINT32,
    ".rope.dimension_count": UINT32,
    ".rope.freq_base": FLOAT32,
    ".rope.scaling.type": STRING,
    ".rope.scaling.factor": FLOAT32,
    ".rope.scale_linear": FLOAT32,
    ".rope.scaling.attn_factor": FLOAT32,
    ".rope.scaling.original_context_length": UINT32,
    ".rope.scaling.yarn_beta_fast": FLOAT32,
    ".rope.scaling.yarn_beta_slow": FLOAT32,
    ".expert_count": UINT32,
    ".expert_used_count": UINT32,
    ".nextn_predict_layers": UINT32,
    ".attention.causal": BOOL,
    ".attention.layer_norm_rms_epsilon": FLOAT32,
    ".vocab_size": UINT32,
}
"""The same for keys that begin with the architecture's name, whatever it is."""
