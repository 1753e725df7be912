"""Tiny checkpoints of every family that `transformers` itself makes and saves."""

from pathlib import Path
from typing import Any, Final

import torch

from tests.models.at_work import put_to_work
from tests.models.foreign_checkpoints import config_of

LINEAR: Final = {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}
LLAMA3: Final = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN: Final = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}
PLAIN: Final = {"rope_type": "default", "rope_theta": 1000000.0}
BIASES: Final = {
    "llama": {"attention_bias": True, "mlp_bias": True},
    "qwen2": {},
    "qwen3": {"attention_bias": True},
}


def saved(folder: Path, family: str, changes: dict[str, Any], dtype: str, shard: str) -> Path:
    """A folder that transformers wrote: random weights, biases and norms, all of them at work."""
    from transformers import AutoConfig, AutoModelForCausalLM

    build: Any = AutoModelForCausalLM.from_config
    fields = {"head_dim": 20, "hidden_size": 96, "vocab_size": 515, "rope_parameters": PLAIN} | changes
    config = {key: value for key, value in config_of(family, **fields).items() if key != "rope_theta"}
    config |= {"initializer_range": 0.2, "intermediate_size": 72, "max_position_embeddings": 256}
    config |= {"pad_token_id": None, "bos_token_id": None}
    torch.manual_seed(11)
    model = build(AutoConfig.for_model(config.pop("model_type"), **config))
    put_to_work(model)
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard)
    return folder
