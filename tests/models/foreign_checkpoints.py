"""Tiny checkpoints as other people's tools write them, made byte by byte so that each can be broken."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from specship.pipeline.model.reading import all_families
from tests.hostile.safetensors_files import stored

FAMILIES: Final = ("llama", "qwen2", "qwen3")
BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "F64": 8, "U8": 1}
TOKENS: Final = 37
ROWS: Final = 40


def config_of(family: str, **changes: Any) -> dict[str, Any]:
    """A `config.json` with awkward sizes: 6 heads of 8 in a hidden size of 24, 2 key-value heads."""
    return {
        "architectures": [all_families()[family].architecture],
        "model_type": family,
        "vocab_size": ROWS,
        "hidden_size": 24,
        "intermediate_size": 20,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "hidden_act": "silu",
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "eos_token_id": 0,
    } | changes


def tensors_of(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes, written out here once more: a table must not be its own witness."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    queries = config["num_attention_heads"] * config["head_dim"]
    keys = config["num_key_value_heads"] * config["head_dim"]
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config["vocab_size"], hidden),
        "model.norm.weight": (hidden,),
    }
    if not config["tie_word_embeddings"]:
        found["lm_head.weight"] = (config["vocab_size"], hidden)
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        found |= {
            f"{layer}.input_layernorm.weight": (hidden,),
            f"{layer}.post_attention_layernorm.weight": (hidden,),
            f"{layer}.self_attn.q_proj.weight": (queries, hidden),
            f"{layer}.self_attn.k_proj.weight": (keys, hidden),
            f"{layer}.self_attn.v_proj.weight": (keys, hidden),
            f"{layer}.self_attn.o_proj.weight": (hidden, queries),
            f"{layer}.mlp.gate_proj.weight": (inner, hidden),
            f"{layer}.mlp.up_proj.weight": (inner, hidden),
            f"{layer}.mlp.down_proj.weight": (hidden, inner),
        }
        if config["model_type"] == "qwen2":
            found |= {f"{layer}.self_attn.q_proj.bias": (queries,)}
            found |= {f"{layer}.self_attn.{name}_proj.bias": (keys,) for name in "kv"}
        if config["model_type"] == "qwen3":
            found |= {f"{layer}.self_attn.{name}_norm.weight": (config["head_dim"],) for name in "qk"}
    return found


@dataclass
class Foreign:
    """A checkpoint that is not on the disk yet; each of its fields may be damaged."""

    config: dict[str, Any]
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]]
    """Type, shape and bytes of each tensor."""
    shards: int = 1
    index: dict[str, Any] = field(default_factory=dict)
    """Fields that replace those of the index."""
    tokens: int = TOKENS

    def put(self, name: str, shape: tuple[int, ...], dtype: str = "F32", seed: int = 0) -> None:
        """Store a tensor of random bytes that are no NaN in any type."""
        size = BYTES[dtype]
        for dimension in shape:
            size *= dimension
        dice = random.Random(f"{name} {seed}")  # noqa: S311 - no secret
        self.tensors[name] = dtype, shape, bytes(dice.randrange(0x3C) for _ in range(size))

    def files(self) -> dict[str, dict[str, tuple[str, tuple[int, ...], bytes]]]:
        """The tensors of each file."""
        if self.shards == 1:
            return {"model.safetensors": self.tensors}
        found: dict[str, Any] = {
            f"model-{n + 1:05}-of-{self.shards:05}.safetensors": {} for n in range(self.shards)
        }
        for number, (name, tensor) in enumerate(sorted(self.tensors.items())):
            found[list(found)[number % self.shards]][name] = tensor
        return found

    def write(self, folder: Path) -> Path:
        """Write the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.config))
        vocabulary = {chr(0x20000 + number): number for number in range(self.tokens - 2)}
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
        added = [{"id": self.tokens - 2 + n, "content": f"<{n}>", **flags} for n in range(2)]
        (folder / "tokenizer.json").write_text(
            json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": []}, "added_tokens": added})
        )
        where: dict[str, str] = {}
        total = 0
        for file, tensors in self.files().items():
            (folder / file).write_bytes(safetensors(tensors))
            where |= dict.fromkeys(tensors, file)
            total += sum(len(data) for _, _, data in tensors.values())
        if self.shards > 1:
            index = {"metadata": {"total_size": total}, "weight_map": where} | self.index
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        return folder


def safetensors(tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """A safetensors file."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        data += content
    return stored(header, data)


def foreign(family: str, *, shards: int = 1, dtype: str = "F32", **changes: Any) -> Foreign:
    """A sound checkpoint of a family."""
    names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
    made = Foreign(config_of(family, torch_dtype=names[dtype], **changes), {}, shards)
    for name, shape in tensors_of(made.config).items():
        made.put(name, shape, dtype)
    return made
