"""A model of a family that is not computed here, as the class of `transformers` for it describes it.

Its names and shapes are those under which that class saves a model, so that a tensor too many, too few or of
another shape is found as for any other family. The class is that of `transformers`, whatever code the folder
brings: `auto_map` is said, and not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.bounds import GGUF_BLOCKS
from specship.errors import DamagedArtifact, UnknownName, UnusableInput
from specship.pipeline.model.config_reading import ConfigReader, shown
from specship.pipeline.model.decoder_config import has_other_forms, refuse_quantized
from specship.pipeline.model.decoder_shape import TextShape
from specship.pipeline.model.reading import (
    DeclaredModel,
    all_families,
    declared_dtype,
    misspelled_family,
    no_decoder,
    read_model,
)
from specship.pipeline.model.transformers_process import TransformersProcess

_UNKNOWN: Final = ("does not recognize this architecture", "trust_remote_code")
"""What transformers says of a family that it has no class for: without code, and with code in the folder."""
_SECONDS: Final = 180.0
_MOST_MODULES: Final = 4096
_COUNTED: Final = re.compile(r"layers?$|_layers?_|blocks?$|experts$")
"""Fields whose number says how many parts a model is built of."""
LONGEST: Final = 1 << 20
"""Positions of a family that has no longest text."""
SIZES: Final = {
    "hidden": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads"),
    "context": ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length"),
}
"""Where families keep a size, the usual name first."""


def read_any_model(path: Path, process: TransformersProcess | None = None) -> DeclaredModel:
    """Read a `config.json` of a family of ours, or of one that the installed transformers has a class for.

    A process that is there already is asked; else one is started, and ended.

    Raises:
        UnknownName: no family is called so.
        UnusableInput: it writes no text from text alone, or transformers refuses it.
        DamagedArtifact: missing, unreadable, or a field that is missing or impossible.
        RequirementMissing: transformers is not installed.
        StageFailed: the process of transformers crashed or did not end.
    """
    config = ConfigReader(path)
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or no_decoder(config, model_type) or is_computed_here(path):
        return read_model(path)
    refuse_quantized(config)
    _refuse_sizes(config)
    asked = process or TransformersProcess(path.parent)
    try:
        told = asked.say("describe", folder=str(path.parent), names=SIZES, seconds=_SECONDS)
    except UnusableInput as refusal:
        raise _unknown(config, model_type, refusal) from refusal
    finally:
        if process is None:
            asked.close()
    if told["encodes"]:
        config.only("is_encoder_decoder", (False,), "its class reads with an encoder", "give a decoder alone")
    config.only(
        "architectures",
        ([told["architecture"]], [], None),
        f"a checkpoint of the family {model_type!r} that writes text is a {told['architecture']}",
        "use the checkpoint of the language model itself",
    )
    return _declared(config, model_type, told)


def is_computed_here(path: Path) -> bool:
    """Whether a `config.json` is of a family of ours, in a form that our decoder computes, or nobody.

    A rotation, an activation or a window that our decoder does not have, transformers has.

    Raises:
        DamagedArtifact: it is missing or cannot be read.
    """
    config = ConfigReader(path)
    model_type = config.get("model_type")
    if not isinstance(model_type, str):
        return True
    if model_type not in all_families() and misspelled_family(model_type) is None:
        return False
    if not has_other_forms(config):
        return True
    try:
        read_model(path)
    except DamagedArtifact:
        return True
    except UnusableInput:
        return False
    return True


def _declared(config: ConfigReader, model_type: str, told: Mapping[str, Any]) -> DeclaredModel:
    vocabulary = int(told["vocabulary"])
    sizes = {name: size or 0 for name, size in told["sizes"].items()}
    if not sizes["context"]:
        config.assumed["max_position_embeddings"] = LONGEST
    return DeclaredModel(
        model_type=model_type,
        architecture=str(told["architecture"]),
        engine=f"transformers {told['version']}",
        shape=TextShape(
            family=model_type,
            vocabulary=vocabulary,
            hidden=sizes["hidden"],
            layers=sizes["layers"],
            heads=sizes["heads"],
            context=sizes["context"] or LONGEST,
            tied=bool(told["tied"]),
            bos_id=_id(config, "bos_token_id", told["ids"]["bos"], vocabulary),
            eos_ids=_ids(config, "eos_token_id", told["ids"]["eos"], vocabulary),
            pad_id=_id(config, "pad_token_id", told["ids"]["pad"], vocabulary),
        ),
        table={name: tuple(shape) for name, shape in told["table"].items()},
        tied=told["tied"],
        redundant=tuple(told["redundant"]),
        body=str(told["body"]),
        dtype=declared_dtype(config),
        assumed=dict(config.assumed),
        unread=("auto_map",) if config.get("auto_map") is not None else (),
    )


def _id(config: ConfigReader, key: str, default: Any, vocabulary: int) -> int | None:
    """An id of the file, which must have a row; else that of the class, where it has one."""
    if config.get(key) is not None:
        return config.token_id(key, vocabulary, none=-vocabulary)
    return default if type(default) is int and 0 <= default < vocabulary else None


def _ids(config: ConfigReader, key: str, default: Any, vocabulary: int) -> tuple[int, ...]:
    if config.get(key) is not None:
        return config.token_ids(key, vocabulary)
    listed = default if isinstance(default, list) else [default]
    return tuple(one for one in listed if type(one) is int and 0 <= one < vocabulary)


def _refuse_sizes(config: ConfigReader) -> None:
    """Refuse what would take hours to be built: a layer is many objects, whatever memory is spared."""
    for key, value in _numbers(config.values()):
        most = GGUF_BLOCKS if "layer" in key or "block" in key else _MOST_MODULES
        if _COUNTED.search(key) and value > most:
            config.broken(f"{key} is {shown(value)}; at most {most} are built")


def _numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _numbers(value)
        elif type(value) is int:
            yield key, value


def _unknown(config: ConfigReader, model_type: str, refusal: UnusableInput) -> UnusableInput:
    if any(said in refusal.message for said in _UNKNOWN):
        code = "; its own code (auto_map) is never run" if config.get("auto_map") is not None else ""
        return UnknownName(
            f"model_type is {shown(model_type)}",
            at=config.path,
            why=f"neither specship nor the installed transformers knows this family{code}",
            mend="a newer transformers may: pip install -U transformers; else export it to GGUF with its "
            "maker's converter, and judge that: specship qa FILE.gguf",
        )
    return UnusableInput(refusal.message, at=config.path, why=refusal.why, mend=refusal.mend)
