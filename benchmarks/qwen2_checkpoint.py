"""A Qwen2 of random weights with the real vocabulary of Qwen2, written without torch.

python benchmarks/qwen2_checkpoint.py FOLDER VOCABULARY.gguf
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS, HEAD = 896, 5248, 2, 14, 2, 64
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tensor_shapes(rows: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a tied Qwen2."""
    keys = KV_HEADS * HEAD
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (rows, HIDDEN),
        "model.norm.weight": (HIDDEN,),
    }
    for index in range(LAYERS):
        layer = f"model.layers.{index}"
        for part, size in {"q": HIDDEN, "k": keys, "v": keys}.items():
            found[f"{layer}.self_attn.{part}_proj.weight"] = (size, HIDDEN)
            found[f"{layer}.self_attn.{part}_proj.bias"] = (size,)
        found |= {
            f"{layer}.self_attn.o_proj.weight": (HIDDEN, HIDDEN),
            f"{layer}.input_layernorm.weight": (HIDDEN,),
            f"{layer}.post_attention_layernorm.weight": (HIDDEN,),
            f"{layer}.mlp.gate_proj.weight": (INTERMEDIATE, HIDDEN),
            f"{layer}.mlp.up_proj.weight": (INTERMEDIATE, HIDDEN),
            f"{layer}.mlp.down_proj.weight": (HIDDEN, INTERMEDIATE),
        }
    return found


def write_weights(path: Path, rows: int) -> None:
    """Random bfloat16 weights as safetensors, one tensor in memory at a time."""
    import numpy as np

    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensor_shapes(rows).items():
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    dice = np.random.default_rng(1)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in tensor_shapes(rows).items():
            values = dice.standard_normal(shape, dtype=np.float32) * 0.02 + ("norm" in name)
            file.write((values.view("<u4") >> 16).astype("<u2").tobytes())


def write_tokenizer(folder: Path, vocabulary: Path) -> int:
    """The tokenizer of Qwen2 from llama.cpp's own test vocabulary; returns how many rows it has."""
    from gguf import GGUFReader

    fields = GGUFReader(vocabulary).fields
    tokens, types, merges = (
        fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges")
    )
    normal = {token: number for number, token in enumerate(tokens) if types[number] == 1}
    special = [
        number for number, kind in enumerate(types) if kind != 1 and not tokens[number].startswith("[PAD")
    ]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": tokens[number], **flags} for number in special],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": QWEN2_PATTERN},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            ],
        },
        "post_processor": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": False,
            "use_regex": False,
        },
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": False,
            "use_regex": False,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": normal,
            "merges": [merge.split(" ") for merge in merges],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False))
    ends = {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "bos_token": None}
    about = {"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "add_bos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(about | ends))
    return len(tokens)


def write_checkpoint(folder: Path, vocabulary: Path) -> None:
    """A whole Hugging Face folder."""
    folder.mkdir()
    rows = write_tokenizer(folder, vocabulary)
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": rows,
        "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": 151643,
        "eos_token_id": 151643,
    }
    (folder / "config.json").write_text(json.dumps(config))
    write_weights(folder / "model.safetensors", rows)


if __name__ == "__main__":
    write_checkpoint(Path(sys.argv[1]), Path(sys.argv[2]))
