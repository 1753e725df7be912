"""A tiny real chain for tests of inference, export and publication: corpus, tokenizer, checkpoint.

Random weights, real text, every artifact in the form that the stages read.  Built once a process.
"""

import atexit
import contextlib
import functools
import json
import shutil
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.registry import all_stages, run_stage
from specship.probes.probe import Artifact

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
def base() -> Path:
    """A folder for this process, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="specship-chain-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def corpus() -> Path:
    """Made by the real stage, from a folder of files of the standard library."""
    texts, output = base() / "texts", base() / "corpus"
    texts.mkdir()
    for name in FILES:
        shutil.copy(Path(sysconfig.get_paths()["stdlib"]) / name, texts)
    (texts / "LICENSE.txt").write_text("The licence.\n")
    settings = {"source": "folder", "path": "texts", "licence": "PSF-2.0", "heldout_fraction": 0.5}
    with contextlib.chdir(base()):
        run_stage(all_stages()["corpus"], {"corpus": settings}, {}, output, lambda *_, **__: None)
    return output


@functools.cache
def tokenizer() -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [document.text for document in read_documents(corpus(), "train")]
    made.train_from_iterator(texts, trainer)
    folder = base() / "tokenizer"
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    return folder


def checkpoint(*, tied: bool = True, head_dim: int = 16, seed: int = 1) -> Path:
    """Random weights; 512 rows for a vocabulary of 500, so that padding is exercised."""
    return _checkpoint(tied, head_dim, seed)


@functools.cache
def _checkpoint(tied: bool, head_dim: int, seed: int) -> Path:
    import torch
    from safetensors.torch import save_file

    from specship.pipeline.checkpoint.folder import read_shape
    from specship.pipeline.model.decoder_shape import expected_tensors

    folder = base() / f"checkpoint-{tied}-{head_dim}-{seed}"
    folder.mkdir()
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
    return folder


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
    stage, output = all_stages()[name], base() / name
    run_stage(stage, SETTINGS, {need: made(need) for need in stage.needs}, output, lambda *_, **__: None)
    return output


def artifacts(**others: Path) -> Mapping[str, Artifact]:
    """All artifacts as probes get them, some replaced by damaged copies."""
    names = {"corpus", "tokenizer", "checkpoint", *SETTINGS}
    return _Lazy({name: others.get(name) for name in names})


class _Lazy(dict[str, Any]):
    """Runs a stage only when a probe asks for its artifact."""

    def __getitem__(self, name: str) -> Artifact:
        return Artifact(name, super().__getitem__(name) or made(name), "digest")


def copy_of(folder: Path, target: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(folder, target))


def edit_json(path: Path, **changes: Any) -> None:
    """Change top-level fields of a JSON document."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_lines(path: Path, number: int, **changes: Any) -> None:
    """Change fields of one line (from 0) of a JSON Lines file."""
    lines = path.read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | changes)
    path.write_text("\n".join(lines) + "\n")
