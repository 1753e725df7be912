"""Small checkpoints of every family with a tokenizer, made by transformers, and copies that were changed."""

import functools
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.editing import edit_json
from tests.models.at_work import put_to_work
from tests.models.inference_chain import tokenizer
from tests.models.once import base

Array = np.ndarray[Any, Any]
Edit = Callable[[Array], Array] | None
"""From a tensor to what it becomes; None leaves it out."""
SIZES: Final = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "initializer_range": 0.15,
    "tie_word_embeddings": False,
    "eos_token_id": 0,
    "bos_token_id": None,
    "pad_token_id": None,
}


@functools.cache
def model(family: str, rows: int = 512, **changes: Any) -> Path:
    """A checkpoint folder with random weights, biases and norms, all of them at work; made once."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = base() / f"{family}-{rows}-{len(list(base().iterdir()))}"
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    config = SIZES | {"vocab_size": rows, "rope_parameters": rope} | changes
    build: Any = AutoModelForCausalLM.from_config
    torch.manual_seed(3)
    made = build(AutoConfig.for_model(family, **config))
    put_to_work(made)
    made.save_pretrained(folder)
    shutil.copy(tokenizer() / "tokenizer.json", folder)
    return folder


def changed(source: Path, target: Path, tensors: Mapping[str, Edit] | None = None, **config: Any) -> Path:
    """A copy of a folder with some tensors and fields of its configuration changed."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(source, target)
    arrays = load_file(target / "model.safetensors")
    for name, edit in (tensors or {}).items():
        if edit is None:
            del arrays[name]
        else:
            arrays[name] = np.ascontiguousarray(edit(arrays[name]))
    save_file(arrays, target / "model.safetensors", metadata={"format": "pt"})
    if config:
        edit_json(target / "config.json", **config)
    return target


def with_other_merges(folder: Path) -> Path:
    """Change a folder so that its tokenizer merges nothing."""
    return _with_model(folder, merges=[])


def with_another_token(folder: Path, number: int) -> Path:
    """Change a folder so that its tokenizer has a token of this id."""
    document = json.loads((folder / "tokenizer.json").read_text())
    return _with_model(folder, vocab=document["model"]["vocab"] | {"another": number})


def _with_model(folder: Path, **changes: Any) -> Path:
    path = folder / "tokenizer.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"model": document["model"] | changes}))
    return folder
