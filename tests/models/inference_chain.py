"""A tiny real chain for tests of inference, export and publication: corpus, tokenizer, checkpoint.

Random weights, real text, every artifact in the form that the stages read.  Built once a process.
"""

import contextlib
import functools
import json
import shutil
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.registry import all_stages, run_stage
from specship.probes.probe import Artifact
from tests.models.learned_tokenizers import learned_tokenizer
from tests.models.once import once

FILES = [
    "bisect.py",
    "calendar.py",
    "cmd.py",
    "copy.py",
    "fnmatch.py",
    "glob.py",
    "heapq.py",
    "queue.py",
    "sched.py",
    "shlex.py",
    "stat.py",
    "string.py",
    "textwrap.py",
]
SETTINGS: dict[str, dict[str, Any]] = {
    "generations": {
        "prompts": 12,
        "context_tokens": 48,
        "new_tokens": 24,
        "judged": "greedy",
        "samples": 1,
        "others": 3,
        "temperature": 0.8,
        "top_k": 20,
        "top_p": 0.9,
        "seed": 7,
        "threads": 1,
        "device": "cpu",
    },
    "speed": {"samples": 5, "tokens": 24, "context_tokens": 32, "threads": 1, "device": "cpu"},
    "gguf": {"name": "tiny", "dtype": "F32"},
    "parity": {"prompts": 6, "steps": 32, "context_tokens": 48, "threads": 1, "device": "cpu"},
    "publication": {"name": "tiny"},
}


@functools.cache
def corpus() -> Path:
    """Made by the real stage, from a folder of files of the standard library."""
    return once("inference-corpus", _make_corpus) / "corpus"


def _make_corpus(folder: Path) -> None:
    texts = folder / "texts"
    texts.mkdir()
    for name in FILES:
        shutil.copy(Path(sysconfig.get_paths()["stdlib"]) / name, texts)
    (texts / "LICENSE.txt").write_text("The licence.\n")
    settings = {"source": "folder", "path": "texts", "licence": "PSF-2.0", "heldout_fraction": 0.5}
    with contextlib.chdir(folder):
        run_stage(all_stages()["corpus"], {"corpus": settings}, {}, folder / "corpus", lambda *_, **__: None)


@functools.cache
def tokenizer() -> Path:
    """500 tokens, learned from the corpus."""
    return once("inference-tokenizer", _make_tokenizer)


def _make_tokenizer(folder: Path) -> None:
    texts = [document.text for document in read_documents(corpus(), "train")]
    made = learned_tokenizer(texts, 500, ["<|endoftext|>"])
    made.save(str(folder / "tokenizer.json"))


def checkpoint(*, tied: bool = True, head_dim: int = 16, seed: int = 1) -> Path:
    """Random weights; 512 rows for a vocabulary of 500, so that padding is exercised."""
    return _checkpoint(tied, head_dim, seed)


@functools.cache
def _checkpoint(tied: bool, head_dim: int, seed: int) -> Path:
    name = f"inference-checkpoint-{tied}-{head_dim}-{seed}"
    return once(name, lambda folder: _make_checkpoint(folder, tied, head_dim, seed))


def _make_checkpoint(folder: Path, tied: bool, head_dim: int, seed: int) -> None:
    import torch
    from safetensors.torch import save_file

    from specship.pipeline.checkpoint.folder import read_shape
    from specship.pipeline.model.decoder_shape import expected_tensors

    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": 128,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "tie_word_embeddings": tied,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": None,
        "dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").write_text(json.dumps({"bos_token_id": 0, "eos_token_id": 0}))
    random = torch.Generator().manual_seed(seed)
    weights = {
        name: torch.randn(shape, generator=random) * 0.2 + (1.0 if len(shape) == 1 else 0.0)
        for name, shape in expected_tensors(read_shape(folder / "config.json")).items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(tokenizer() / "tokenizer.json", folder)


@functools.cache
def made(name: str) -> Path:
    """The artifact that a stage makes from the tiny chain."""
    inputs: dict[str, Callable[[], Path]] = {
        "corpus": corpus,
        "tokenizer": tokenizer,
        "checkpoint": checkpoint,
    }
    if name in inputs:
        return inputs[name]()
    stage = all_stages()[name]
    needs = {need: made(need) for need in stage.needs}
    return once(
        f"inference-{name}", lambda folder: run_stage(stage, SETTINGS, needs, folder, lambda *_, **__: None)
    )


def artifacts(**others: Path) -> Mapping[str, Artifact]:
    """All artifacts as probes get them, some replaced by damaged copies."""
    names = {"corpus", "tokenizer", "checkpoint", *SETTINGS}
    return _Lazy({name: others.get(name) for name in names})


class _Lazy(dict[str, Any]):
    """Runs a stage only when a probe asks for its artifact."""

    def __getitem__(self, name: str) -> Artifact:
        return Artifact(name, super().__getitem__(name) or made(name), "digest")
