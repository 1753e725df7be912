"""Every tensor of an imported checkpoint: called for by its configuration, and the bytes of its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.inventory_checks import tensor_digest
from specship.pipeline.checkpoint.weight_files import CONFIG, TOKENIZER, HeldTensor, read_weights
from specship.pipeline.model.other_families import read_any_model
from specship.pipeline.model.reading import OURS
from specship.pipeline.publication.checkpoint_takeover import INVENTORY
from specship.pipeline.tokenizer.size import tokenizer_size
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_FACTS: Final = ("dtype", "shape", "sha256")


@probe(
    "imported.tensors",
    checked="expected_tensors",
    expected_tensors="tensors",
    stored_tensors="tensors",
    matched_tensors="tensors",
    unmatched_tensors="tensors",
    surplus_tensors="tensors",
    altered_tensors="tensors",
    dropped_tensors="tensors",
    parameters="parameters",
    parameters_stored="parameters",
    parameters_unaccounted="parameters",
    tokens_without_row="tokens",
    assumed_fields="fields",
    dtypes="text",
)
def imported_tensors(checkpoint: Artifact) -> Figures:
    """What the config calls for is asked of transformers, which builds the model without memory for it.

    A tensor is matched when it is stored under its name and in its shape with the type and bytes that
    the source had. `surplus_tensors` are stored and not called for, `dropped_tensors` were in the source,
    said something, and are stored no more; `assumed_fields` the config does not have. A tied head counts
    once. `parameters` is the config's own number. Raises DamagedArtifact. Not looked at: what the numbers
    are.
    """
    folder = checkpoint.path
    declared = read_any_model(folder / CONFIG)
    stored = read_weights(folder).tensors
    expected = _called_for(folder) if declared.engine == OURS else declared.tensors()
    source = _source_tensors(folder)
    found = {name: _facts(folder, held) for name, held in stored.items()}
    unmatched = sorted(
        name for name, shape in expected.items() if name not in stored or shape != stored[name].stored.shape
    )
    altered = sorted(name for name in found if found[name] != source.get(name))
    surplus, dropped = sorted(found.keys() - expected.keys()), sorted(source.keys() - found.keys())
    total = sum(math.prod(shape) for shape in expected.values())
    held_numbers = sum(math.prod(held.stored.shape) for held in stored.values())
    assumed, rows = declared.assumed, declared.shape.vocabulary
    return {
        "expected_tensors": len(expected),
        "stored_tensors": len(stored),
        "matched_tensors": len(expected.keys() - set(unmatched) - set(altered)),
        "unmatched_tensors": len(unmatched),
        "surplus_tensors": len(surplus),
        "altered_tensors": len(altered),
        "dropped_tensors": len(dropped),
        "parameters": total,
        "parameters_stored": held_numbers,
        "parameters_unaccounted": abs(total - held_numbers),
        "tokens_without_row": max(0, tokenizer_size(folder / TOKENIZER) - rows),
        "assumed_fields": len(assumed),
        "dtypes": " ".join(sorted({held.stored.dtype for held in stored.values()})),
        "notes": [f"{name}: missing, or of another shape" for name in unmatched[:5]]
        + [f"{name}: not the source's type, shape or bytes" for name in altered[:5]]
        + [f"{name}: not called for" for name in surplus[:5]]
        + [f"{name}: in the source only" for name in dropped[:5]]
        + [f"config.json does not say {name}" for name in assumed]
        + ([] if declared.engine == OURS else [f"what is called for is the table of {declared.engine}"]),
    }


def _called_for(folder: Path) -> Mapping[str, tuple[int, ...]]:
    """Name and shape of every parameter that transformers gives a model of this config."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    except Exception as error:  # the library raises many kinds
        raise DamagedArtifact(
            f"transformers builds no model of the config: {error}", at=folder / CONFIG
        ) from error
    return {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}


def _source_tensors(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """What the source had, without what says nothing new: a second copy of a tied head, rotations."""
    path = folder / INVENTORY
    document = read_json(path)
    try:
        return {
            entry["name"]: {fact: entry[fact] for fact in _FACTS}
            for entry in document["tensors"]
            if not entry["redundant"]
        }
    except (KeyError, TypeError) as error:
        raise DamagedArtifact("not an inventory", at=path, mend="import the checkpoint again") from error


def _facts(folder: Path, held: HeldTensor) -> Mapping[str, Any]:
    shape, digest = list(held.stored.shape), tensor_digest(folder, held)
    return {"dtype": held.stored.dtype, "shape": shape, "sha256": digest}
