"""The chain of a model that takes over another one's checkpoint, tiny: real stages, built once a process."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.pipeline.registry import maker_of, run_stage
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from specship.units import Value
from tests.models.inference_chain import checkpoint, corpus, tokenizer
from tests.models.once import once

SETTINGS: dict[str, dict[str, Any]] = {
    "imported": {"source": "a tiny model"},
    "foreign": {
        "dtype": "bfloat16",
        "shard_bytes": 60_000,
        "rows_multiple": 32,
        "bias_range": 0.05,
        "seed": 1,
    },
    "completions": {
        "headers": ["def fib(n):", "def main():"],
        "new_tokens": 12,
        "judged": "sampled",
        "samples": 3,
        "temperature": 0.8,
        "top_k": 0,
        "top_p": 1.0,
        "seed": 1,
        "threads": 1,
        "device": "cpu",
    },
    "gguf": {"name": "tiny", "dtype": "F32"},
    "quantized": {"name": "tiny", "dtype": "Q8_0"},
    "republication": {"name": "tiny"},
    "readback": {},
}


@functools.cache
def trained() -> Path:
    """The checkpoint that is handed over, with what a tokenizer needs to open for anybody."""
    return once("imported-trained", _hand_over)


def _hand_over(folder: Path) -> None:
    shutil.copytree(checkpoint(), folder, dirs_exist_ok=True)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


@functools.cache
def made(name: str) -> Path:
    """An artifact of the model that takes over."""
    if name in {"corpus", "tokenizer"}:
        return corpus() if name == "corpus" else tokenizer()
    stage = maker_of(name, SETTINGS)
    lent = {"checkpoint": trained} if name == "foreign" else {}
    inputs = {need: lent[need]() if need in lent else made(need) for need in stage.needs}
    return once(
        f"imported-{name}", lambda folder: run_stage(stage, SETTINGS, inputs, folder, lambda *_, **__: None)
    )


def measure(name: str, **others: Path) -> Mapping[str, Value]:
    """Figures of a probe, some artifacts replaced by damaged copies."""
    probe = all_probes()[name]
    artifacts = {at: Artifact(at, others.get(at) or made(at), "digest") for at in probe.artifacts}
    return {
        quantity: found.value for quantity, found in measuring.measure(probe, artifacts).quantities.items()
    }
