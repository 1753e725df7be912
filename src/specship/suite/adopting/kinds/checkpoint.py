"""A checkpoint: a folder with a configuration and safetensors, as `transformers` saves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.pipeline.checkpoint.recognition import refuse_other
from specship.pipeline.checkpoint.weight_files import CONFIG
from specship.pipeline.model.other_families import SIZES
from specship.strict_json import read_json
from specship.suite.adopting.adopted_kind import (
    AS_MEASURED,
    ZERO,
    AdoptedCriterion,
    AdoptedGate,
    AdoptedKind,
    AskedLimit,
    Told,
    row_of,
)

_SHORTEST: Final = 16
"""Positions of a model that says nothing of them, as far as a comparison goes."""


def _recognise(path: Path, _told: Told) -> str:
    if not (path / CONFIG).is_file() or not any(path.glob("*.safetensors")):
        return ""
    from specship.pipeline.checkpoint.folder import sound_tensors
    from specship.pipeline.checkpoint.inventory import account

    refuse_other(path)
    found = account(path, any_family=True)
    sound_tensors(found)
    count = f"{found.declared_parameters:,}".replace(",", " ")
    return f"a checkpoint of {found.model.model_type}, {count} parameters"


def _settings(path: Path, name: str, _told: Told) -> Mapping[str, Mapping[str, Any]]:
    said = read_json(path / CONFIG)
    lengths = [said.get(key) for key in SIZES["context"]]
    positions = next((one for one in lengths if isinstance(one, int) and one > _SHORTEST), _SHORTEST)
    context = min(64, positions // 2)
    steps = min(64, positions - context - 1)
    return {
        "received": {"folder": name, "source": "say where it came from"},
        "gguf": {"name": "adopted", "dtype": "F32"},
        "parity": {"prompts": 8, "steps": steps, "context_tokens": context, "threads": 2, "device": "cpu"},
        "qa": {"threads": 2, "device": "cpu"},
    }


_TENSORS: Final = AdoptedGate(
    rule="Every tensor that the configuration calls for is stored in its shape, unaltered, and no other is.",
    stage="checkpoint",
    probe="imported.tensors",
    expect={
        "matched_tensors": AS_MEASURED,
        "expected_tensors": AS_MEASURED,
        "parameters": AS_MEASURED,
        "unmatched_tensors": ZERO,
        "surplus_tensors": ZERO,
        "altered_tensors": ZERO,
        "dropped_tensors": ZERO,
        "parameters_unaccounted": ZERO,
        "tokens_without_row": ZERO,
        "assumed_fields": ZERO,
    },
    faults={
        "import-drops-tensor": (
            "unmatched_tensors",
            "matched_tensors",
            "dropped_tensors",
            "parameters_unaccounted",
        ),
        "import-alters-tensor": ("altered_tensors",),
        "parameter-count-label": ("expected_tensors", "parameters"),
        "architecture-field-assumed": ("assumed_fields",),
        "tokens-without-row": ("tokens_without_row",),
        "duplicate-output-projection": ("surplus_tensors",),
    },
)
_OPENS: Final = AdoptedGate(
    rule=(
        "The folder opens offline, with every tensor, holds the tokenizer and nothing that runs, and "
        "one flipped bit is noticed."
    ),
    stage="checkpoint",
    probe="checkpoint.self_contained",
    expect={
        "tensors_not_loaded": ZERO,
        "missing_files": ZERO,
        "damaged_files": ZERO,
        "foreign_files": ZERO,
        "round_trip_differences": ZERO,
        "flips": AskedLimit("at_least"),
        "unnoticed_flips": ZERO,
    },
    faults={
        "missing-tokenizer": ("missing_files",),
        "pickled-weights": ("foreign_files",),
        "flipped-bit": ("damaged_files", "flips"),
        "tensor-under-another-name": ("tensors_not_loaded",),
        "tokenizer-of-another-model": ("round_trip_differences",),
    },
    excused={
        "unnoticed_flips": "A manifest that does not name every file is refused before a bit is flipped."
    },
)
_HEADER: Final = AdoptedGate(
    rule="The header names llama.cpp's architecture and carries every key with the checkpoint's value.",
    stage="export",
    probe="gguf.header",
    expect={
        "architecture": AS_MEASURED,
        "missing_keys": ZERO,
        "wrong_values": ZERO,
        "wrong_tokens": ZERO,
        "wrong_merges": ZERO,
        "file_type_agrees": AskedLimit("equals", "yes"),
        "source_agrees": AskedLimit("equals", "yes"),
    },
    faults={
        "gguf-architecture-string": ("architecture",),
        "gguf-token-list-short": ("wrong_tokens",),
        "gguf-file-type-stale": ("file_type_agrees",),
        "gguf-rotation-base": ("wrong_values",),
        "gguf-header-of-an-older-export": ("missing_keys", "wrong_merges", "source_agrees"),
    },
)
_SAME: Final = AdoptedGate(
    rule="Every tensor of the checkpoint is in the GGUF, equal to the last bit, and nothing else is.",
    stage="export",
    probe="gguf.tensors",
    expect={"tensors": AS_MEASURED, "mismatched": ZERO, "surplus_tensors": ZERO, "unowned_bytes": ZERO},
    faults={"gguf-tensor-dropped": ("mismatched", "tensors"), "gguf-untied-head": ("surplus_tensors",)},
    excused={"unowned_bytes": "The reader refuses a file with bytes that no tensor owns."},
)
_PARITY: Final = AdoptedGate(
    rule="llama.cpp decodes the tokens that the checkpoint decodes, with nearly the same log-probabilities.",
    stage="export",
    probe="parity.llama_cpp",
    expect={
        "differing_tokens": ZERO,
        "prompts": AS_MEASURED,
        "shortest": AskedLimit("at_least"),
        "differing_from_record": ZERO,
        "logprobs": AskedLimit("at_least"),
        "max_abs_logprob": AskedLimit("at_most", 0.001),
        "texts": AskedLimit("at_least"),
        "differing_tokenizations": ZERO,
        "foreign_prompts": ZERO,
        "opened_the_artifact": AskedLimit("equals", "yes"),
    },
    faults={
        "gguf-norm-epsilon": ("max_abs_logprob",),
        "gguf-untied-head": ("differing_tokens",),
        "parity-of-another-file": ("opened_the_artifact",),
        "parity-of-the-first-step": ("shortest",),
        "unlike-tokens-compared": ("differing_from_record",),
        "gguf-pre-tokenizer": ("differing_tokenizations",),
        "parity-of-one-prompt": ("prompts", "logprobs", "texts"),
        "parity-prompts-of-training": ("foreign_prompts",),
    },
)
_QUALITY: Final = AdoptedGate(
    rule=(
        "Structure, inventory, statistics, tokenizer, metadata, golden output, layout and parity are all "
        "executed on the checkpoint and on its export, and all pass."
    ),
    stage="eval",
    probe="qa.gates",
    expect={
        "models": AS_MEASURED,
        "gates": AS_MEASURED,
        "executed": AS_MEASURED,
        "passed": AS_MEASURED,
        "failed": ZERO,
        "skipped": ZERO,
        "differing_from_record": ZERO,
        "unsound_values": ZERO,
        "altered_texts": ZERO,
        "differing_tokens": ZERO,
        "max_abs_logprob": AskedLimit("at_most", 0.001),
    },
    faults={
        "skipped-gate-counted-as-pass": ("executed", "differing_from_record", "skipped"),
        "gguf-weight-not-a-number": ("unsound_values", "passed"),
        "second-runner-of-another-model": ("failed", "differing_tokens", "max_abs_logprob"),
        "gguf-byte-without-token": ("altered_texts",),
    },
    excused={
        "models": "The measurement itself asks this many; no artifact can take one away.",
        "gates": "The measurement itself asks this many; no artifact can take one away.",
    },
)
_TARGET: Final = AdoptedGate(
    rule="The loss on held-out text of our own reaches the target.",
    stage="train",
    hint=(
        "Which loss is good enough is yours to say. Name text of yours by `corpus:` in the profiles, then:",
        "  probe: run.held_out_loss",
        "  expect:",
        "    val_loss: {at_most: 2.2, unit: nats/token}",
        "    val_tokens: {at_least: 131072, unit: tokens}",
    ),
)


def _rivals(taken: Path, other: Path) -> bool:
    """Equally near, and no row of one training's checkpoints."""
    in_a_row = taken.parent == other.parent and row_of(taken)[0] == row_of(other)[0]
    return len(taken.parts) == len(other.parts) and not in_a_row


