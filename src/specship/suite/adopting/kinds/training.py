"""A training of specship's own, from text to a checkpoint: nothing is recognised, it is a template alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.suite.adopting.adopted_kind import (
    ZERO,
    AdoptedCriterion,
    AdoptedGate,
    AdoptedKind,
    AskedLimit,
    Told,
)


def _recognise(path: Path, _told: Told) -> str:  # noqa: ARG001 - every kind is asked alike
    return ""


def _settings(path: Path, name: str, _told: Told) -> Mapping[str, Mapping[str, Any]]:  # noqa: ARG001 - as above
    return {}


_MODEL: Final[Mapping[str, Any]] = {
    "hidden_size": 96,
    "layers": 2,
    "heads": 6,
    "kv_heads": 2,
    "intermediate_size": 256,
    "tied_embeddings": True,
    "max_positions": 256,
}
_TRAINING: Final[Mapping[str, Any]] = {
    "mode": "scratch",
    "seed": 1,
    "device": "cpu",
    "precision": "float32",
    "threads": 2,
    "steps": 300,
    "sequence_length": 256,
    "micro_batch": 4,
    "at_end": "halt",
    "peak_learning_rate": 0.004,
    "warmup_steps": 30,
    "beta2": 0.98,
    "evaluate_every": 60,
    "evaluation_tokens": 131072,
    "patience": 5,
    "min_improvement": 0.05,
}
_LOG: Final = AdoptedGate(
    rule="The log has every step once, every field is present and finite, and none is a placeholder.",
    stage="train",
    probe="run.log",
    expect={
        "missing_fields": ZERO,
        "missing_steps": ZERO,
        "repeated_steps": ZERO,
        "placeholder_steps": ZERO,
        "longest_constant_loss": AskedLimit("at_most", 2),
        "straight_share": AskedLimit("at_most", 0.01),
        "zero_telemetry": ZERO,
    },
    faults={
        "corpus-exhaustion-placeholder": ("placeholder_steps", "longest_constant_loss"),
        "scripted-loss": ("straight_share",),
        "telemetry-zeros": ("zero_telemetry",),
        "repeated-steps": ("repeated_steps",),
        "log-of-a-broken-sensor": ("missing_fields",),
        "log-lines-lost": ("missing_steps",),
    },
)
_SCHEDULE: Final = AdoptedGate(
    rule="The learning rate of every step is the one that the schedule's closed form gives.",
    stage="train",
    probe="run.schedule",
    expect={
        "largest_deviation": AskedLimit("at_most", 1e-9),
        "distinct_rates": AskedLimit("at_least", 100),
    },
    faults={"schedule-not-applied": ("largest_deviation", "distinct_rates")},
)
_MOVED: Final = AdoptedGate(
    rule="Training moved every trainable tensor, and not by weight decay alone.",
    stage="train",
    probe="run.weights_moved",
    expect={"unmoved": ZERO, "only_shrunk": ZERO},
    faults={"frozen-weights": ("unmoved",), "missing-gradient": ("only_shrunk",)},
)
_DIVERGENCE: Final = AdoptedGate(
    rule="The losses fall and never jump.",
    stage="train",
    probe="run.divergence",
    expect={
        "evaluations": AskedLimit("at_least", 5),
        "largest_growth": AskedLimit("at_most", 2),
        "last_over_first": AskedLimit("at_most", 0.9),
    },
    faults={
        "divergence-continues": ("last_over_first", "largest_growth"),
        "evaluations-lost": ("evaluations",),
    },
)
_LOSS: Final = AdoptedGate(
    rule="The held-out loss, measured from the checkpoint's bytes, reaches the target.",
    stage="train",
    probe="run.held_out_loss",
    expect={"val_loss": AskedLimit("at_most", 5.5), "val_tokens": AskedLimit("at_least", 131072)},
    faults={"frozen-weights": ("val_loss",), "context-of-another-model": ("val_tokens",)},
)

KIND: Final = AdoptedKind(
    name="training",
    recognise=_recognise,
    settings=_settings,
    criteria=(
        AdoptedCriterion(
            statement="The training is real, whole and as it was planned.",
            because="Figures that were never measured trained models for months.",
            weight=50,
            gates=(_LOG, _SCHEDULE, _MOVED, _DIVERGENCE),
        ),
        AdoptedCriterion(
            statement="The model learned the text.",
            because="It is what training is for.",
            weight=50,
            gates=(_LOSS,),
        ),
    ),
    template="trained",
    example={
        "corpus": {"source": "python-stdlib"},
        "tokenizer": {"vocab_size": 1024},
        "shards": {},
        "baseline": {"heldout_tokens": 131072},
        "model": _MODEL,
        "training": _TRAINING,
    },
    at_release={
        "corpus": {"source": "folder", "path": "data/corpus", "licence": "Apache-2.0"},
        "tokenizer": {"vocab_size": 50257},
        "model": {
            "hidden_size": 1024,
            "layers": 24,
            "heads": 16,
            "kv_heads": 4,
            "intermediate_size": 2816,
            "max_positions": 2048,
        },
        "training": {
            "device": "cuda",
            "precision": "bfloat16-autocast",
            "steps": 57000,
            "sequence_length": 2048,
            "micro_batch": 16,
            "peak_learning_rate": 0.0006,
            "warmup_steps": 2000,
            "evaluate_every": 1000,
            "evaluation_tokens": 524288,
            "patience": 10,
            "min_improvement": 0.01,
        },
    },
)
