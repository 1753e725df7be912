"""GGUF: the checkpoint as one file for llama.cpp, with its licence and origin inside."""

from __future__ import annotations

from specship.pipeline.gguf.elements import Dtype
from specship.pipeline.stage import Settings, Stage, Work


class GgufSettings(Settings):
    """What is written."""

    name: str
    """`general.name`."""
    dtype: Dtype
    """Element type of the matrices; rows that do not divide into its blocks are F16."""


STAGE = Stage(
    makes="gguf",
    lifecycle="export",
    needs=("checkpoint", "corpus"),
    settings={"gguf": GgufSettings},
    packages=("gguf", "numpy"),
)


def run(work: Work) -> None:
    """Export.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
    """
    from specship.pipeline.publication.gguf_artifact import write_gguf_artifact

    settings: GgufSettings = work.settings["gguf"]
    write_gguf_artifact(work, "model.gguf", name=settings.name, dtype=settings.dtype)
