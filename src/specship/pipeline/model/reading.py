"""What a `config.json` declares, read as its own family reads it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.discovery import Folder
from specship.errors import UnknownName
from specship.pipeline.model.config_reading import ConfigReader, shown
from specship.pipeline.model.decoder_shape import EMBEDDING, HEAD, DecoderShape, TensorTable, TextShape
from specship.pipeline.model.family import Family

FAMILIES: Final = Folder("specship.pipeline.model.families")
_SEPARATORS: Final = re.compile(r"[-_. ]")
_SENSES: Final = ("vision_config", "audio_config", "text_config", "speech_config")
"""Parts of a configuration that only models of pictures or sounds have."""
_MULTIMODAL: Final = re.compile(r"(^|[_-])(vl|omni|vision|audio)|llava|multimodal")
_ROTATIONS: Final = r"model\.layers\.[0-9]{1,3}\.self_attn\.rotary_emb\.inv_freq"
"""Older writers stored these; they follow from the configuration."""
_DTYPES: Final = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


OURS: Final = "specship"
"""The engine of the families that stand in the folder `families`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredModel:
    """What a `config.json` says, and what it leaves open."""

    model_type: str
    architecture: str
    """Name of the class that its files carry."""
    engine: str = OURS
    """What computes it: our own decoder, or a library and its version."""
    shape: TextShape
    table: TensorTable
    tied: Mapping[str, str]
    """Tensors that are other ones, and which: a head that is the embedding."""
    redundant: tuple[str, ...] = ()
    """Regular expressions of tensors that older writers stored and no reader takes."""
    body: str = ""
    """What stands in front of all names but the head's, where writers may leave it out."""
    dtype: str | None
    """Element type of the weights as safetensors writes it; None when the file names none of ours."""
    assumed: Mapping[str, Any]
    """Fields that were not there, with the default that was taken."""
    unread: tuple[str, ...]
    """Fields that were there and have no effect here."""

    def tensors(self) -> TensorTable:
        """Name and shape of every tensor that belongs to it; a tied one is stored once."""
        return self.table


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel(DeclaredModel):
    """One of a family that is computed here."""

    shape: DecoderShape


@functools.cache
def all_families() -> Mapping[str, Family]:
    """Every family by its `model_type`."""
    return FAMILIES.members("FAMILY")


def read_model(path: Path, values: Mapping[str, Any] | None = None) -> KnownModel:
    """Read a `config.json` as its own family does; `values` is its object where it is not written yet.

    Raises:
        UnknownName: no family is called so.
        UnusableInput: another architecture, or a feature that the decoder does not have.
        DamagedArtifact: missing, unreadable, or a field that is missing or impossible.
    """
    config = ConfigReader(path, values)
    model_type = config.get("model_type")
    family = all_families().get(model_type) if isinstance(model_type, str) else None
    if family is None:
        _refuse_family(config, model_type)
    config.only(
        "architectures",
        ([family.architecture], [], None),
        f"a checkpoint of the family {model_type!r} that writes text is a {family.architecture}",
        "use the checkpoint of the language model itself",
    )
    shape = family.read(config)
    return KnownModel(
        model_type=str(model_type),
        architecture=family.architecture,
        shape=shape,
        table=family.tensors(shape),
        tied={HEAD: EMBEDDING} if shape.tied else {},
        redundant=(_ROTATIONS,),
        dtype=declared_dtype(config),
        assumed=dict(config.assumed),
        unread=config.unread(),
    )


def declared_dtype(config: ConfigReader) -> str | None:
    """Element type that a configuration names, as safetensors writes it; None where it names none of ours."""
    return _DTYPES.get(str(config.get("dtype") or config.get("torch_dtype")))


def _refuse_family(config: ConfigReader, model_type: Any) -> NoReturn:
    known = sorted(all_families())
    said = str(model_type)
    meant = misspelled_family(said)
    kind = "" if meant else no_decoder(config, said) or _experts(said)
    raise UnknownName(
        f"model_type is {shown(model_type)}{kind and f' ({kind})'}",
        at=config.path,
        why=f"families that are known: {', '.join(known)}; guessing would load something else",
        mend=f"write {meant!r}" if meant else "use a checkpoint of one of these families",
    )


def misspelled_family(model_type: str) -> str | None:
    """The family that is meant by another spelling of its name: `Llama`, `qwen-2`."""
    return next((name for name in all_families() if _SEPARATORS.sub("", model_type.lower()) == name), None)


def no_decoder(config: ConfigReader, model_type: str) -> str:
    """What else than a decoder of text it is, in words; empty where nothing says so."""
    if any(config.get(key) is not None for key in _SENSES) or _MULTIMODAL.search(model_type.lower()):
        return "a model that reads more than text"
    return "an encoder and a decoder" if config.get("is_encoder_decoder") is True else ""


def _experts(model_type: str) -> str:
    return "a mixture of experts" if "moe" in model_type.lower() or model_type == "mixtral" else ""
