"""Checkpoints to begin a training from, as transformers writes them, and copies with one fault each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch

from tests.models.at_work import put_to_work
from tests.models.training_data import make_shards, make_tokenizer

CASES: Final[dict[str, dict[str, Any]]] = {
    "llama": {"family": "llama"},
    "llama tied": {"family": "llama", "tie_word_embeddings": True},
    "llama stretched": {
        "family": "llama",
        "rope_parameters": {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0},
    },
    "qwen2": {"family": "qwen2"},
    "qwen2 bfloat16 in shards": {
        "family": "qwen2",
        "dtype": "bfloat16",
        "shard": "30KB",
        "tie_word_embeddings": True,
    },
    "qwen3": {"family": "qwen3"},
    "qwen3 float16": {"family": "qwen3", "dtype": "float16"},
}
"""Vocabulary padded from 257 to 260, two key-value heads, a head size apart from hidden over heads."""


def data_folder(folder: Path) -> Path:
    """Tokenizer and shards that belong together."""
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", tokenizer=folder / "tokenizer")
    return folder


def initial_checkpoint(
    folder: Path, tokenizer: Path, family: str, *, dtype: str = "float32", shard: str = "1GB", **changes: Any
) -> Path:
    """Random weights of a family, strong enough that the loss is not that of a model that knows nothing."""
    from transformers import AutoConfig, AutoModelForCausalLM

    build: Any = AutoModelForCausalLM.from_config
    fields: dict[str, Any] = {
        "vocab_size": 260,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 12,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-4,
        "initializer_range": 0.3,
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": None,
    }
    torch.manual_seed(5)
    model = build(AutoConfig.for_model(family, **{**fields, **changes}))
    put_to_work(model, spread=0.5)
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, folder / name)
    return folder


def _drop_bias(weights: dict[str, torch.Tensor]) -> None:
    del weights["model.layers.0.self_attn.q_proj.bias"]


def _drop_two(weights: dict[str, torch.Tensor]) -> None:
    _drop_bias(weights)
    del weights["model.norm.weight"]


def _cut(weights: dict[str, torch.Tensor]) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    weights[name] = weights[name][:40].clone()


def _adapter(weights: dict[str, torch.Tensor]) -> None:
    weights["model.layers.0.adapter.weight"] = torch.ones(3)


_WEIGHTS: Final[dict[str, Callable[[dict[str, torch.Tensor]], None]]] = {
    "missing": _drop_bias,
    "two": _drop_two,
    "shape": _cut,
    "unknown": _adapter,
}


def damaged(sound: Path, folder: Path, fault: str) -> Path:
    """A copy of a Qwen2 checkpoint with one fault."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(sound, folder)
    weights, config = folder / "model.safetensors", folder / "config.json"
    fields = json.loads(config.read_text())
    if fault in _WEIGHTS:
        tensors = load_file(weights)
        _WEIGHTS[fault](tensors)
        save_file(tensors, weights, metadata={"format": "pt"})
    elif fault == "family":
        config.write_text(json.dumps(fields | {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    elif fault == "tokenizer":
        _swap_two_tokens(folder / "tokenizer.json")
    elif fault == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    elif fault == "rows":
        tensors = load_file(weights)
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            tensors[name] = tensors[name][:200].clone()
        save_file(tensors, weights, metadata={"format": "pt"})
        config.write_text(json.dumps(fields | {"vocab_size": 200}))
    elif fault == "context":
        config.write_text(json.dumps(fields | {"max_position_embeddings": 8}))
    elif fault == "pickle":
        weights.rename(folder / "pytorch_model.bin")
    else:
        raise KeyError(fault)
    return folder


def _swap_two_tokens(path: Path) -> None:
    document = json.loads(path.read_text())
    vocabulary = document["model"]["vocab"]
    one, other = list(vocabulary)[5], list(vocabulary)[6]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    path.write_text(json.dumps(document))
