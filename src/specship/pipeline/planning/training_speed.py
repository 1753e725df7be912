"""How fast a recipe trains on a device, beside what the device's matrix products reach in the same run.

Steps are first timed whole, as a run takes them; then some again with a wait for the device around each part,
which says where the time goes and makes those steps slower. Without data the tokens are drawn at random: a
step costs the same whatever they say.

Axes: M, N and K of a product.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from specship.digests import sha256_file
from specship.json_log import JsonLog
from specship.pipeline.device import device_name, prepare, resolve_device
from specship.pipeline.planning.memory_use import MemoryWatch
from specship.pipeline.progress import Progress
from specship.pipeline.shards.manifest import MANIFEST, TOKEN_BYTES, ShardEntry, ShardsManifest
from specship.pipeline.training.architecture import training_flops_per_token
from specship.pipeline.training.engine.launched_step import LaunchedStep
from specship.pipeline.training.settings import Recipe
from specship.pipeline.training.trainer import Trainer

_WARM_UP: Final = 3
_SPLIT: Final = 4
"""Steps whose parts are timed."""
_SIDE: Final = {"cpu": 1536, "cuda": 8192}
"""Of the square product whose rate is the device's peak."""
_SECONDS: Final = 0.3
"""Time that a product is repeated for, at least."""
_OTHER: Final = "the rest"


def training_speed(
    recipe: Recipe,
    shards: Path | None,
    *,
    steps: int,
    vocabulary: int = 2048,
    report: Progress | None = None,
) -> dict[str, Any]:
    """Figures of so many real steps, warm; `vocabulary` is that of the tokens drawn where there are none.

    Raises:
        RequirementMissing, UnusableInput, DamagedArtifact, EndOfData: as training itself.
    """
    settings = recipe.training
    device = resolve_device(settings.device)
    threads = prepare(device, settings.threads, deterministic=settings.deterministic, tf32=settings.tf32)
    with tempfile.TemporaryDirectory() as scratch:
        need = (_WARM_UP + steps + _SPLIT + 3) * settings.tokens_per_step + 2 * settings.sequence_length
        tokens = shards or random_tokens(Path(scratch) / "shards", need, vocabulary)
        memory = MemoryWatch(device)
        trainer = Trainer(recipe, tokens, device)
        log = JsonLog(Path(scratch) / "train.jsonl")
        try:
            warm, _ = _take(trainer, log, _WARM_UP)
            total, seconds = _take(trainer, log, steps, report)
            parts = _parts(trainer, log)
        finally:
            log.close()
    used = memory.use()
    return {
        **_rates(trainer, total / steps),
        "step_seconds_median": statistics.median(seconds),
        "step_seconds_spread": [min(seconds), max(seconds)],
        "steps": steps,
        "warm_up_seconds": warm,
        "split": parts,
        "memory_bytes": used.most,
        "memory_before_bytes": used.before,
        "execution": trainer.execution.as_json(),
        "parameters": sum(parameter.numel() for parameter in trainer.parameters),
        "device": str(device),
        "device_name": device_name(device),
        "threads": threads,
    }


def _take(
    trainer: Trainer, log: JsonLog, steps: int, report: Progress | None = None
) -> tuple[float, list[float]]:
    """Steps as a run takes them, each read behind the launch of the next: seconds in all, and of each."""
    ahead: LaunchedStep | None = None
    records: list[dict[str, Any]] = []
    began = time.perf_counter()
    for done in range(steps):
        before, ahead = ahead, trainer.take_step()
        records += [trainer.read(before)] if before is not None else []
        if report is not None:
            report(done + 1, steps, "steps")
    records += [trainer.read(ahead)] if ahead is not None else []
    total = time.perf_counter() - began
    for record in records:
        log.append(record)
    return total, [trainer.settings.tokens_per_step / record["tokens_per_second"] for record in records]


