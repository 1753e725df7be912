"""What a `config.json` declares, read as its own family reads it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.discovery import Folder
from specship.errors import UnknownName
from specship.pipeline.model.config_reading import ConfigReader, shown
from specship.pipeline.model.decoder_shape import DecoderShape, TensorTable
from specship.pipeline.model.family import Family

FAMILIES: Final = Folder("specship.pipeline.model.families")
_DTYPES: Final = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredModel:
    """What a `config.json` says, and what it leaves open."""

    model_type: str
    family: Family
    shape: DecoderShape
    dtype: str | None
    """Element type of the weights as safetensors writes it; None when the file names none of ours."""
    assumed: Mapping[str, Any]
    """Fields that were not there, with the default that was taken."""
    unread: tuple[str, ...]
    """Fields that were there and have no effect here."""

    def tensors(self) -> TensorTable:
        """Name and shape of every tensor that belongs to it."""
        return self.family.tensors(self.shape)


@functools.cache
def all_families() -> Mapping[str, Family]:
    """Every family by its `model_type`."""
    return FAMILIES.members("FAMILY")


def read_model(path: Path) -> DeclaredModel:
    """Read a `config.json` as its own family does.

    Raises:
        UnknownName: no family is called so.
        UnusableInput: another architecture, or a feature that the decoder does not have.
        DamagedArtifact: missing, unreadable, or a field that is missing or impossible.
    """
    config = ConfigReader(path)
    model_type = config.get("model_type")
    family = all_families().get(model_type) if isinstance(model_type, str) else None
    if family is None:
        _refuse_family(path, model_type, parts=config.get("text_config") is not None)
    config.only(
        "architectures",
        ([family.architecture], None),
        f"a checkpoint of the family {model_type!r} that writes text is a {family.architecture}",
        "use the checkpoint of the language model itself",
    )
    shape = family.read(config)
    return DeclaredModel(
        model_type=str(model_type),
        family=family,
        shape=shape,
        dtype=_DTYPES.get(str(config.get("dtype") or config.get("torch_dtype"))),
        assumed=dict(config.assumed),
        unread=config.unread(),
    )


def _refuse_family(path: Path, model_type: Any, *, parts: bool) -> NoReturn:
    known = sorted(all_families())
    experts = isinstance(model_type, str) and ("moe" in model_type.lower() or model_type == "mixtral")
    reason = " (a mixture of experts)" if experts else " (text and other parts)" if parts else ""
    raise UnknownName(
        f"model_type is {shown(model_type)}{reason}",
        at=path,
        why=f"families that are known: {', '.join(known)}; guessing would load something else",
        mend="use a checkpoint of one of these families",
    )
