"""Data against parameters: unique tokens, passes over them, and wraps that were announced."""

from __future__ import annotations

import math

from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.shards.manifest import read_manifest
from specship.pipeline.training.run_reading import checkpoint_path, read_log, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.data_budget",
    checked="trained_tokens",
    trained_tokens="tokens",
    unique_tokens="tokens",
    parameters="parameters",
    unique_tokens_per_parameter="tokens/parameter",
    trained_tokens_per_parameter="tokens/parameter",
    passes="ratio",
    wraps="wraps",
    unannounced_wraps="wraps",
)
def run_data_budget(run: Artifact, shards: Artifact) -> Figures:
    """Unique tokens a parameter and passes over the corpus, from the shards, weights and log.

    A pass is `windows * length` targets. The wraps that so many tokens need are compared with
    the events of the run: data that began again without an announcement are a fault.

    Source: Hoffmann et al. 2022 (arXiv:2203.15556) on about 20 tokens a parameter.

    Raises:
        DamagedArtifact: a log, the shards or the initial weights cannot be read.
    """
    record = read_run(run.path)
    unique = read_manifest(shards.path).tokens("train")
    length = record.config.training.sequence_length
    trained = int(read_steps(run.path)[-1]["tokens_seen"])
    header = read_safetensors_header(checkpoint_path(run.path, 0) / "model.safetensors")
    parameters = sum(math.prod(tensor.shape) for tensor in header.values())
    windows = max(1, (unique - 1) // length)
    needed = max(0, math.ceil(trained / (windows * length)) - 1)
    announced = sum(event.get("event") == "wrap" for event in read_log(run.path / "events.jsonl"))
    return {
        "trained_tokens": trained,
        "unique_tokens": unique,
        "parameters": parameters,
        "unique_tokens_per_parameter": unique / parameters,
        "trained_tokens_per_parameter": trained / parameters,
        "passes": trained / (windows * length),
        "wraps": needed,
        "unannounced_wraps": abs(needed - announced),
        "notes": [f"{announced} wraps announced, {needed} needed"],
    }