def _rates(trainer: Trainer, step: float) -> dict[str, Any]:
    """Speed and its share of the peaks, with attention's work as it is done and as others count it."""
    settings, config = trainer.settings, trainer.config
    causal = training_flops_per_token(config, settings.sequence_length)
    width = int(config["num_attention_heads"]) * int(config["head_dim"])
    full = causal + 6 * int(config["num_hidden_layers"]) * settings.sequence_length * width
    dtype = trainer.execution.dtype
    side = _SIDE.get(trainer.device.type, _SIDE["cuda"])
    peak = product_rate([(side, side, side)], dtype, trainer.device)
    tokens = settings.micro_batch * settings.sequence_length
    own = product_rate(own_products(config, tokens), dtype, trainer.device)
    rate = settings.tokens_per_step / step
    return {
        "tokens_per_second": rate,
        "step_seconds": step,
        "tokens_per_step": settings.tokens_per_step,
        "flops_per_token": causal,
        "flops_per_token_full": full,
        "peak_flops_per_second": peak,
        "own_shapes_flops_per_second": own,
        "utilisation": rate * causal / peak,
        "utilisation_full": rate * full / peak,
        "utilisation_of_own_shapes": rate * causal / own,
    }


def own_products(config: dict[str, Any], tokens: int) -> list[tuple[int, int, int]]:
    """M, K and N of the products of a forward pass, once for each kind."""
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    queries = int(config["num_attention_heads"]) * int(config["head_dim"])
    keys = int(config["num_key_value_heads"]) * int(config["head_dim"])
    block = [(hidden, queries + 2 * keys), (queries, hidden), (hidden, 2 * inner), (inner, hidden)]
    blocks = block * int(config["num_hidden_layers"])
    return [(tokens, k, n) for k, n in [*blocks, (hidden, int(config["vocab_size"]))]]


def product_rate(shapes: Sequence[tuple[int, int, int]], dtype: torch.dtype, device: torch.device) -> float:
    """Operations a second of products of these shapes, one after another: warm, at its best.

    The factors are random. Equal ones read too high on a card, which then draws less power and runs faster.
    """
    seconds = {shape: _best(shape, dtype, device) for shape in set(shapes)}
    return sum(2.0 * m * k * n for m, k, n in shapes) / sum(seconds[shape] for shape in shapes)


def _best(shape: tuple[int, int, int], dtype: torch.dtype, device: torch.device) -> float:
    m, k, n = shape
    generator = torch.Generator(device).manual_seed(1)
    left_MK = torch.randn(m, k, generator=generator, device=device).to(dtype)  # noqa: N806
    right_KN = torch.randn(k, n, generator=generator, device=device).to(dtype)  # noqa: N806
    found: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(found) < _WARM_UP + 2 or time.perf_counter() < until:
        began = time.perf_counter()
        torch.mm(left_MK, right_KN)
        _wait(device)
        found.append(time.perf_counter() - began)
    return min(found[_WARM_UP:])


def _parts(trainer: Trainer, log: JsonLog) -> dict[str, float]:
    """Share of a step's time by its part, from steps that wait for the device around each."""
    seconds: defaultdict[str, float] = defaultdict(float)

    @contextlib.contextmanager
    def timed(name: str) -> Iterator[None]:
        _wait(trainer.device)
        began = time.perf_counter()
        yield
        _wait(trainer.device)
        seconds[name] += time.perf_counter() - began

    before, trainer.phase = trainer.phase, timed
    began = time.perf_counter()
    for _ in range(_SPLIT):
        launched = trainer.take_step()
        with timed("recording"):
            log.append(trainer.read(launched))
    total = time.perf_counter() - began
    trainer.phase = before
    seconds[_OTHER] = max(0.0, total - sum(seconds.values()))
    return {name: value / total for name, value in seconds.items()}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def random_tokens(folder: Path, count: int, vocabulary: int) -> Path:
    """Shards of tokens drawn at random."""
    folder.mkdir()
    generator = np.random.default_rng(1)
    dtype: Any = "uint16" if vocabulary <= 1 << 16 else "uint32"
    entries = []
    for split, size in (("train", count), ("heldout", 2)):
        path = folder / f"{split}-00000.bin"
        generator.integers(0, vocabulary, size).astype(np.dtype(dtype).newbyteorder("<")).tofile(path)
        entries.append(
            ShardEntry(
                split="train" if split == "train" else "heldout",
                file=path.name,
                tokens=size,
                documents=1,
                bytes=path.stat().st_size,
                text_bytes=0,
                sha256="0" * 64,
            )
        )
    np.zeros(vocabulary, dtype="<u4").tofile(folder / TOKEN_BYTES)
    manifest = ShardsManifest(
        dtype=dtype,
        vocab_size=vocabulary,
        separator="",
        separator_id=0,
        tokenizer_sha256="0" * 64,
        train_sha256="0" * 64,
        heldout_sha256="0" * 64,
        token_bytes_sha256=sha256_file(folder / TOKEN_BYTES),
        shards=entries,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return folder
