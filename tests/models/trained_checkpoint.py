"""A tiny model that really learned something, trained once a process in some seconds; for whoever needs one.

Two layers on the interpreter's own Python source; every projection is square, so that no shape betrays a
transposed one. It knows what a model of 80 000 parameters can know: words, indentation, what follows `self`.
"""

import functools
import json
import math
import shutil
import sysconfig
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Tokenizer

from tests.models.learned_tokenizers import learned_tokenizer
from tests.models.once import once

HIDDEN: Final = 64
POSITIONS: Final = 128
VOCABULARY: Final = 400
END: Final = "<|endoftext|>"


def texts() -> list[str]:
    """The same files on every machine, as far as the interpreter's version is the same."""
    return [path.read_text() for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))[:60]]


def tokenizer_file(folder: Path) -> Tokenizer:
    """A byte-level tokenizer trained on the texts, saved into a folder."""
    made = learned_tokenizer(texts(), VOCABULARY, [END])
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return made


@functools.cache
def trained(family: str = "llama", *, steps: int = 300, kv_heads: int = 4, tied: bool = True) -> Path:
    """A checkpoint folder as `transformers` writes it; `steps` of 0 leaves it as it was born."""
    return once(
        f"trained-{family}-{steps}-{kv_heads}-{tied}",
        lambda folder: _learn(folder, family, steps=steps, kv_heads=kv_heads, tied=tied),
    )


def _learn(folder: Path, family: str, *, steps: int, kv_heads: int, tied: bool) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    ids = token_ids_of_texts(tokenizer_file(folder))
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        family,
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=kv_heads,
        head_dim=HIDDEN // 4,
        max_position_embeddings=POSITIONS,
        rope_theta=10000.0,
        tie_word_embeddings=tied,
        initializer_range=0.05,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    train_on_texts(model, torch.tensor(ids), steps)
    model.save_pretrained(folder)


def token_ids_of_texts(tokenizer: Any) -> list[int]:
    """All texts in tokens, an end token behind each."""
    return [number for text in texts() for number in [*tokenizer.encode(text).ids, 0]]


def train_on_texts(model: Any, ids: Any, steps: int) -> None:
    """Some hundred steps of eight windows."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=8e-3, betas=(0.9, 0.98), weight_decay=0.01)
    chance = torch.Generator().manual_seed(0)
    for step in range(steps):
        places = torch.randint(0, len(ids) - POSITIONS - 1, (8,), generator=chance)
        batch = torch.stack([ids[place : place + POSITIONS + 1] for place in places])
        scale = min(1.0, (step + 1) / 20) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = 8e-3 * scale
        logits = model(batch[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@functools.cache
def exported(dtype: Any = "F32") -> Path:
    """The trained model as a GGUF."""
    from specship.pipeline.export.writer import export_gguf

    source = trained()
    folder = once(
        f"exported-{dtype}", lambda folder: export_gguf(source, folder / "trained.gguf", dtype=dtype)
    )
    return folder / "trained.gguf"


def copied(target: Path, source: Path | None = None) -> Path:
    """A copy of the trained checkpoint that a test may damage."""
    return Path(shutil.copytree(source or trained(), target))


def tensors(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """All weights of a folder."""
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model.safetensors"))


def put(folder: Path, **changes: np.ndarray[Any, Any] | None) -> None:
    """Replace tensors of a folder by name, or remove those that are None."""
    from safetensors.numpy import save_file

    found = {name: array for name, array in (tensors(folder) | changes).items() if array is not None}
    plain = {name: np.ascontiguousarray(array) for name, array in found.items()}
    save_file(plain, folder / "model.safetensors", metadata={"format": "pt"})


def edit_config(folder: Path, **changes: Any) -> None:
    """Change fields of `config.json`, or remove those that are None."""
    path = folder / "config.json"
    found = {
        name: value for name, value in (json.loads(path.read_text()) | changes).items() if value is not None
    }
    path.write_text(json.dumps(found))
