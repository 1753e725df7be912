"""Quantized: the checkpoint as a GGUF file of few bits a number, which is what most people run."""

from __future__ import annotations

from typing import Literal

from specship.pipeline.stage import Settings, Stage, Work


class QuantizedSettings(Settings):
    """What is written."""

    name: str
    """`general.name`."""
    dtype: Literal["Q8_0", "Q4_0"]
    """Element type of the matrices; rows that do not divide into its blocks are F16."""


STAGE = Stage(
    makes="quantized",
    lifecycle="export",
    needs=("checkpoint", "corpus"),
    settings={"quantized": QuantizedSettings},
    packages=("gguf", "numpy"),
)


def run(work: Work) -> None:
    """Export.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
    """
    from specship.pipeline.publication.gguf_artifact import write_gguf_artifact

    settings: QuantizedSettings = work.settings["quantized"]
    write_gguf_artifact(work, "quantized.gguf", name=settings.name, dtype=settings.dtype)
