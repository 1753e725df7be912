"""Tiny real data and recipes for the tests of training: a learnable text in a vocabulary of 300."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from specship.digests import sha256_bytes, sha256_file
from specship.pipeline.shards.manifest import ShardEntry, ShardsManifest
from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
from tests.editing import lines

SEPARATOR = "<|endoftext|>"
MODEL: Final[dict[str, Any]] = {
    "hidden_size": 32,
    "layers": 2,
    "heads": 4,
    "kv_heads": 2,
    "intermediate_size": 64,
    "max_positions": 64,
}
TRAINING: dict[str, Any] = {
    "device": "cpu",
    "threads": 1,
    "seed": 3,
    "steps": 24,
    "sequence_length": 16,
    "micro_batch": 8,
    "peak_learning_rate": 1e-2,
    "warmup_steps": 3,
    "evaluate_every": 6,
    "evaluation_tokens": 512,
    "min_improvement": 0.001,
}


@functools.cache
def _tokenizer_text() -> str:
    vocabulary = {SEPARATOR: 0} | {
        character: index + 1 for index, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))
    }
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([SEPARATOR])
    return str(tokenizer.to_str(pretty=True))


def make_tokenizer(folder: Path) -> Path:
    """A byte-level tokenizer: 256 bytes and the separator."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(_tokenizer_text())
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SEPARATOR, "bos_token": SEPARATOR}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def make_shards(
    folder: Path,
    *,
    train: int = 6000,
    heldout: int = 2000,
    vocabulary: int = 257,
    tokenizer: Path | None = None,
) -> Path:
    """Tokens of a noisy walk, which a model can learn in a few steps; a separator every 50.

    The manifest carries the digest of the tokenizer that is given, or of the one made here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    sizes: dict[Literal["train", "heldout"], int] = {"train": train, "heldout": heldout}
    for seed, (split, count) in enumerate(sizes.items()):
        generator = np.random.default_rng(seed)
        tokens = 1 + np.cumsum(generator.integers(1, 4, size=count)) % 64
        tokens[49::50] = 0
        path = folder / f"{split}-00000.bin"
        tokens.astype("<u2").tofile(path)
        entries.append(
            ShardEntry(
                split=split,
                file=path.name,
                tokens=count,
                documents=max(1, count // 50),
                bytes=2 * count,
                text_bytes=count - count // 50,
                sha256=sha256_file(path),
            )
        )
    table = np.ones(vocabulary, dtype="<u4")
    table[0] = 0
    table.tofile(folder / "token-bytes.bin")
    manifest = ShardsManifest(
        dtype="uint16",
        vocab_size=vocabulary,
        separator=SEPARATOR,
        separator_id=0,
        tokenizer_sha256=sha256_file(tokenizer / "tokenizer.json")
        if tokenizer
        else sha256_bytes(_tokenizer_text().encode()),
        train_sha256="0" * 64,
        heldout_sha256="0" * 64,
        token_bytes_sha256=sha256_file(folder / "token-bytes.bin"),
        shards=entries,
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    return folder


def recipe(**changes: Any) -> Recipe:
    """The tiny recipe with some training settings changed; `model` changes the model's."""
    model = ModelSettings(**{**MODEL, **changes.pop("model", {})})
    return Recipe(model, TrainingSettings(**{**TRAINING, **changes}))


def comparable(path: Path) -> list[dict[str, Any]]:
    """Records of a training log without the fields that time and memory decide."""
    timed = {"tokens_per_second", "device_memory_bytes"}
    return [{name: value for name, value in line.items() if name not in timed} for line in lines(path)]
