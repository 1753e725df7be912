"""Data against parameters: unique tokens, passes over them, and wraps that were announced."""

from __future__ import annotations

import math

from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.run_logs.facts import OURS, Facts
from specship.pipeline.run_logs.needs import judged_facts, on_word, unrecorded, wanted
from specship.pipeline.shards.manifest import read_manifest
from specship.pipeline.training.run_reading import checkpoint_path
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

    A pass is `windows * length` targets of a run of ours; of another program's it is every token once. The
    wraps that so many tokens need are compared with the events of the run: data that began again without an
    announcement are a fault.

    Source: Hoffmann et al. 2022 (arXiv:2203.15556) on about 20 tokens a parameter.

    Raises:
        DamagedArtifact: a log, the shards or the initial weights cannot be read.
        NotRecorded: how many tokens were trained on, or how large the model is, is not on record.
    """
    facts = judged_facts(run.path)
    unique = read_manifest(shards.path).tokens("train")
    trained = wanted(facts, "trained_tokens")
    parameters = _parameters(facts, run)
    per_pass = (
        max(1, (unique - 1) // facts.sequence_length) * facts.sequence_length
        if facts.sequence_length
        else unique
    )
    needed = max(0, math.ceil(trained / per_pass) - 1)
    announced = None if facts.events is None else sum(event.name == "wrap" for event in facts.events)
    return {
        "trained_tokens": trained,
        "unique_tokens": unique,
        "parameters": parameters,
        "unique_tokens_per_parameter": unique / parameters,
        "trained_tokens_per_parameter": trained / parameters,
        "passes": trained / per_pass,
        "wraps": needed,
        "unannounced_wraps": unrecorded(facts, "events") if announced is None else abs(needed - announced),
        "notes": [
            *([] if announced is None else [f"{announced} wraps announced, {needed} needed"]),
            *on_word(facts, "parameters", "tokens_per_step"),
        ],
    }


def _parameters(facts: Facts, run: Artifact) -> int:
    """Elements of the initial weights; by the record where a log has no weights beside it."""
    weights = checkpoint_path(run.path, 0) / "model.safetensors"
    if facts.kind != OURS or not weights.is_file():
        return int(wanted(facts, "parameters"))
    return sum(math.prod(tensor.shape) for tensor in read_safetensors_header(weights).values())
