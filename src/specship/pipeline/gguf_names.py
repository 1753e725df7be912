"""The one table from a checkpoint's tensors to those of a GGUF of architecture `llama`.

Source: llama.cpp, gguf-py/gguf/tensor_mapping.py and constants.py (MODEL_ARCH.LLAMA).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from specship.pipeline.checkpoint_folder import LlamaShape

ARCHITECTURE: Final = "llama"
"""llama.cpp's own name; a class name of transformers is refused by it."""
Rows = Literal["as-they-are", "query-pairs", "key-pairs"]

_WHOLE_MODEL: Final = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_LAYER: Final[dict[str, tuple[str, Rows]]] = {
    "input_layernorm.weight": ("attn_norm.weight", "as-they-are"),
    "self_attn.q_proj.weight": ("attn_q.weight", "query-pairs"),
    "self_attn.k_proj.weight": ("attn_k.weight", "key-pairs"),
    "self_attn.v_proj.weight": ("attn_v.weight", "as-they-are"),
    "self_attn.o_proj.weight": ("attn_output.weight", "as-they-are"),
    "post_attention_layernorm.weight": ("ffn_norm.weight", "as-they-are"),
    "mlp.gate_proj.weight": ("ffn_gate.weight", "as-they-are"),
    "mlp.up_proj.weight": ("ffn_up.weight", "as-they-are"),
    "mlp.down_proj.weight": ("ffn_down.weight", "as-they-are"),
}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A tensor's two names, and how many heads its rows are reordered in; 0 leaves them."""

    checkpoint: str
    gguf: str
    heads: int = 0


def renamed_tensors(shape: LlamaShape) -> list[Renamed]:
    """Every tensor of a decoder in the order in which it is written; a tied head is not written."""
    heads: dict[Rows, int] = {"as-they-are": 0, "query-pairs": shape.heads, "key-pairs": shape.kv_heads}
    found = [
        Renamed(ours, theirs)
        for ours, theirs in _WHOLE_MODEL.items()
        if not (shape.tied and ours == "lm_head.weight")
    ]
    for index in range(shape.layers):
        found += [
            Renamed(f"model.layers.{index}.{ours}", f"blk.{index}.{theirs}", heads[rows])
            for ours, (theirs, rows) in _LAYER.items()
        ]
    return found