KIND: Final = AdoptedKind(
    name="checkpoint",
    rivals=_rivals,
    template="imported",
    example={
        "received": {"folder": "models/theirs", "source": "say where it came from"},
        "gguf": {"name": "adopted", "dtype": "F32"},
        "parity": {"prompts": 8, "steps": 64, "context_tokens": 64, "threads": 2, "device": "cpu"},
        "qa": {"threads": 2, "device": "cpu"},
    },
    recognise=_recognise,
    settings=_settings,
    criteria=(
        AdoptedCriterion(
            statement="The checkpoint is whole, opens as it is, and holds what its configuration says.",
            because="A tensor that is missing or stays random is nobody's model, and answers all the same.",
            weight=30,
            gates=(_TENSORS, _OPENS),
        ),
        AdoptedCriterion(
            statement="Every quality gate passes on the checkpoint and on its export.",
            because="A file that loads can still hold values, texts or layouts that no training made.",
            weight=10,
            gates=(_QUALITY,),
        ),
        AdoptedCriterion(
            statement="What llama.cpp runs is this checkpoint.",
            because="Most people run the exported file, and never the folder.",
            weight=30,
            gates=(_HEADER, _SAME, _PARITY),
        ),
        AdoptedCriterion(
            statement="It models the text that it is for.",
            because="A sound file can hold a model that learned nothing.",
            weight=30,
            gates=(_TARGET,),
        ),
    ),
)
