"""The architecture of a checkpoint: as declared, and as its stored tensors add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.model.decoder_shape import elements
from specship.pipeline.model.reading import read_model
from specship.pipeline.training.architecture import (
    REQUIRED_FIELDS,
    config_fields,
    parameter_count,
    tensor_shapes,
)
from specship.pipeline.training.initialisation import INITIAL, continued_config
from specship.pipeline.training.run_reading import RunRecord, read_run
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_NOT_DECLARED: Final = {"bos_token_id", "eos_token_id"}


@probe(
    "checkpoint.architecture",
    checked="tensors",
    tensors="tensors",
    hidden_size="dimensions",
    layers="layers",
    heads="heads",
    kv_heads="heads",
    intermediate_size="dimensions",
    vocabulary="tokens",
    tied="text",
    parameters_from_config="parameters",
    parameters_stored="parameters",
    parameters_unaccounted="parameters",
    wrong_tensors="tensors",
    undeclared_fields="fields",
    dtypes="text",
)
def checkpoint_architecture(checkpoint: Artifact, run: Artifact) -> Figures:
    """Config against settings, and stored tensors against the config: names, shapes, parameters.

    A tied embedding counts once in both, so a second copy of it in the file shows as
    `parameters_unaccounted`. `wrong_tensors` are missing, unknown or of another shape;
    `undeclared_fields` are those of `config.json` that differ from the run's settings.

    Raises:
        DamagedArtifact: the config lacks an architecture field, or a file cannot be read.
    """
    record = read_run(run.path)
    initialised = record.initialisation is not None
    declared = _declared(run, record)
    config = _config(checkpoint, [name for name in REQUIRED_FIELDS if name in declared])
    stored = {
        tensor.name: tensor
        for path in sorted(checkpoint.path.glob("*.safetensors"))
        for tensor in read_safetensors_header(path).values()
    }
    expected = read_model(checkpoint.path / "config.json").tensors() if initialised else tensor_shapes(config)
    wrong = sorted(stored.keys() ^ expected.keys()) + sorted(
        name for name in stored.keys() & expected.keys() if tuple(stored[name].shape) != expected[name]
    )
    other = sorted(
        name
        for name in REQUIRED_FIELDS
        if name in declared and name not in _NOT_DECLARED and config[name] != declared[name]
    )
    own = elements(expected) if initialised else parameter_count(config)
    held = sum(math.prod(tensor.shape) for tensor in stored.values())
    return {
        "tensors": len(stored),
        "hidden_size": config["hidden_size"],
        "layers": config["num_hidden_layers"],
        "heads": config["num_attention_heads"],
        "kv_heads": config["num_key_value_heads"],
        "intermediate_size": config["intermediate_size"],
        "vocabulary": config["vocab_size"],
        "tied": config["tie_word_embeddings"],
        "parameters_from_config": own,
        "parameters_stored": held,
        "parameters_unaccounted": abs(own - held),
        "wrong_tensors": len(wrong),
        "undeclared_fields": len(other),
        "dtypes": " ".join(sorted({tensor.dtype for tensor in stored.values()})),
        "notes": [f"tensor {name}" for name in wrong[:5]]
        + [f"config.json: {name} is {config[name]!r}, declared {declared[name]!r}" for name in other[:5]],
    }


def _declared(run: Artifact, record: RunRecord) -> dict[str, Any]:
    """`config.json` as the run's settings describe it, or as its initial checkpoint does."""
    if record.config.model is None:
        return continued_config(run.path / INITIAL)
    # The separator is the tokenizer's, and is not declared.
    return config_fields(record.config.model, vocabulary=record.vocabulary, separator_id=0)


def _config(checkpoint: Artifact, required: Sequence[str]) -> dict[str, Any]:
    path = checkpoint.path / "config.json"
    config = read_json(path)
    if not isinstance(config, dict):
        raise DamagedArtifact("not a JSON object", at=path)
    if missing := [name for name in required if name not in config]:
        raise DamagedArtifact(
            f"the config lacks {', '.join(missing)}",
            at=path,
            why="a reader would have to guess the architecture",
            mend="make the checkpoint again",
        )
    config_object: dict[str, Any] = config
    return config_object
