"""GGUF: the checkpoint as one file for llama.cpp, with its licence and origin inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.pipeline.export.converter_sources import converter_digest
from specship.pipeline.gguf.elements import Dtype
from specship.pipeline.stage import Settings, Stage, Work


class GgufSettings(Settings):
    """What is written."""

    name: str
    """`general.name`."""
    dtype: Dtype
    """Element type of the matrices; rows that do not divide into its blocks are F16."""
    converter: str | None = None
    """llama.cpp's `convert_hf_to_gguf.py`, for families that our writer does not know; its folder counts."""


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the converter and of what lies beside it; of nothing, where none is named or there."""
    named = settings["gguf"].get("converter")
    return "" if named is None else converter_digest(project / str(named))


STAGE = Stage(
    makes="gguf",
    lifecycle="export",
    needs=("checkpoint", "corpus"),
    settings={"gguf": GgufSettings},
    outside=_outside,
    packages=("gguf", "numpy"),
)


def run(work: Work) -> None:
    """Export.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
    """
    from specship.pipeline.publication.gguf_artifact import write_gguf_artifact

    settings: GgufSettings = work.settings["gguf"]
    write_gguf_artifact(
        work, "model.gguf", name=settings.name, dtype=settings.dtype, converter=settings.converter
    )
