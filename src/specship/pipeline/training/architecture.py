"""What a declared architecture must come to: config fields, parameters, work a token.

Pure arithmetic over a `config.json`, without torch, so that a probe can hold stored bytes
against the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from specship.pipeline.training.settings import ModelSettings

REQUIRED_FIELDS: Final = (
    "architectures",
    "model_type",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "hidden_act",
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_parameters",
    "rope_theta",
    "tie_word_embeddings",
    "attention_bias",
    "mlp_bias",
    "bos_token_id",
    "eos_token_id",
    "dtype",
)
"""Fields of `config.json` without which a reader would have to guess the architecture."""


def config_fields(model: ModelSettings, *, vocabulary: int, separator_id: int) -> dict[str, Any]:
    """Every architecture field of `config.json`, none left to a library's default.

    `rope_theta` and `torch_dtype` repeat `rope_parameters` and `dtype` for readers from before
    transformers 5.
    """
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": model.hidden_size,
        "intermediate_size": model.intermediate_size,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.hidden_size // model.heads,
        "hidden_act": "silu",
        "max_position_embeddings": model.max_positions,
        "rms_norm_eps": model.norm_eps,
        "rope_theta": model.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": model.rope_theta},
        "tie_word_embeddings": model.tied_embeddings,
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": model.attention_dropout,
        "initializer_range": model.initializer_range,
        "bos_token_id": separator_id,
        "eos_token_id": separator_id,
        "pad_token_id": None,
        "dtype": "float32",
        "torch_dtype": "float32",
        "use_cache": True,
    }


def _layer_parameters(config: Mapping[str, Any]) -> tuple[int, int]:
    """Parameters of one layer: in matrices, and in norms."""
    hidden = int(config["hidden_size"])
    attention = int(config["num_attention_heads"]) * int(config["head_dim"])
    key_value = int(config["num_key_value_heads"]) * int(config["head_dim"])
    matrices = hidden * (2 * attention + 2 * key_value) + 3 * hidden * int(config["intermediate_size"])
    return matrices, 2 * hidden


def parameter_count(config: Mapping[str, Any]) -> int:
    """Parameters of a Llama without biases as its config declares it; a tied embedding counts once."""
    matrices, norms = _layer_parameters(config)
    embedding = int(config["vocab_size"]) * int(config["hidden_size"])
    embeddings = embedding if config["tie_word_embeddings"] else 2 * embedding
    return int(config["num_hidden_layers"]) * (matrices + norms) + int(config["hidden_size"]) + embeddings


def tensor_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor that a checkpoint of this config stores."""
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    attention = int(config["num_attention_heads"]) * int(config["head_dim"])
    key_value = int(config["num_key_value_heads"]) * int(config["head_dim"])
    layer = {
        "self_attn.q_proj": (attention, hidden),
        "self_attn.k_proj": (key_value, hidden),
        "self_attn.v_proj": (key_value, hidden),
        "self_attn.o_proj": (hidden, attention),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
    }
    embedding = (int(config["vocab_size"]), hidden)
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": embedding,
        "model.norm.weight": (hidden,),
    }
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = embedding
    for index in range(int(config["num_hidden_layers"])):
        shapes |= {f"model.layers.{index}.{name}.weight": shape for name, shape in layer.items()}
    return shapes


def training_flops_per_token(config: Mapping[str, Any], length: int) -> int:
    """Least floating-point operations a trained token costs: forward, and backward at twice that.

    6 for each weight that is multiplied (the output projection included, the embedding lookup
    not), and 6 * layers * length * width for causal attention, which half of the scores needs.
    Recomputation, norms and the optimizer come on top, so no honest run does less.
    """
    matrices, _ = _layer_parameters(config)
    layers = int(config["num_hidden_layers"])
    output = int(config["vocab_size"]) * int(config["hidden_size"])
    width = int(config["num_attention_heads"]) * int(config["head_dim"])
    return 6 * (layers * matrices + output) + 6 * layers * length * width
