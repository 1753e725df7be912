"""Tiny models that know some texts by heart, and nothing else."""

from __future__ import annotations

import functools
import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.models import inference_chain
from tests.models.once import once
from tests.places import HUMANEVAL

EASY = ("HumanEval/23", "HumanEval/53", "HumanEval/27", "HumanEval/34")
"""Short ones; the first two are learned by heart."""


def problem_records() -> list[dict[str, Any]]:
    """The easy ones as they are published."""
    records = [json.loads(line) for line in gzip.decompress(HUMANEVAL.read_bytes()).splitlines()]
    return [record for record in records if record["task_id"] in EASY]


@functools.cache
def learned() -> Path:
    """A model that solves two problems of HumanEval; not to be changed."""
    known = [record for record in problem_records() if record["task_id"] in EASY[:2]]
    texts = [(f"{record['prompt']}{record['canonical_solution']}", 8) for record in known]
    return once(
        "humaneval-learned",
        lambda folder: _learn(
            folder, texts, rounds=90, rate=4e-3, num_hidden_layers=2, max_position_embeddings=256
        ),
    )


@functools.cache
def memorised() -> tuple[Path, Path]:
    """A model that learned one small module, and that module; not to be changed."""
    text = "".join(f"def twice_{letter}(x):\n    return x + x\n\n" for letter in "abcdefgh")

    def build(folder: Path) -> None:
        (folder / "known.py").write_text(text)
        _learn(
            folder / "model", [(text, 1)], rounds=150, rate=3e-3, begin=[0], num_hidden_layers=1,
            max_position_embeddings=512,
        )  # fmt: skip

    folder = once("memorised", build)
    return folder / "model", folder / "known.py"


def _learn(
    folder: Path,
    texts: Sequence[tuple[str, int]],
    *,
    rounds: int,
    rate: float,
    begin: Sequence[int] = (),
    **shape: Any,
) -> None:
    """Train on whole texts, each with so many ends behind it, and save as `transformers` does."""
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaConfig, LlamaForCausalLM

    words = inference_chain.tokenizer() / "tokenizer.json"
    encoder = Tokenizer.from_file(str(words))
    batches = [torch.tensor([[*begin, *encoder.encode(text).ids, *[0] * ends]]) for text, ends in texts]
    torch.manual_seed(0)
    declared = LlamaConfig(
        vocab_size=512, hidden_size=64, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2,
        bos_token_id=0, eos_token_id=0, tie_word_embeddings=True, **shape,
    )  # fmt: skip
    network = LlamaForCausalLM(declared)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.0)
    for _ in range(rounds):
        for batch in batches:
            optimizer.zero_grad()
            network(input_ids=batch, labels=batch).loss.backward()
            optimizer.step()
    network.save_pretrained(folder)
    shutil.copy(words, folder)
