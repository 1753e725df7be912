"""GGUF: the checkpoint as one file for llama.cpp, with the licence and source of its data inside."""

from __future__ import annotations

from specship.pipeline.corpus_manifest import read_manifest
from specship.pipeline.data_licences import licence_expression, licences_of
from specship.pipeline.gguf_elements import Dtype
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
    from specship.pipeline.gguf_writer import export_gguf

    settings: GgufSettings = work.settings["gguf"]
    corpus = work.inputs["corpus"]
    written = export_gguf(
        work.inputs["checkpoint"],
        work.output / "model.gguf",
        dtype=settings.dtype,
        name=settings.name,
        licence=licence_expression(licences_of(corpus)),
        sources=[read_manifest(corpus).source.label],
    )
    work.report(1, 1, "files", tensors=len(written.tensors))
