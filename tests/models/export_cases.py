"""Checkpoints to export: every family, tied or not, with biases, in shards, with rope scaling, in every type."""

import functools
import shutil
from pathlib import Path
from typing import Any, Final

from tests.models.inference_chain import tokenizer
from tests.models.once import base
from tests.models.saved_families import BIASES, LINEAR, LLAMA3, YARN, saved

Case = tuple[str, dict[str, Any], str, str]
SIXTEEN: Final = {"head_dim": 16}
CASES: Final[dict[str, Case]] = {
    "llama": ("llama", {}, "float32", "1GB"),
    "llama, biases, shards": ("llama", BIASES["llama"], "bfloat16", "60KB"),
    "llama, tied, llama3": (
        "llama",
        {"tie_word_embeddings": True, "rope_parameters": LLAMA3},
        "float16",
        "1GB",
    ),
    "qwen2, tied, shards": ("qwen2", {"tie_word_embeddings": True} | SIXTEEN, "bfloat16", "40KB"),
    "qwen2, yarn": (
        "qwen2",
        {"rope_parameters": YARN | {"attention_factor": 1.4}} | SIXTEEN,
        "float32",
        "1GB",
    ),
    "qwen3": ("qwen3", {"rope_parameters": YARN}, "bfloat16", "1GB"),
    "qwen3, linear": ("qwen3", {"rope_parameters": LINEAR}, "float16", "60KB"),
}


@functools.cache
def checkpoint(case: str) -> Path:
    """A checkpoint of the case, with the tokenizer of the tiny chain."""
    family, changes, dtype, shard = CASES[case]
    fields = {"eos_token_id": 0} | changes
    folder = saved(base() / f"exported {case}", family, fields, dtype, shard)
    shutil.copy(tokenizer() / "tokenizer.json", folder)
    return folder
